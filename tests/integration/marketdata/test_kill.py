"""The process dies without a word; the next one goes on."""

import asyncio
import os
import sys

import orjson
import pytest
from tests.instruments import share
from tests.integration.marketdata.requests import until
from tests.vendors import Answer, Request, Vendor, vendor

from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.mapping.instrument import instrument_from
from quarterdeck_server.marketdata.store.instrument import PostgresInstrumentStore

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

    async def started(**more: str):
        process = await asyncio.create_subprocess_exec(
            *command, env=environment | more, stdout=asyncio.subprocess.DEVNULL
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


ROW = {f"{n}. {word}": "1" for n, word in enumerate(("open", "high", "low", "close", "volume"), 1)}
LEFT = """
INSERT INTO jobs.job (kind, subject, owner, state, runner, request)
VALUES ('backfill', 'sources/alphavantage', 'ada', 'PENDING', gen_random_uuid(), $1)"""
STATE = "SELECT state FROM jobs.job WHERE kind = 'backfill'"
BARS = "SELECT count(*) FROM marketdata.bar WHERE bar_interval = '1h'"
WISH = {
    "bars": {
        "instruments": ["IBM.XNYS"],
        "interval": "1h",
        "start_ns": 1_704_067_200 * NS,
        "end_ns": 1_711_929_600 * NS,
    }
}


def months(shop: Vendor) -> list[str]:
    return [request.query["month"] for request in shop.requests]


async def test_after_kill_9_a_backfill_goes_on_where_it_was(start, store):
    """The month that was being read is asked for again, and no other."""
    slow = {"2024-02": 60.0}

    def month(request: Request) -> Answer:
        name = request.query["month"]
        series = {"Meta Data": {}, "Time Series (60min)": {f"{name}-05 10:00:00": ROW}}
        return Answer(orjson.dumps(series), delay_s=slow.get(name, 0.0))

    async def asked() -> list[str]:
        return months(shop)

    async with vendor() as shop:
        shop.always("/query", month)
        prefix = "QUARTERDECK_MARKETDATA__ALPHAVANTAGE__"
        settings = {f"{prefix}API_KEY": "secret", f"{prefix}BASE_URL": shop.url}
        known = instrument_from(share("IBM.XNYS"))
        await PostgresInstrumentStore(store).put(known)
        await store.execute(LEFT, orjson.dumps(WISH).decode())
        first = await start(**settings)
        await until(asked, lambda found: found == ["2024-03", "2024-02"])
        first.kill()
        await first.wait()
        slow.clear()
        await start(**settings)
        await until(lambda: store.fetchval(STATE), lambda state: state == "SUCCEEDED")
    assert months(shop) == ["2024-03", "2024-02", "2024-02", "2024-01"]
    assert await store.fetchval(BARS) == 3
