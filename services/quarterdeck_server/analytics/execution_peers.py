"""Orders, and prices around them, on the wire, asked with the caller's own token."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from numpy.typing import NDArray

from quarterdeck.api.marketdata.v1 import (
    bar_pb2,
    history_service_pb2,
    instrument_service_pb2,
    quote_pb2,
    trade_pb2,
)
from quarterdeck.api.marketdata.v1 import history_service_pb2_grpc as history_rpc
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import InstrumentServiceStub
from quarterdeck.api.trading.v1 import order_life_service_pb2
from quarterdeck.api.trading.v1.order_life_service_pb2_grpc import OrderLifeServiceStub
from quarterdeck_server.analytics.areas import Area, Page, PageRequest
from quarterdeck_server.analytics.domain.execution.asking import AskedOrders
from quarterdeck_server.analytics.domain.execution.budget import Budget
from quarterdeck_server.analytics.domain.execution.market import Bars, Facts, Quotes, Trades
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.spans import Span
from quarterdeck_server.analytics.mapping.order_life import order_type_number, orders_from
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.convert import LATEST_NS, floats, ints, timestamp_to
from quarterdeck_server.runtime.peers import Peers

TRADING, MARKETDATA = Area("trading", timeout_s=20.0), Area("marketdata", timeout_s=20.0)
PAGE = 10_000
INTERVALS = {60_000_000_000: "1m", 86_400_000_000_000: "1d"}

type Columns = tuple[NDArray[Any], ...]


class _Ranged(PageRequest, Protocol):
    """A request for a range of times, page by page."""

    page_size: int

    @property
    def start_time(self) -> Timestamp: ...

    @property
    def end_time(self) -> Timestamp: ...


@dataclass(frozen=True, slots=True)
class OrderPeer:
    """The lives of orders, as the trading area knows them."""

    peers: Peers

    async def page(self, wanted: AskedOrders, size: int, token: str) -> tuple[Orders, str]:
        """Return some orders, the newest first, and the token of those after them."""
        stub = OrderLifeServiceStub(self.peers.channel("trading"))
        scope, window = wanted.scope, wanted.window
        request = order_life_service_pb2.ListOrderLivesRequest(
            account=scope.account,
            strategy=scope.strategy,
            instrument=scope.instrument,
            venue=scope.venue,
            order_type=order_type_number(scope.order_type),
            start_time=timestamp_to(window.start_ns),
            end_time=timestamp_to(window.end_ns),
            newest_first=True,
            page_size=size,
            page_token=token,
        )
        answer = await TRADING.answer(stub.ListOrderLives, request)
        return orders_from(answer.lives), answer.next_page_token


@dataclass(frozen=True, slots=True)
class TickPeer:
    """Ticks, bars and instruments, as the market data area has them."""

    peers: Peers

    async def facts(self, instrument: str) -> Facts:
        """Return what an instrument is; fails with InstrumentNotFound."""
        stub = InstrumentServiceStub(self.peers.channel("marketdata"))
        request = instrument_service_pb2.GetInstrumentRequest(instrument=instrument)
        found = (await MARKETDATA.answer(stub.GetInstrument, request)).instrument
        try:
            multiplier = float(found.multiplier.value or 1)
        except ValueError as error:
            raise Unavailable("the multiplier of an instrument is malformed") from error
        return Facts(found.currency, multiplier, found.is_inverse)

    async def newest_quote_ns(self, instrument: str) -> int:
        """Return the time of the newest quote; 0 without one."""
        request = history_service_pb2.ListQuotesRequest(
            instrument=instrument, newest_first=True, page_size=1
        )
        answer = await MARKETDATA.answer(self._history.ListQuotes, request)
        return max(answer.quotes.event_time_ns, default=0)

    async def quotes(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Quotes:
        """Return the middle prices of spans."""
        request = history_service_pb2.ListQuotesRequest(instrument=instrument)
        pages = []
        async for answer in _pages(self._history.ListQuotes, request, spans):
            budget.spend(len(answer.quotes.event_time_ns))
            pages.append(_quotes_from(answer.quotes))
        return Quotes(*_joined(pages)) if pages else Quotes()

    async def trades(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Trades:
        """Return the trades of spans."""
        request = history_service_pb2.ListTradesRequest(instrument=instrument)
        pages = []
        async for answer in _pages(self._history.ListTrades, request, spans):
            budget.spend(len(answer.trades.event_time_ns))
            pages.append(_trades_from(answer.trades))
        return Trades(*_joined(pages)) if pages else Trades()

    async def bars(
        self, instrument: str, span_ns: int, spans: Sequence[Span], budget: Budget
    ) -> Bars:
        """Return the bars that close within spans."""
        request = history_service_pb2.ListBarsRequest(
            instrument=instrument, interval=INTERVALS[span_ns]
        )
        pages = []
        async for answer in _pages(self._history.ListBars, request, spans):
            budget.spend(len(answer.bars.close_time_ns))
            pages.append(_bars_from(answer.bars))
        return Bars(span_ns, *_joined(pages)) if pages else Bars(span_ns)

    @property
    def _history(self) -> "history_rpc.HistoryServiceAsyncStub":
        return history_rpc.HistoryServiceStub(self.peers.channel("marketdata"))


async def _pages[Request: _Ranged, Answer: Page](
    rpc: Callable[..., Awaitable[Answer]], request: Request, spans: Sequence[Span]
) -> AsyncIterator[Answer]:
    """Ask for every page of every span, oldest first."""
    request.page_size = PAGE
    for start_ns, last_ns in spans:
        request.start_time.CopyFrom(timestamp_to(start_ns))
        request.end_time.CopyFrom(timestamp_to(min(last_ns + 1, LATEST_NS)))
        async for page in MARKETDATA.pages(rpc, request):
            yield page


def _quotes_from(found: quote_pb2.QuoteBatch) -> Columns:
    middle = (floats(found.bid_price) + floats(found.ask_price)) / 2
    return ints(found.event_time_ns), middle / 10.0**found.price_precision


def _trades_from(found: trade_pb2.TradeBatch) -> Columns:
    names = np.array([*found.trade_id] or [""] * len(found.size), dtype=object)
    price = floats(found.price) / 10.0**found.price_precision
    size = floats(found.size) / 10.0**found.size_precision
    return ints(found.event_time_ns), price, size, names


def _bars_from(found: bar_pb2.BarBatch) -> Columns:
    close = floats(found.close)
    typical = (floats(found.high) + floats(found.low) + close) / 3
    return ints(found.close_time_ns), typical, close, floats(found.volume)


def _joined(pages: Sequence[Columns]) -> list[Any]:
    return [np.concatenate(column) for column in zip(*pages, strict=True)]
