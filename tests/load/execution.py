"""Measures the execution quality of 10,000 orders.

Real PostgreSQL, real gRPC on loopback between the areas. The orders are those of an hour in ten
instruments, of which every second has a quote and a trade.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
from tests.instruments import upsert
from tests.integration.analytics.conftest import Client, deck_on
from tests.integration.trading import events
from tests.load.results import Figure, figure
from tests.load.servers import database

from quarterdeck.api.analytics.v1 import execution_service_pb2 as pb
from quarterdeck.api.analytics.v1.execution_pb2 import EXECUTION_KEY_INSTRUMENT, ExecutionQuality
from quarterdeck.api.marketdata.v1.history_service_pb2 import ListTradesRequest
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.trade_pb2 import TradeBatch
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck.api.trading.v1.trading_event_service_pb2 import ListTradingEventsRequest
from quarterdeck_server.runtime.bus import LocalBus

ORDERS = 10_000
NAMES = [f"S{number}.XNAS" for number in range(10)]
SECONDS = 3_600
LIFE_S = 30
ORDERS_A_CALL = 200
EVENTS_A_PAGE = 1_000
PATIENCE_S = 60


async def measure(samples: int) -> dict[str, Figure]:
    """Measure every figure on a database of its own."""
    async with database() as store, deck_on(store, LocalBus()) as deck:
        ada = await deck.client()
        await fill(ada)
        await store.execute("ANALYZE")
        return {
            "execution_quality_10k_orders_ms": figure(
                await timed(lambda: compute(ada), samples), "ms"
            ),
            "list_40k_trading_events_ms": figure(
                await timed(lambda: page_events(ada), samples), "ms"
            ),
        }


async def timed(work: Callable[[], Awaitable[None]], samples: int) -> list[float]:
    """Return how many milliseconds each of some calls takes, after a first one."""
    spans = []
    for _ in range(samples + 1):
        started = time.perf_counter()
        await work()
        spans.append((time.perf_counter() - started) * 1_000)
    return spans[1:]


async def compute(ada: Client) -> None:
    """Ask for the quality of all orders."""
    request = pb.ComputeQualityRequest(group_by=EXECUTION_KEY_INSTRUMENT)
    check((await ada.execution.ComputeQuality(request)).qualities)


def check(found: Sequence[ExecutionQuality]) -> None:
    """Count what was computed: every order, from ticks."""
    assert sum(one.orders for one in found) == ORDERS
    assert all(one.vwap_slippage_bps.count == one.orders for one in found)
    assert all(one.markouts[0].missing_fills == 0 for one in found)


async def page_events(ada: Client) -> None:
    """Read the same lives event by event, as an auditor would."""
    request, count = ListTradingEventsRequest(page_size=EVENTS_A_PAGE), 0
    while True:
        answer = await ada.events.ListTradingEvents(request)
        count += len(answer.events)
        request.page_token = answer.next_page_token
        if not answer.next_page_token:
            break
    assert count >= 4 * ORDERS


async def fill(ada: Client) -> None:
    """Publish the market and record the orders."""
    for name in NAMES:
        await ada.instruments.UpsertInstrument(upsert(name))
        await ada.ingest.Publish(PublishRequest(quotes=[quotes(name)], trades=[trades(name)]))
    await ada.nodes.RegisterNode(events.registration())
    for first in range(0, ORDERS, ORDERS_A_CALL):
        told = [each for n in range(first, first + ORDERS_A_CALL) for each in order(n)]
        await ada.events.RecordEvents(events.batch(*told))
    await stored(ada)


async def stored(ada: Client) -> None:
    """Wait until history holds the last trade of every instrument."""
    deadline = time.monotonic() + PATIENCE_S
    for name in NAMES:
        request = ListTradesRequest(instrument=name, newest_first=True, page_size=1)
        while (await ada.history.ListTrades(request)).trades.event_time_ns != [moment(SECONDS - 1)]:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


def moment(second: float) -> int:
    """Return a time of the hour in nanoseconds."""
    return int((events.DAY_S + second) * 1_000_000_000)


def prices(name: str) -> list[int]:
    """Return a price each second, in cents."""
    steps = np.random.default_rng(NAMES.index(name)).integers(-2, 3, SECONDS)
    return (10_000 + np.cumsum(steps)).tolist()


def quotes(name: str) -> QuoteBatch:
    """Make the quotes of an hour."""
    middle = prices(name)
    return QuoteBatch(
        instrument=name,
        price_precision=2,
        event_time_ns=[moment(second) for second in range(SECONDS)],
        bid_price=[price - 1 for price in middle],
        ask_price=[price + 1 for price in middle],
        bid_size=[100] * SECONDS,
        ask_size=[100] * SECONDS,
    )


def trades(name: str) -> TradeBatch:
    """Make the trades of an hour."""
    return TradeBatch(
        instrument=name,
        price_precision=2,
        event_time_ns=[moment(second) for second in range(SECONDS)],
        price=prices(name),
        size=[100] * SECONDS,
        aggressor_side=[1] * SECONDS,
    )


def order(number: int) -> list[TradingEvent]:
    """Return the life of an order: made, sent, accepted, and filled half a minute later."""
    at = number * (SECONDS - 400) / ORDERS
    where = {"instrument": NAMES[number % len(NAMES)]}
    name = f"O-{number}"
    return [
        events.order(name, "INITIALIZED", at=at, **where),
        events.order(name, "SUBMITTED", at=at, **where),
        events.order(name, "ACCEPTED", at=at, **where),
        events.fill("10", "100", client_order_id=name, at=at + LIFE_S, fee="0.1", **where),
    ]
