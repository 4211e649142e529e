"""What the library calls when messages arrive, and how they reach who waits for them."""

# ruff: noqa: N802 - the library calls methods by the names of the vendor's interface

import asyncio
from collections.abc import Callable, Hashable
from datetime import UTC
from types import SimpleNamespace
from typing import Any, Protocol

import structlog

from quarterdeck_server.adapters.ibkr import metrics
from quarterdeck_server.adapters.ibkr.codes import BROKEN_FARMS, Meaning, meaning
from quarterdeck_server.kernel.errors import QuarterdeckError, Unavailable

log = structlog.get_logger()


class Refusal(Exception):
    """The TWS answered a request with an error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} ({code})")
        self.code, self.text = code, text


class Listener(Protocol):
    """Takes what subscriptions bring, while a packet is read; must not wait."""

    def hear(self, request: int, kind: str, values: tuple[Any, ...]) -> None:
        """Take one message of a subscription."""
        ...

    def told(self, request: int, code: int, text: str) -> None:
        """Take an error that names a subscription, or none: a request below 0."""
        ...

    def packet_read(self) -> None:
        """Note that a packet's messages are all in."""
        ...


class _Answer:
    """A request that waits, with the rows that came so far."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.done: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()


class Mailbox:
    """The receiving end of one connection."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.listener: Listener | None = None
        self.end: asyncio.Future[QuarterdeckError] = asyncio.get_running_loop().create_future()
        self.last_arrival = monotonic()
        self._monotonic = monotonic
        self._answers: dict[Hashable, _Answer] = {}
        # The decoders look these up: the zones of times without one.
        self.ib = SimpleNamespace(TimezoneTWS=None)
        self.defaultTimezone = UTC

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Ignore what we never ask for."""
        if name.startswith("_"):
            raise AttributeError(name)
        return _ignore

    def expect(self, key: Hashable) -> asyncio.Future[list[Any]]:
        """Wait for the answer to a request."""
        answer = self._answers[key] = _Answer()
        return answer.done

    def forget(self, key: Hashable) -> list[Any]:
        """Wait no longer; returns what came so far."""
        answer = self._answers.pop(key, None)
        return answer.rows if answer is not None else []

    def finish(self, error: QuarterdeckError) -> None:
        """End: nothing more arrives, whoever waits is told why."""
        if not self.end.done():
            self.end.set_result(error)
        for answer in self._answers.values():
            if not answer.done.done():
                answer.done.set_exception(error)
        self._answers.clear()

    def _add(self, key: Hashable, row: Any) -> None:
        if key in self._answers:
            self._answers[key].rows.append(row)

    def _complete(self, key: Hashable) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None and not answer.done.done():
            answer.done.set_result(answer.rows)

    def _hear(self, request: int, kind: str, *values: Any) -> None:
        if self.listener is not None:
            self.listener.hear(request, kind, values)

    # The connection.

    def tcpDataArrived(self) -> None:
        """Note that the other side lives."""
        self.last_arrival = self._monotonic()

    def tcpDataProcessed(self) -> None:
        """Tell the listener that a packet is read."""
        if self.listener is not None:
            self.listener.packet_read()

    def failed(self, text: str) -> None:
        """Note that the connection ended before or after it was ready."""
        self.finish(Unavailable(f"the TWS ended the connection: {text}"))

    def connectionClosed(self) -> None:
        """Note that a connection that was ready is no more."""
        metrics.LOST.labels("closed").inc()
        self.failed("it closed the socket")

    def error(self, request: int, code: int, text: str, _reject: str) -> None:
        """Take an error or warning to the request it names, and to the listener."""
        metrics.MESSAGES.labels(str(code)).inc()
        what = meaning(code)
        tell = log.warning if code in BROKEN_FARMS else log.info
        tell("ibkr_told", request=request, code=code, text=text)
        if what is Meaning.NO_CLIENT:
            self.finish(Unavailable(f"{text} (326): set QUARTERDECK_MARKETDATA__IBKR__CLIENT_ID"))
        answer = self._answers.get(request)
        if answer is not None and what in {Meaning.REFUSED, Meaning.UNKNOWN}:
            self._answers.pop(request)
            answer.done.set_exception(Refusal(code, text))
        elif self.listener is not None:
            self.listener.told(request, code, text)

    def currentTime(self, time_s: int) -> None:
        """Take the answer that proves that somebody is there."""
        self._add("time", time_s)
        self._complete("time")

    # Contracts and the past.

    def contractDetails(self, request: int, details: Any) -> None:
        """Take one contract that fits."""
        self._add(request, details)

    def contractDetailsEnd(self, request: int) -> None:
        """All contracts that fit are in."""
        self._complete(request)

    def headTimestamp(self, request: int, text: str) -> None:
        """Take the time of the first bar."""
        self._add(request, text)
        self._complete(request)

    def historicalData(self, request: int, bar: Any) -> None:
        """Take one bar of the past."""
        self._add(request, bar)

    def historicalDataEnd(self, request: int, _start: str, _end: str) -> None:
        """All bars are in."""
        self._complete(request)

    # Subscriptions.

    def priceSizeTick(self, request: int, tick: int, price: float, size: float) -> None:
        """Take a price with its size."""
        self._hear(request, "price", tick, price, size)

    def tickSize(self, request: int, tick: int, size: float) -> None:
        """Take a size whose price stays."""
        self._hear(request, "size", tick, size)

    def tickString(self, request: int, tick: int, text: str) -> None:
        """Take a tick that is a text."""
        self._hear(request, "text", tick, text)

    def tickGeneric(self, request: int, tick: int, value: float) -> None:
        """Take a tick that is a number."""
        self._hear(request, "number", tick, value)

    def tickReqParams(self, request: int, *_rest: Any) -> None:
        """Note that a subscription was accepted."""
        self._hear(request, "accepted")

    def tickByTickAllLast(
        self, request: int, _kind: int, time_s: int, price: float, size: float, *_rest: Any
    ) -> None:
        """Take a trade."""
        self._hear(request, "trade", time_s, price, size)

    def realtimeBar(self, request: int, open_s: int, *values: float) -> None:
        """Take a bar of five seconds: open, high, low, close, volume, average, count."""
        self._hear(request, "bar", open_s, *values[:5])

    def updateMktDepth(
        self, request: int, position: int, operation: int, side: int, *level: float
    ) -> None:
        """Take a change of a book without market makers."""
        self._hear(request, "level", position, operation, side, *level)

    def updateMktDepthL2(
        self, request: int, position: int, _maker: str, operation: int, side: int, *level: Any
    ) -> None:
        """Take a change of a book with market makers."""
        self._hear(request, "level", position, operation, side, *level[:2])

    # The account.

    def position(self, account: str, contract: Any, quantity: float, cost: float) -> None:
        """Take a position."""
        self._add("positions", (account, contract, quantity, cost))

    def positionEnd(self) -> None:
        """All positions are in."""
        self._complete("positions")

    def openOrder(self, _order_id: int, contract: Any, order: Any, state: Any) -> None:
        """Take an order that works."""
        self._add("orders", ("order", order.permId, contract, order, state))

    def orderStatus(
        self, _order_id: int, status: str, filled: float, remaining: float, *rest: Any
    ) -> None:
        """Take the status of an order: it follows the order itself."""
        self._add("orders", ("status", rest[1], status, filled, remaining, rest[0]))

    def openOrderEnd(self) -> None:
        """All orders are in."""
        self._complete("orders")

    def execDetails(self, request: int, contract: Any, execution: Any) -> None:
        """Take an execution."""
        self._add(request, (contract, execution))

    def execDetailsEnd(self, request: int) -> None:
        """All executions are in; their commissions came with them."""
        self._complete(request)

    def commissionReport(self, report: Any) -> None:
        """Take the commission of an execution."""
        self._add("commissions", report)

    def accountUpdateMulti(self, request: int, *value: str) -> None:
        """Take a value of an account: account, model, tag, value, currency."""
        self._add(request, value)

    def accountUpdateMultiEnd(self, request: int) -> None:
        """All values of an account are in."""
        self._complete(request)


def _ignore(*_arguments: Any) -> None:
    """Take what nobody asked for."""
