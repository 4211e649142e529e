"""One running deck for all that is done to it, and the table of what was seen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.laboratory import Laboratory
from tests.faults.table import Table
from tests.system.deck import Deck, start, stop
from tests.system.folders import folders_of

HERE = Path(__file__).parent
SETTINGS = {
    "QUARTERDECK_MARKETDATA__HISTORY_QUEUE_ROWS": "50000",
    "QUARTERDECK_STREAM__CUT_BYTES": str(1 << 20),
    "QUARTERDECK_STREAM__OPENS_PER_MINUTE": "120",
}
"""Bounds that are reached soon."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests together in any order of the others, since they share a running deck."""
    mine = [item for item in items if item.path.is_relative_to(HERE)]
    if mine:
        place = items.index(mine[0])
        others = [item for item in items if item not in set(mine)]
        items[:] = [*others[:place], *mine, *others[place:]]


@pytest.fixture(scope="package")
def suite(request: pytest.FixtureRequest) -> Iterator[Deck]:
    """A deck as a user starts it, which survives every fault in turn."""
    with folders_of(request.session)() as folder:
        running = start(folder / "d", SETTINGS)
        yield running
        stop(running)


@pytest.fixture(scope="package")
def table() -> Iterator[Table]:
    """What was seen of each fault; written down at the end."""
    made = Table()
    yield made
    made.write()


@pytest.fixture(scope="package")
def laboratory(suite: Deck, table: Table) -> Laboratory:
    """Strikes each fault once, however many tests ask what happened then."""
    return Laboratory(suite, table)
