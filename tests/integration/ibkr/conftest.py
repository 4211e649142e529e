"""A fake TWS and the source that reads it.

Needs little, so that the same tests run in the environment of the other client library.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from tests.integration.ibkr.tws import FakeTws

from quarterdeck_server.adapters.ibkr.source import IbkrSource
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.source_settings import IbkrSettings


@pytest.fixture
async def tws() -> AsyncIterator[FakeTws]:
    fake = FakeTws()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def settings(tws: FakeTws) -> IbkrSettings:
    return IbkrSettings(
        host="127.0.0.1",
        port=tws.port,
        client_id=7,
        probe_after=timedelta(seconds=0.2),
        outage_patience=timedelta(seconds=0.2),
    )


@pytest.fixture
def source(settings: IbkrSettings) -> IbkrSource:
    return IbkrSource(settings, SystemClock())


@pytest.fixture
def impatient(settings: IbkrSettings) -> IbkrSettings:
    """For tests in which nobody answers; in the others a busy machine must not look like that."""
    return settings.model_copy(update={"answer_timeout": timedelta(seconds=0.3)})
