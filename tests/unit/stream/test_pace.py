"""Turns of streams on a busy worker."""

import asyncio

import pytest

from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.stream.pace import MOST_S, SPARE, WINDOW_S, Pace


def paced(frame_s: float, readers: int, frames: int) -> float:
    """Return how long a reader rests after windows in which every reader had some frames."""
    used, now, last = 0.0, 100.0, [0.0] * readers
    pace = Pace(SystemClock(), lambda: used)
    for _ in range(3):
        for number in range(frames * readers):
            pace.next_turn(last[number % readers], now)
            last[number % readers] = now
            used += frame_s
            now += WINDOW_S / (frames * readers)
    return pace.next_turn(last[0], now) - now


def test_a_worker_that_has_time_lets_every_frame_out_at_once():
    assert paced(frame_s=20e-6, readers=100, frames=10) == 0


def test_on_a_busy_worker_a_round_is_as_long_as_all_frames_take_and_some_more():
    frame_s = WINDOW_S / 8_000
    assert paced(frame_s, readers=1_000, frames=8) == pytest.approx(SPARE * 1_000 * frame_s)


def test_readers_have_their_turns_even_if_the_bus_takes_the_processor():
    assert paced(frame_s=WINDOW_S / 200, readers=100, frames=2) == pytest.approx(100 * MOST_S)


async def test_who_rests_is_woken_at_its_time_and_in_order():
    clock, woken, done = SystemClock(), [], asyncio.Event()
    pace, now = Pace(clock), clock.monotonic()
    for place in range(3):
        pace.rest(now + 0.01 * place, lambda place=place: woken.append((place, clock.monotonic())))
    pace.rest(now + 0.03, done.set)
    await asyncio.wait_for(done.wait(), 5)
    assert [place for place, _ in woken] == [0, 1, 2]
    assert all(at >= now + 0.01 * place for place, at in woken)
