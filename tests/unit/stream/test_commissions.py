"""Topics that exist while somebody reads them."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from tests.unit.stream.deck import Deck

from quarterdeck_server.kernel.errors import NotFound, Unavailable
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.stream import commissions
from quarterdeck_server.stream.commissions import Commissions

ACCOUNT, STRATEGY = "performance/SIM-001", "performance/SIM-001/ema"


class Makers:
    """Makes one event of each topic and goes on until nobody wants it."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.live: set[str] = set()
        self.failure: Exception | None = None

    async def events(self, topic: str, token: str) -> AsyncGenerator[bytes]:
        self.begun.append((topic, token))
        self.live.add(topic)
        try:
            if self.failure:
                raise self.failure
            yield b"metrics"
            await asyncio.Event().wait()
        finally:
            self.live.discard(topic)


@pytest.fixture
def deck() -> Deck:
    return Deck()


@pytest.fixture
def makers() -> Makers:
    return Makers()


def opened(deck: Deck, makers: Makers, bus: LocalBus, *, token: str | None = "ada") -> Commissions:  # noqa: S107
    return Commissions(deck.hub, lambda _topic: token, makers, bus, SystemClock())


async def looked(work: Commissions) -> None:
    work.look()
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_topic_is_made_while_it_is_read_and_published_for_all(
    deck: Deck, makers: Makers
) -> None:
    bus = LocalBus()
    work = opened(deck, makers, bus)
    async with bus.subscribe(("performance",)) as batches:
        reader = deck.reader(STRATEGY)
        await looked(work)
        await looked(work)
        (message,) = (await anext(aiter(batches))).messages
    assert (message.topic, message.sequence, message.payload) == (STRATEGY, 1, b"metrics")
    assert makers.begun == [(STRATEGY, "ada")]
    reader.detach()
    await looked(work)
    assert not makers.live


async def test_a_pattern_wants_what_has_a_profit(deck: Deck, makers: Makers) -> None:
    deck.publish("pnl/SIM-001", 1)
    deck.publish("pnl/SIM-001/ema", 1)
    deck.publish("pnl/SIM-002/ema", 1)
    deck.reader("performance/SIM-001/*")
    await looked(opened(deck, makers, LocalBus()))
    assert makers.live == {STRATEGY}


async def test_what_is_known_already_is_not_published_again(deck: Deck, makers: Makers) -> None:
    bus = LocalBus()
    deck.hub.publish(deck.message(ACCOUNT, 1)._replace(payload=b"metrics"), deck.now)
    deck.reader(ACCOUNT)
    await looked(opened(deck, makers, bus))
    assert makers.live == {ACCOUNT}
    assert (await bus.append(ACCOUNT, b"", publish_time_ns=0)).sequence == 1


async def test_nothing_is_made_without_a_reader_who_may_see_it(deck: Deck, makers: Makers) -> None:
    deck.reader(ACCOUNT)
    await looked(opened(deck, makers, LocalBus(), token=None))
    assert not makers.begun


@pytest.mark.parametrize(
    ("failure", "pause_s"),
    [
        (Unavailable("away"), commissions.RETRY_S),
        (NotFound("portfolio", ACCOUNT), commissions.REFUSED_S),
        (RuntimeError("a fault"), commissions.RETRY_S),
    ],
)
async def test_a_topic_that_ended_is_tried_again_later(
    deck: Deck, makers: Makers, failure: Exception, pause_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SystemClock()
    now = clock.monotonic()
    monkeypatch.setattr(SystemClock, "monotonic", lambda _self: now)
    makers.failure = failure
    deck.reader(ACCOUNT)
    work = opened(deck, makers, LocalBus())
    await looked(work)
    now += pause_s - 0.1
    await looked(work)
    assert len(makers.begun) == 1
    now += 0.2
    await looked(work)
    assert len(makers.begun) == 2


async def test_no_more_are_made_than_a_worker_bears(
    deck: Deck, makers: Makers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commissions, "MOST_MADE", 2)
    for number in range(5):
        deck.publish(f"pnl/SIM-00{number}", 1)
    deck.reader("performance/*")
    await looked(opened(deck, makers, LocalBus()))
    assert makers.live == {"performance/SIM-000", "performance/SIM-001"}
