"""One running deck for all that is done to it, and the table of what was seen."""

from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
from tests.faults.laboratory import Laboratory
from tests.faults.server import Server
from tests.faults.table import Table
from tests.house import close_after, keep_together, shared_suite, stack_of
from tests.system.deck import Deck

from quarterdeck import AsyncClient

HERE = Path(__file__).parent
SETTINGS = {
    "QUARTERDECK_MARKETDATA__HISTORY_QUEUE_ROWS": "50000",
    "QUARTERDECK_STREAM__CUT_BYTES": str(1 << 20),
    "QUARTERDECK_STREAM__OPENS_PER_MINUTE": "120",
}
"""Bounds that are reached soon."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests together in any order of the others, since they share a running deck.

    Outages first: others empty the bus, where the node's memory lies, before it could be killed.
    """
    keep_together(items, HERE, lambda item: item.path.name != "test_outages.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Stop the deck after the last of these tests."""
    yield
    close_after(item, nextitem, HERE)


@pytest.fixture
async def client(server: Server) -> AsyncIterator[AsyncClient]:
    """The administrator of a server that a test has of its own."""
    async with server.client() as opened:
        yield opened


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest) -> Deck:
    """A deck as a user starts it, which survives every fault in turn."""
    return shared_suite(request.session, HERE, SETTINGS)


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> Table:
    """What was seen of each fault; written down at the end."""
    made = Table()
    stack_of(request.config, HERE).callback(made.write)
    return made


@pytest.fixture(scope="session")
def laboratory(suite: Deck, table: Table) -> Laboratory:
    """Strikes each fault once, however many tests ask what happened then."""
    return Laboratory(suite, table)
