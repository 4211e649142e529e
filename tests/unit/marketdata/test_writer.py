"""The queue before history."""

import asyncio
import time

import pytest
from tests.unit.marketdata.batches import quotes

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.marketdata.ports import HistoryRefused, Hole, Sequenced
from quarterdeck_server.marketdata.writer import HistoryWriter

TOPIC = "quotes/AAPL.XNAS"


class Shelf:
    """Keeps what is written, after as many failures as it was told."""

    def __init__(self, failures=()):
        self.failures, self.spans, self.holes, self.again = list(failures), [], [], []

    async def write(self, batches, holes, *, again):
        self.again.append(again)
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        if any(b.first_sequence == POISON for b in batches):
            raise HistoryRefused("no")
        self.spans += [(b.first_sequence, b.last_sequence) for b in batches]
        self.holes += holes


POISON = 1_000


def sequenced(first, rows=1):
    return Sequenced(quotes(rows), 1, first, 1)


@pytest.fixture
async def write():
    tasks = []

    async def write(writer):
        tasks.append(asyncio.create_task(writer.run()))
        return await writer.drain(5)

    yield write
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_was_put_is_written_in_order(write):
    shelf = Shelf()
    writer = HistoryWriter(shelf, max_rows=100)
    writer.put(sequenced(1, 5))
    writer.put(sequenced(6))
    assert await write(writer)
    assert shelf.spans == [(1, 5), (6, 6)]
    assert writer.durable_through(TOPIC) == 6


async def test_a_write_that_may_have_succeeded_is_said_to_be_again(write):
    shelf = Shelf([Unavailable("away"), Unavailable("away")])
    writer = HistoryWriter(shelf, max_rows=100)
    writer.put(sequenced(1))
    await write(writer)
    assert (shelf.spans, shelf.again) == ([(1, 1)], [False, True, True])


async def test_rows_that_do_not_fit_become_one_hole_per_gap(write):
    shelf = Shelf()
    writer = HistoryWriter(shelf, max_rows=3)
    for first, rows in ((1, 2), (3, 2), (5, 2), (7, 1), (8, 1)):
        writer.put(sequenced(first, rows))
    await write(writer)
    assert shelf.spans == [(1, 2), (7, 7)]
    assert shelf.holes == [Hole(TOPIC, 1, 3, 6, 1, 2), Hole(TOPIC, 1, 8, 8, 1, 1)]


async def test_a_batch_the_database_refuses_does_not_hold_up_the_others(write):
    shelf = Shelf()
    writer = HistoryWriter(shelf, max_rows=100)
    for first in (998, 999, POISON, 1001):
        writer.put(sequenced(first))
    await write(writer)
    assert shelf.spans == [(998, 998), (999, 999), (1001, 1001)]
    assert shelf.holes == [Hole(TOPIC, 1, POISON, POISON, 1, 1)]


async def test_a_refused_batch_takes_no_hole_with_it(write):
    shelf = Shelf()
    writer = HistoryWriter(shelf, max_rows=2)
    for first, rows in ((999, 1), (POISON, 1), (1001, 5)):
        writer.put(sequenced(first, rows))
    await write(writer)
    assert set(shelf.holes) == {
        Hole(TOPIC, 1, 1001, 1005, 1, 5),
        Hole(TOPIC, 1, POISON, POISON, 1, 1),
    }


async def test_a_writer_that_was_started_again_goes_on_with_what_waits(write):
    shelf = Shelf([RuntimeError("a bug")])
    writer = HistoryWriter(shelf, max_rows=100)
    writer.put(sequenced(1))
    with pytest.raises(RuntimeError):
        await writer.run()
    await write(writer)
    assert shelf.spans == [(1, 1)]


async def test_draining_says_when_it_takes_too_long():
    writer = HistoryWriter(Shelf(), max_rows=100)
    writer.put(sequenced(1))
    assert not await writer.drain(0.01)


async def test_rows_that_trickle_are_written_together_and_plenty_at_once(write, monkeypatch):
    monkeypatch.setattr("quarterdeck_server.marketdata.writer.WRITE_ROWS", 50)
    monkeypatch.setattr("quarterdeck_server.marketdata.writer.LONGEST_LINGER_S", 60.0)
    shelf = Shelf()
    writer = HistoryWriter(shelf, max_rows=1_000)
    writer.put(sequenced(1))
    assert await write(writer)
    for place in range(4):
        writer.put(sequenced(2 + 50 * place, 50))
        assert await writer.drain(0.2 if place else 5)
    assert len(shelf.again) == 5


@pytest.fixture
def patient(monkeypatch):
    """A writer that waits for further rows for longer than a test may take."""
    for name in ("LINGER_S", "LONGEST_LINGER_S"):
        monkeypatch.setattr(f"quarterdeck_server.marketdata.writer.{name}", 60.0)


async def test_a_small_queue_is_written_before_it_is_full(write, patient):
    shelf = Shelf()
    writer = HistoryWriter(shelf, max_rows=4)
    writer.put(sequenced(1))
    assert await write(writer)
    for first in (2, 4):
        writer.put(sequenced(first, 2))
        deadline = time.monotonic() + 5
        while writer.durable_through(TOPIC) <= first:
            assert time.monotonic() < deadline, "it waits for more rows than fit"
            await asyncio.sleep(0.001)
    assert shelf.holes == []


async def test_who_drains_waits_for_no_further_rows(write, patient):
    shelf = Shelf()
    writer = HistoryWriter(shelf, max_rows=1_000)
    writer.put(sequenced(1))
    assert await write(writer)
    writer.put(sequenced(2))
    assert await writer.drain(5)
    assert shelf.spans == [(1, 1), (2, 2)]
