"""Quotas: never more within any time of a window's length, whatever the pattern of requests."""

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.vendors import ForgetfulQuotas

from quarterdeck_server.adapters.http.quota import QuotaKeeper
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.domain.quota import Ledger, Window
from quarterdeck_server.runtime.clock import SystemClock

WINDOWS = (Window(60.0, 5), Window(86_400.0, 25))


def taken(ledger: Ledger, count: int, now_ns: int = 0) -> list[int]:
    """Take as soon as it is allowed, so many times."""
    times = []
    for _ in range(count):
        now_ns = ledger.next_ns(now_ns)
        ledger.take(now_ns)
        times.append(now_ns)
    return times


def test_the_sixth_of_a_minute_waits_for_it_to_end() -> None:
    times = taken(Ledger(WINDOWS), 6)
    assert times == [0, 0, 0, 0, 0, 60 * NS]


def test_the_26th_of_a_day_waits_for_the_first_to_be_a_day_old() -> None:
    times = taken(Ledger(WINDOWS), 26)
    assert times[24] == 4 * 60 * NS
    assert times[25] == 86_400 * NS


def test_what_is_left_is_told_and_when_there_is_more() -> None:
    ledger = Ledger(WINDOWS, [1] * 5)
    minute, day = ledger.quotas(2)
    assert (minute.remaining, minute.next_time_ns) == (0, 60 * NS + 1)
    assert (day.remaining, day.next_time_ns) == (20, None)


def test_a_restart_forgets_nothing() -> None:
    assert Ledger(WINDOWS, [0] * 25).next_ns(NS) == 86_400 * NS


def test_what_a_vendor_forbids_is_not_taken() -> None:
    ledger = Ledger(WINDOWS)
    ledger.block(100 * NS)
    assert ledger.next_ns(5) == 100 * NS
    assert [quota.remaining for quota in ledger.quotas(5)] == [0, 0]


def test_a_clock_that_was_set_back_stops_nobody_for_longer_than_a_window() -> None:
    ledger = Ledger((Window(1.0, 10),), [1_000 * NS] * 10)
    assert ledger.next_ns(NS) == 2 * NS


@given(st.lists(st.integers(0, 30 * NS), max_size=60))
def test_no_time_of_a_windows_length_has_too_many(gaps: list[int]) -> None:
    ledger, now_ns, times = Ledger((Window(10.0, 3), Window(60.0, 7))), 0, []
    for gap in gaps:
        now_ns = ledger.next_ns(now_ns + gap)
        ledger.take(now_ns)
        times.append(now_ns)
    for length_s, limit in ((10, 3), (60, 7)):
        pairs = zip(times, times[limit:], strict=False)
        assert all(later - first >= length_s * NS for first, later in pairs)


async def test_waiters_get_their_turns_in_order_and_each_is_remembered() -> None:
    """The third of two a moment waits, and nobody overtakes it."""
    store = ForgetfulQuotas()
    keeper = QuotaKeeper("sources/x", [Window(0.1, 2), Window(60.0, 100)], store, SystemClock())
    done: list[int] = []

    async def ask(place: int) -> None:
        await keeper.take()
        done.append(place)

    await asyncio.gather(*(ask(place) for place in range(5)))
    assert done == [0, 1, 2, 3, 4]
    gaps = [later - first for first, later in pairwise(store.times[::2])]
    assert all(gap >= 0.1 * NS for gap in gaps)
    assert keeper.quotas()[1].remaining == 95


async def test_a_keeper_knows_what_was_used_before_it() -> None:
    store = ForgetfulQuotas()
    store.times = [SystemClock().now_ns()] * 25
    keeper = QuotaKeeper("sources/x", WINDOWS, store, SystemClock())
    await keeper.load()
    assert [quota.remaining for quota in keeper.quotas()] == [0, 0]
