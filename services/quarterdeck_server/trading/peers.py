"""The other areas on the wire. No error of gRPC leaves this file."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal, InvalidOperation

import grpc
import numpy as np

from quarterdeck.api.marketdata.v1 import (
    bar_pb2,
    history_service_pb2,
    instrument_pb2,
    instrument_service_pb2,
)
from quarterdeck.api.marketdata.v1.history_service_pb2_grpc import HistoryServiceStub
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import InstrumentServiceStub
from quarterdeck_server.kernel.errors import InstrumentNotFound, NotAllowed, Unavailable
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.caller import Caller, current
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.runtime.peers import Peers
from quarterdeck_server.trading.domain.restating import Prices
from quarterdeck_server.trading.portfolio import Instrument, Settlement

TIMEOUT_S = 5.0
MOST_PAIRS = 20
MOST_BARS = 10_000
INTERVALS = {"1s": 1, "1m": 60, "1h": 3_600, "1d": 86_400}


class InstrumentPeer:
    """Instruments as the market data area knows them, asked for with the caller's own token."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def instrument(self, instrument: str) -> Instrument:
        """Return an instrument; fails with InstrumentNotFound or Unavailable."""
        stub = InstrumentServiceStub(self._peers.channel("marketdata"))
        request = instrument_service_pb2.GetInstrumentRequest(instrument=instrument)
        try:
            answer = await stub.GetInstrument(request, timeout=TIMEOUT_S, metadata=_credentials())
        except grpc.aio.AioRpcError as error:
            raise _failure(error, instrument) from error
        return instrument_from(answer.instrument)

    async def pairs(self, base: str, quote: str) -> Sequence[Instrument]:
        """Return the spot pairs whose price is an exchange rate between two currencies."""
        found = [*await self._search(f"{base}/{quote}"), *await self._search(f"{quote}/{base}")]
        wanted = {base, quote}
        return tuple(one for one in found if one.pair is not None and set(one.pair) == wanted)

    async def _search(self, query: str) -> Sequence[Instrument]:
        stub = InstrumentServiceStub(self._peers.channel("marketdata"))
        request = instrument_service_pb2.SearchInstrumentsRequest(query=query, limit=MOST_PAIRS)
        try:
            answer = await stub.SearchInstruments(
                request, timeout=TIMEOUT_S, metadata=_credentials()
            )
        except grpc.aio.AioRpcError as error:
            raise _failure(error, query) from error
        return tuple(instrument_from(message) for message in answer.instruments)


class HistoryPeer:
    """Past prices, as the market data area has them."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def closes(
        self, instrument: str, within_ns: tuple[int, int], caller: Caller | None
    ) -> Prices:
        """Return closes of the finest bars that are kept and not too many."""
        if caller is None:
            raise Unavailable("nobody recorded yet whose rights would do", dependency="marketdata")
        try:
            for interval in _intervals(*within_ns):
                bars = [bar async for bar in self._bars(instrument, interval, within_ns, caller)]
                if bars:
                    return _prices(bars)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                problem = "past prices cannot be looked up now"
                raise Unavailable(problem, dependency="marketdata") from error
        return Prices()

    async def _bars(
        self, instrument: str, interval: str, within_ns: tuple[int, int], caller: Caller
    ) -> AsyncIterator[bar_pb2.BarBatch]:
        """Yield pages of bars, the first with the last bar before the time."""
        start, end = (timestamp_to(ns) for ns in within_ns)
        ask = history_service_pb2.ListBarsRequest(instrument=instrument, interval=interval)
        before = history_service_pb2.ListBarsRequest(end_time=start, newest_first=True, page_size=1)
        during = history_service_pb2.ListBarsRequest(
            start_time=start, end_time=end, page_size=MOST_BARS
        )
        stub = HistoryServiceStub(self._peers.channel("marketdata"))
        token = (("authorization", f"Bearer {caller.token}"),)
        for request in (before, during):
            request.MergeFrom(ask)
            while True:
                answer = await stub.ListBars(request, timeout=TIMEOUT_S, metadata=token)
                if answer.bars.close:
                    yield answer.bars
                request.page_token = answer.next_page_token
                if not request.page_token or request is before:
                    break


def instrument_from(message: instrument_pb2.Instrument) -> Instrument:
    """Read the facts that profit depends on."""
    is_future = message.instrument_class == instrument_pb2.INSTRUMENT_CLASS_FUTURE
    is_pair = message.instrument_class == instrument_pb2.INSTRUMENT_CLASS_CURRENCY_PAIR
    margined = is_future or message.is_inverse
    return Instrument(
        id=message.instrument,
        currency=message.currency,
        multiplier=_multiplier(message),
        price_precision=message.price_precision,
        size_precision=message.size_precision,
        is_inverse=message.is_inverse,
        settlement=Settlement.MARGINED if margined else Settlement.PAID,
        base_currency=message.base_currency or None,
        quote_currency=message.currency if is_pair and not margined else None,
    )


def _multiplier(message: instrument_pb2.Instrument) -> Decimal:
    try:
        return Decimal(message.multiplier.value or "1")
    except InvalidOperation as error:
        raise Unavailable("the multiplier of an instrument is malformed") from error


def _intervals(start_ns: int, end_ns: int) -> Sequence[str]:
    """Return intervals of bars, the finest first of those that are not too many for a time."""
    span_s = (end_ns - start_ns) / NS
    return [name for name, seconds in INTERVALS.items() if span_s <= seconds * MOST_BARS]


def _prices(pages: Sequence[bar_pb2.BarBatch]) -> Prices:
    return Prices(
        np.concatenate([np.array(page.close_time_ns, np.int64) for page in pages]),
        np.concatenate([np.array(page.close, np.float64) for page in pages]),
    )


def _credentials() -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {current().token}"),)


def _failure(error: grpc.aio.AioRpcError, instrument: str) -> Exception:
    # What cannot be an identifier names no instrument either. To call that unavailable would have
    # the caller try again for ever.
    if error.code() in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT}:
        return InstrumentNotFound(instrument)
    if error.code() is grpc.StatusCode.PERMISSION_DENIED:
        return NotAllowed("the caller may not read instruments", permission="MARKETDATA_READ")
    return Unavailable("instruments cannot be looked up now", dependency="marketdata")
