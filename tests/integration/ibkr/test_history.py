"""Bars of the past from Interactive Brokers, read from a fake TWS."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from tests.integration.ibkr.reading import until

from quarterdeck_server.adapters.ibkr.finding import find
from quarterdeck_server.adapters.ibkr.session import connected
from quarterdeck_server.kernel.errors import Exhausted, Unavailable
from quarterdeck_server.marketdata.domain.backfill import BarRange
from quarterdeck_server.marketdata.domain.source import NotOffered

NS = 1_000_000_000
HOUR_NS = 3_600 * NS


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * NS


@pytest.fixture
async def apple(settings, source):
    async with connected(settings, 1, source._clock) as session:
        return (await find(session, "AAPL.XNAS", settings)).instrument


async def read(source, wanted, after=""):
    return [page async for page in source.bar_pages(wanted, after)]


def close_times(pages):
    return sorted(int(time_ns) for page in pages for time_ns in page.bars.close_time_ns)


async def test_pages_hold_each_bar_of_the_range_once(source, apple):
    start, end = at(2026, 2, 1), at(2026, 2, 4)
    pages = await read(source, BarRange(apple, "1m", start, end))
    assert close_times(pages) == list(range(start, end, 60 * NS))
    assert len(pages) > 2
    assert (pages[0].end_ns, pages[-1].start_ns, pages[-1].fraction) == (end, start, 1.0)
    joints = pairwise(pages)
    assert all(later.start_ns == earlier.end_ns for later, earlier in joints)


async def test_reading_goes_on_from_a_position(source, apple):
    wanted = BarRange(apple, "1m", at(2026, 2, 1), at(2026, 2, 4))
    pages = await read(source, wanted)
    again = await read(source, wanted, pages[0].position)
    assert close_times(again) == close_times(pages[1:])


async def test_reading_ends_where_the_vendor_begins(tws, source, apple):
    pages = await read(source, BarRange(apple, "1h", 0, at(2026, 1, 20)))
    assert close_times(pages)[0] == tws.history.first_s * NS + HOUR_NS
    assert pages[-1].start_ns == tws.history.first_s * NS


async def test_without_a_beginning_a_start_time_must_be_given(tws, source, apple):
    tws.history.tells_first_time = False
    with pytest.raises(NotOffered, match="ask from a start time"):
        await read(source, BarRange(apple, "1d", 0, at(2026, 2, 1)))
    assert await read(source, BarRange(apple, "1d", at(2026, 1, 20), at(2026, 2, 1)))


async def test_a_day_closes_as_recorded_days_do(source, apple):
    pages = await read(source, BarRange(apple, "1d", at(2026, 2, 1), at(2026, 2, 4)))
    assert close_times(pages) == [at(2026, 2, day, 21) for day in (1, 2, 3)]


async def test_the_pace_is_kept_and_shown(tws, source, apple):
    source._history.pacing._limit = 3
    wanted = BarRange(apple, "5s", at(2026, 2, 1), at(2026, 2, 2))
    pages = []
    with pytest.raises(Exhausted) as raised:
        pages += [page async for page in source.bar_pages(wanted, "")]
    assert 590 < raised.value.retry_after_s <= 600
    (quota,) = source.quotas()
    assert (quota.limit, quota.remaining, quota.window_s) == (3, 0, 600)
    assert quota.next_time_ns > source._clock.now_ns()
    assert len(tws.history.requests) == 2


async def test_a_pacing_violation_stops_reading_for_a_while(tws, source, apple):
    tws.history.allowed = 1
    with pytest.raises(Exhausted, match="pacing violation"):
        await read(source, BarRange(apple, "5s", at(2026, 2, 1), at(2026, 2, 2)))
    assert source.quotas()[0].remaining == 0


async def test_an_interval_that_is_not_offered_is_refused_before_anything_is_asked(source, apple):
    with pytest.raises(NotOffered, match="no bars of 7m"):
        source.check_bars(apple, "7m")
    source.check_bars(apple, "15m")


async def test_an_unknown_instrument_has_no_bars(tws, source, apple):
    tws.securities = ()
    with pytest.raises(NotOffered, match="not known to Interactive Brokers"):
        await read(source, BarRange(apple, "1d", 0, at(2026, 2, 1)))


async def test_a_lost_connection_is_made_again_for_the_next_page(tws, source, apple):
    wanted = BarRange(apple, "1m", at(2026, 2, 1), at(2026, 2, 4))
    pages = source.bar_pages(wanted, "")
    first = await anext(pages)
    session = source._history._session
    await tws.drop()
    await until(lambda: session.has_ended)
    rest = [page async for page in source.bar_pages(wanted, first.position)]
    await pages.aclose()
    assert close_times([first, *rest])[0] == at(2026, 2, 1)
    assert rest[-1].fraction == 1.0


async def test_two_backfills_share_one_connection(tws, source, apple):
    wanted = BarRange(apple, "1h", at(2026, 1, 10), at(2026, 1, 20))
    before = tws.connections
    both = await asyncio.gather(read(source, wanted), read(source, wanted))
    assert close_times(both[0]) == close_times(both[1])
    assert tws.connections == before + 1
    assert not tws.sessions or tws.sessions[0].client_id == 8


async def test_no_answer_is_unavailable(tws, source, apple, monkeypatch):
    wanted = BarRange(apple, "1h", at(2026, 1, 10), at(2026, 1, 20))
    pages = source.bar_pages(wanted, "")
    await anext(pages)
    tws.is_silent = True
    monkeypatch.setattr("quarterdeck_server.adapters.ibkr.history.ANSWER_S", 0.1)
    with pytest.raises(Unavailable, match="does not answer"):
        await read(source, BarRange(apple, "5m", at(2026, 1, 10), at(2026, 1, 20)))
    await pages.aclose()
