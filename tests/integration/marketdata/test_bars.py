"""Bars of any interval: the rollups are what all ticks give, and only complete bars are told."""

import itertools
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from tests.unit.marketdata.batches import instrument

from quarterdeck_server.marketdata.domain.columns import Bars, Quotes, Trades
from quarterdeck_server.marketdata.domain.rollup import LENGTHS_S, BarOrigin
from quarterdeck_server.marketdata.ports import BarQuery, Sequenced
from quarterdeck_server.marketdata.store import rollup
from quarterdeck_server.marketdata.store.history import PostgresHistoryStore

NAME = "AAPL.XNAS"
APPLE = instrument(price_increment=Decimal("0.01"), size_precision=1)
NS = 10**9
DAY = 86_400
START = 19_700 * DAY
"""The first second of a day."""
EVER = 2**62


@pytest.fixture
def history(store):
    """History whose bars settle at once: nothing more is expected to come."""
    return PostgresHistoryStore(store, len, settle=timedelta(seconds=-1))


@pytest.fixture
def growing(store):
    """History to which more may come any time."""
    return PostgresHistoryStore(store, len, settle=timedelta(days=1))


_numbers = itertools.count(1)


def trades(seconds, prices, name=NAME, size=10):
    rows = len(seconds)
    times = np.array([round((START + second) * NS) for second in seconds])
    sizes, sides = np.full(rows, size), np.zeros(rows, dtype=np.int64)
    batch = Trades(name, 2, 1, times, np.array(prices), sizes, sides)
    return Sequenced(batch, 1, next(_numbers) * 1_000, 1_800_000_000 * NS)


def quotes(seconds, bids):
    times = np.array([round((START + second) * NS) for second in seconds])
    bids, ones = np.array(bids), np.ones(len(bids), dtype=np.int64)
    batch = Quotes(NAME, 2, 1, times, bids, bids + 1, ones, ones)
    return Sequenced(batch, 1, next(_numbers) * 1_000, 1_800_000_000 * NS)


def bars(interval, seconds, closes):
    times = np.array([round((START + second) * NS) for second in seconds])
    close = np.array(closes, dtype=np.float64)
    columns = (close - 0.5, close + 1, close - 1, close, np.ones(len(close)))
    return Bars(NAME, interval, times, *columns)


async def read(history, interval, start=0, end=EVER, **values):
    query = {"limit": 1_000} | values
    start_ns, end_ns = (START + start) * NS if start else 0, end if end == EVER else end * NS
    return await history.bars(BarQuery(NAME, interval, start_ns, end_ns, **query), APPLE)


def closes(page):
    columns = page.bars.close_time_ns.tolist(), page.bars.close.tolist()
    return [(time // NS - START, close) for time, close in zip(*columns, strict=True)]


def recomputed(items, seconds):
    """The bars of a length as a reader of every tick would make them."""
    ticks = sorted(
        (int(time), item.epoch, item.first_sequence + row, float(price), float(size))
        for item in items
        for row, (time, price, size) in enumerate(
            zip(item.batch.times, item.batch.price, item.batch.size, strict=True)
        )
    )
    length = seconds * NS
    for bucket, group in itertools.groupby(ticks, key=lambda tick: tick[0] // length):
        of = list(group)
        prices = [tick[3] for tick in of]
        first, last = of[0], of[-1]
        volume = sum(tick[4] for tick in of)
        candle = (prices[0], max(prices), min(prices), prices[-1], volume)
        yield ((bucket + 1) * length, *candle, *first[:3], *last[:3])


@pytest.mark.parametrize("seed", range(2))
async def test_rollups_are_what_all_ticks_give_however_they_come(history, store, seed):
    """Late rows, equal times, batches that repeat after an unknown outcome: nothing is off."""
    random = np.random.default_rng(seed)
    items = []
    for _ in range(30):
        rows = int(random.integers(1, 40))
        seconds = random.integers(0, 3 * DAY, rows) // random.choice([1, 600])
        items.append(trades(seconds.tolist(), random.integers(1, 9_999, rows).tolist()))
    for place in range(0, 30, 5):
        part = items[place : place + 5]
        await history.write(part[:2], [], again=False)
        await history.write(part, [], again=True)
        await history.write(part[3:], [], again=True)
    for seconds in LENGTHS_S:
        rows = await store.fetch(
            """SELECT close_time_ns, open, high, low, close, volume, first_time_ns, first_epoch,
                 first_sequence, last_time_ns, last_epoch, last_sequence
               FROM marketdata.rollup WHERE seconds = $1 ORDER BY close_time_ns""",
            seconds,
        )
        assert [tuple(row) for row in rows] == list(recomputed(items, seconds))


async def test_bars_of_trades_have_the_scale_of_the_instrument(history):
    await history.write([trades([1, 30, 59, 60], [100, 150, 90, 120])], [], again=False)
    found = (await read(history, "1m")).bars
    columns = (found.open, found.high, found.low, found.close, found.volume)
    assert [tuple(float(c[n]) for c in columns) for n in range(2)] == [
        (1.0, 1.5, 0.9, 0.9, 3.0),
        (1.2, 1.2, 1.2, 1.2, 1.0),
    ]


async def test_bars_close_at_multiples_of_their_length(history):
    seconds, prices = [1, 5, 60, 3_601, 2 * DAY - 1], [100, 200, 300, 400, 500]
    await history.write([trades(seconds, prices)], [], again=False)
    expected = {
        "5s": [(5, 1.0), (10, 2.0), (65, 3.0)],
        "90s": [(90, 3.0), (3_690, 4.0)],
        "1m": [(60, 2.0), (120, 3.0), (3_660, 4.0)],
        "2h": [(7_200, 4.0), (2 * DAY, 5.0)],
        "1d": [(DAY, 4.0), (2 * DAY, 5.0)],
    }
    for interval, bars_ in expected.items():
        assert closes(await read(history, interval))[: len(bars_)] == bars_


async def test_the_best_origin_there_is_answers_and_one_can_be_asked_for(history):
    await history.write([quotes([1, 61], [100, 100])], [], again=False)
    found = await read(history, "1m")
    assert (found.origin, found.bars.close[0]) == (BarOrigin.QUOTES, 1.005)
    await history.write([trades([1, 61], [300, 300])], [], again=False)
    assert (await read(history, "1m")).origin is BarOrigin.TRADES
    await history.write_bars([bars("20s", [20, 40, 60], [7, 8, 9])])
    assert (await read(history, "1m")).origin is BarOrigin.SMALLER_BARS
    await history.write_bars([bars("60s", [60], [5])])
    found = await read(history, "1m")
    assert (found.origin, closes(found)) == (BarOrigin.RECORDED, [(60, 5)])
    assert (await read(history, "1m", origin=BarOrigin.QUOTES)).bars.close[0] == 1.005
    assert (await read(history, "7m", origin=BarOrigin.RECORDED)).origin is None


async def test_smaller_bars_join_to_larger_ones(history):
    await history.write_bars([bars("1h", [3_600, 7_200, 10_800, 14_400], [5, 8, 3, 4])])
    found = (await read(history, "2h")).bars
    columns = (found.open, found.high, found.low, found.close, found.volume)
    rows = [tuple(float(column[n]) for column in columns) for n in range(2)]
    assert rows == [(4.5, 9.0, 4.0, 8.0, 2.0), (2.5, 5.0, 2.0, 4.0, 2.0)]


async def test_a_bar_that_may_still_grow_is_left_out(growing, history):
    await growing.write([trades([1, 3_601, 7_201], [100, 200, 300])], [], again=False)
    for interval in ("5s", "1m", "1h"):
        known = closes(await read(growing, interval, limit=9_000))
        assert [close for _, close in known] == [1.0, 2.0]
        settled = closes(await read(history, interval, limit=9_000))
        assert [close for _, close in settled] == [1.0, 2.0, 3.0]


async def pages(history, interval, **query):
    """Read page after page, and put them in the order of time."""
    found, position = [], None
    while True:
        page = await read(history, interval, limit=3, position=position, **query)
        older = query["newest_first"]
        found = [*closes(page), *found] if older else [*found, *closes(page)]
        position = page.end
        if position is None:
            return found


async def test_pages_of_made_bars_follow_each_other(history):
    random = np.random.default_rng(7)
    seconds = np.sort(random.integers(0, 5_000, 40)).tolist() + [20_000 * n for n in range(1, 20)]
    await history.write([trades(seconds, range(1, len(seconds) + 1))], [], again=False)
    part = {"start": 900, "end": START + 390_000}
    for interval in ("10m", "2h"):
        whole = closes(await read(history, interval, **part))
        assert len(whole) > 6
        for newest_first in (False, True):
            assert await pages(history, interval, newest_first=newest_first, **part) == whole
    part = {"start": 900, "end": START + 5_000}
    whole = closes(await read(history, "10s", **part))
    assert await pages(history, "10s", newest_first=False, **part) == whole
    assert await pages(history, "10s", newest_first=True, **part) == whole


async def test_a_year_of_hours_is_read_from_the_index(history, store):
    await store.execute(
        """INSERT INTO marketdata.rollup SELECT 9, 3, seconds, n * seconds * 1000000000::bigint,
             1, 1, 1, 1, 1, 1, 1, 1, n * seconds * 1000000000::bigint, 1, 1
           FROM (VALUES (60), (3600), (86400)) length (seconds),
             generate_series(1, 30 * 86400 / seconds) n"""
    )
    plan = await store.fetch(
        """EXPLAIN SELECT * FROM marketdata.rollup
           WHERE instrument_id = 9 AND origin = 3 AND seconds = 3600
             AND close_time_ns > $1 AND close_time_ns <= $2 ORDER BY close_time_ns LIMIT 100""",
        0,
        EVER,
    )
    assert "Index Scan using rollup_pkey" in "\n".join(row[0] for row in plan)
    assert len((await read(history, "1h")).bars) == 30 * 24


async def test_only_minutes_that_did_not_change_for_long_are_dropped(history, store, monkeypatch):
    monkeypatch.setattr(rollup, "ROWS_A_DELETION", 2)
    await history.write([trades([1, 61, 121, 181], [100, 200, 300, 400])], [], again=False)
    await store.execute(
        "UPDATE marketdata.rollup SET change_time = now() - interval '9 days' WHERE open < 400"
    )
    await rollup.drop_old_rollups(store, timedelta(days=8))
    rows = await store.fetch("SELECT seconds, open FROM marketdata.rollup ORDER BY 1")
    assert [tuple(row) for row in rows] == [(60, 400), (3_600, 100), (86_400, 100)]
