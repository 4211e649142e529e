"""What a process that died left on the bus finds its way into history."""

import time
from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.unit.marketdata.batches import quotes

from quarterdeck_server.marketdata import recovery
from quarterdeck_server.marketdata.mapping.batch import payload
from quarterdeck_server.marketdata.ports import HistoryRefused, Sequenced
from quarterdeck_server.marketdata.recovery import Past, Recovery
from quarterdeck_server.runtime.bus import LocalBus, Message

OURS = 5


class Shelf:
    """Keeps what it is given, and knows some of it already."""

    def __init__(self, *known: tuple[int, int], refuses: bool = False) -> None:
        self.known, self.refuses = set(known), refuses
        self.put_there: list[tuple[int, int]] = []
        self.left_out: list[tuple[int, int]] = []

    async def has(self, item: Sequenced) -> bool:
        return (item.epoch, item.last_sequence) in self.known

    async def put(self, items: Sequence[Sequenced]) -> None:
        if self.refuses:
            raise HistoryRefused
        self.put_there += [(item.epoch, item.first_sequence) for item in items]

    def leave_out(self, item: Sequenced) -> None:
        self.left_out.append((item.epoch, item.first_sequence))


def message(epoch: int, sequence: int, topic: str = "quotes/AAPL.XNAS") -> Message:
    return Message(topic, epoch, sequence, 3, time.time_ns(), payload(quotes(3)))


async def recovered(shelf: Shelf, *messages: Message) -> None:
    bus = LocalBus()
    await bus.publish(messages)
    past = Past(bus, timedelta(minutes=1), OURS, time.time_ns())
    await Recovery(past, shelf, shelf).run()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "QUIET_S", 0.02)


async def test_what_history_lacks_of_earlier_epochs_is_stored() -> None:
    shelf = Shelf()
    await recovered(shelf, message(3, 1), message(4, 1), message(4, 4))
    assert shelf.put_there == [(3, 1), (4, 1), (4, 4)]


async def test_our_own_epoch_is_left_to_its_writer() -> None:
    shelf = Shelf()
    await recovered(shelf, message(OURS, 1))
    assert shelf.put_there == []


async def test_a_topic_whose_newest_row_is_stored_is_left_alone() -> None:
    shelf = Shelf((4, 6))
    await recovered(shelf, message(4, 1), message(4, 4), message(4, 1, "quotes/B.XNAS"))
    assert shelf.put_there == [(4, 1)]


async def test_what_the_database_never_takes_becomes_a_hole() -> None:
    shelf = Shelf(refuses=True)
    await recovered(shelf, message(4, 1))
    assert shelf.left_out == [(4, 1)]
