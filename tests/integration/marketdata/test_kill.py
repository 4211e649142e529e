"""The process dies without a word; the next one goes on."""

import asyncio
import os
import sys

import pytest
from tests.integration.marketdata.requests import until

from quarterdeck_server.kernel.time import NS

PROGRESS = """
SELECT event_time_ns, published_rows, state FROM marketdata.source WHERE name = 'sources/replay'"""
EPOCHS = """
SELECT epoch, min(event_time_ns) AS first, max(event_time_ns) AS last
FROM marketdata.quote GROUP BY epoch ORDER BY epoch"""
PACE_S = 0.5
# What is noted each second may be a second old, and a slow machine late.
REPEATED_DAYS = 10
DAY_NS = 86_400 * NS


@pytest.fixture
async def start(dsn):
    processes = []
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DATABASE_URL": dsn,
        "QUARTERDECK_MARKETDATA__REPLAY__AUTOSTART": "true",
        "QUARTERDECK_MARKETDATA__REPLAY__SECONDS_PER_DAY": str(PACE_S),
        "QUARTERDECK_MARKETDATA__REPLAY__QUOTES_PER_SECOND": "20",
    }
    command = (sys.executable, "-m", "quarterdeck_server.cli", "serve", "marketdata")

    async def started():
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=asyncio.subprocess.DEVNULL
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_after_kill_9_the_replay_goes_on_where_it_was(start, store):
    """Nothing is skipped; what is played again is at most what was not noted yet."""

    async def epochs():
        return await store.fetch(EPOCHS)

    first = await start()
    await until(
        lambda: store.fetchrow(PROGRESS), lambda row: row is not None and row["published_rows"] > 30
    )
    first.kill()
    await first.wait()
    await start()
    before, after = await until(epochs, lambda rows: len(rows) == 2)
    assert after["epoch"] > before["epoch"]
    assert before["last"] - REPEATED_DAYS * DAY_NS < after["first"]
    assert after["first"] <= before["last"] + 4 * DAY_NS
