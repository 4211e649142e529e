"""The stream area with a bus in the process."""

from collections.abc import AsyncIterator

import pytest
from tests.integration.stream.served import Served, served

from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.settings import Settings


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at each second is looked at before a test would notice."""
    monkeypatch.setattr("quarterdeck_server.stream.jobs.HOUSEKEEPING_S", 0.05)


@pytest.fixture
async def deck() -> AsyncIterator[Served]:
    """A served stream area."""
    async with served(LocalBus(), Settings()) as opened:
        yield opened
