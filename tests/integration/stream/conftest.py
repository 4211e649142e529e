"""The stream area with a bus in the process."""

from collections.abc import AsyncIterator

import pytest
from tests.integration.stream.served import Served, served

from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.settings import Settings


@pytest.fixture
async def deck() -> AsyncIterator[Served]:
    """A served stream area."""
    async with served(LocalBus(), Settings()) as opened:
        yield opened
