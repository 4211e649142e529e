"""Who watches execution quality learns of every change in its scope, whoever came and left."""

import asyncio

from quarterdeck.api.trading.v1.fill_pb2 import Fill
from quarterdeck.api.trading.v1.order_pb2 import ORDER_TYPE_LIMIT, Order
from quarterdeck_server.analytics.domain.execution.asking import Manner, Scope
from quarterdeck_server.analytics.live_quality import Changes, LiveQuality, Reader
from quarterdeck_server.analytics.mapping.live_quality import Change, change_from
from quarterdeck_server.runtime.bus import LocalBus, Message

TOPIC = "orders/SIM-001/Ema-001"


def message(seconds: int) -> Message:
    order = Order(account="SIM-001", strategy="Ema-001", instrument="AAPL.XNAS")
    order.update_time.FromSeconds(seconds)
    return Message(TOPIC, 1, seconds, 1, 0, order.SerializeToString())


async def told(changes: Changes, bus: LocalBus, reader: Reader, seconds: int) -> int:
    """Publish a change once a reader follows, and return what it learned."""
    await changes.followed()
    reader.changed.clear()
    await bus.publish([message(seconds)])
    await reader.changed.wait()
    return reader.newest_ns


async def test_a_reader_that_comes_when_the_last_one_left_misses_nothing() -> None:
    bus = LocalBus()
    changes = Changes(bus)
    following = asyncio.create_task(changes.run())
    async with asyncio.timeout(5):
        with changes.reader(lambda _: True) as first:
            assert await told(changes, bus, first, 5) == 5 * 10**9
        await bus.publish([message(6)])
        await asyncio.sleep(0)
        with changes.reader(lambda _: True) as second:
            assert await told(changes, bus, second, 7) == 7 * 10**9
    following.cancel()


def test_changes_are_told_apart_by_scope() -> None:
    def wants(scope: Scope, change: Change) -> bool:
        return LiveQuality(None, scope, Manner()).wants(change)  # type: ignore[arg-type]

    order = Change("SIM-001", "Ema-001", "EUR/USD.X.IDEALPRO", "LIMIT", 1)
    fill = Change("SIM-001", "Ema-001", "EUR/USD.X.IDEALPRO", "", 1)
    assert wants(Scope(venue="IDEALPRO", order_type="LIMIT"), order)
    assert wants(Scope(order_type="MARKET"), fill)
    for scope in (Scope(order_type="MARKET"), Scope(venue="XNAS"), Scope(account="SIM-002")):
        assert not wants(scope, order)


def test_a_change_is_read_from_what_was_published_and_nothing_from_what_was_not() -> None:
    fill = Fill(account="A", strategy="S", instrument="I.V")
    fill.event_time.FromSeconds(2)
    assert change_from("fills/A/S", fill.SerializeToString()) == Change(
        "A", "S", "I.V", "", 2 * 10**9
    )
    order = Order(account="A", strategy="S", instrument="I.V", order_type=ORDER_TYPE_LIMIT)
    assert change_from("orders/A/S", order.SerializeToString()) == Change(
        "A", "S", "I.V", "LIMIT", 0
    )
    assert change_from("orders/A/S", b"\xff") is None
