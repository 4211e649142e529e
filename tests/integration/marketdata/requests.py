"""Requests the tests make."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.trade_pb2 import TradeBatch

START_NS = 1_700_000_000 * 10**9
DEADLINE_S = 10.0


def quotes(times: Sequence[int], name: str = "AAPL.XNAS", **values: object) -> QuoteBatch:
    rows = len(times)
    columns = {
        "event_time_ns": [START_NS + time for time in times],
        "bid_price": [10_000 + time for time in times],
        "ask_price": [10_001 + time for time in times],
        "bid_size": [100] * rows,
        "ask_size": [200] * rows,
    }
    return QuoteBatch(instrument=name, price_precision=2, **columns | values)


def trades(times: Sequence[int], identifiers: Sequence[str] = ()) -> TradeBatch:
    return TradeBatch(
        instrument="AAPL.XNAS",
        price_precision=2,
        event_time_ns=[START_NS + time for time in times],
        price=[10_000 + time for time in times],
        size=[5] * len(times),
        aggressor_side=[1] * len(times),
        trade_id=identifiers,
    )


def bars(times: Sequence[int], close: float = 10.5, **values: object) -> BarBatch:
    rows = len(times)
    columns = {
        "close_time_ns": [START_NS + time for time in times],
        "open": [10.0] * rows,
        "high": [11.0] * rows,
        "low": [9.0] * rows,
        "close": [close] * rows,
        "volume": [1_000.0] * rows,
    }
    return BarBatch(instrument="AAPL.XNAS", interval="1d", **columns | values)


async def until[T](ask: Callable[[], Awaitable[T]], right: Callable[[T], bool]) -> T:
    """Ask again until the answer is right; the last answer when time is over."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        answer = await ask()
        if right(answer) or time.monotonic() > deadline:
            assert right(answer), answer
            return answer
        await asyncio.sleep(0.01)


async def refusal(call: Awaitable[Message]) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    """Return the code, the reason and the metadata of a call that fails."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        status = rpc_status.from_call(error)
        info = error_details_pb2.ErrorInfo()
        assert status is not None
        next(d for d in status.details if d.Is(info.DESCRIPTOR)).Unpack(info)
        return error.code(), info.reason, dict(info.metadata)
    raise AssertionError("the call was answered")
