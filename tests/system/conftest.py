"""One whole suite for these tests, from its first start until it is killed and started again."""

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.house import close_after, keep_together, shared_suite
from tests.system.deck import Deck
from tests.vendors import environment_at

HERE = Path(__file__).parent
LAST = ("test_edge", "test_supervisor")
"""What stops the prices that a browser sees move comes later, and what ends the suite last."""
DAYS_PASS = "test_the_analytics_show"
"""Waits for days to be over; some are when it follows what else is seen in a browser."""


def order(item: pytest.Item) -> tuple[int, bool]:
    """Tell when in the suite's life a test comes."""
    module = item.path.stem
    return LAST.index(module) + 1 if module in LAST else 0, item.name.startswith(DAYS_PASS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests together in any order of the others."""
    keep_together(items, HERE, order)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Stop the suite after the last of these tests."""
    yield
    close_after(item, nextitem, HERE)


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest, vendor_url: str) -> Deck:
    """A suite with two stream workers: a call may reach the one that does not have the stream."""
    settings = {"QUARTERDECK_STREAM__WORKERS": "2", **environment_at(vendor_url)}
    return shared_suite(request.session, HERE, settings)
