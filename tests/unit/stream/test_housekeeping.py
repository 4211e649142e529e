"""What the worker counts and checks beside its calls."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.unit.stream.deck import Deck

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.settings import StreamSettings
from quarterdeck_server.stream import metrics, wiring
from quarterdeck_server.stream.jobs import Housekeeping
from quarterdeck_server.stream.sessions import Sessions

QUOTES = "quotes/AAPL.XNAS"


def counted() -> list[float]:
    reasons = ("duplicate", "outdated", "unknown_kind")
    found = [metrics.LEFT_OUT.labels(reason) for reason in reasons]
    return [one._value.get() for one in (metrics.PUBLISHED, metrics.MISSING, *found)]


async def test_whatever_is_not_handed_on_is_counted_once():
    deck, before = Deck(), counted()
    gate = SimpleNamespace(draining=asyncio.Event(), verdict=lambda _: None)
    sessions = Sessions(deck.hub, SystemClock(), None, gate, StreamSettings())
    house = Housekeeping(deck.hub, sessions, SystemClock())
    deck.publish(QUOTES, 1, 2, 2, 6, epoch=2)
    deck.publish(QUOTES, 1, epoch=1)
    deck.publish("riddles/x", 1)
    await house.look()
    await house.look()
    assert [after - one for after, one in zip(counted(), before, strict=True)] == [3, 3, 1, 1, 1]


async def test_a_kind_that_is_never_stale_is_refused_among_those_that_are():
    """A name that is misspelt would leave its sources unwatched."""
    settings = StreamSettings(stale_after={"qoutes": timedelta(seconds=5)})
    with pytest.raises(InvalidField, match=r"stream\.stale_after.* qoutes"):
        wiring._hub(settings)
