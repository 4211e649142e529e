"""The other areas, asked with the token of the reader that needs them.

The trading area's log is for readers that come back and for what the bus lost; analytics makes
topics that exist while somebody reads them.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import grpc

from quarterdeck.api.analytics.v1 import performance_pb2, performance_service_pb2
from quarterdeck.api.analytics.v1.performance_service_pb2_grpc import PerformanceServiceStub
from quarterdeck.api.trading.v1 import trading_event_pb2 as pb
from quarterdeck.api.trading.v1 import trading_event_service_pb2 as service_pb
from quarterdeck.api.trading.v1 import trading_event_service_pb2_grpc as rpc
from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import NotAllowed, NotFound, Unavailable
from quarterdeck_server.runtime.bus.message import Message
from quarterdeck_server.runtime.convert import timestamp_from
from quarterdeck_server.runtime.peers import Peers

PAGE_SIZE = 1_000
MOST_RECORDS = 20_000
"""A cursor further back than this is answered with a gap and the newest so many records."""
TIMEOUT_S = 5.0
UNREADABLE = "the trading log cannot be read now"
MOST_AT_ONCE = 8
"""Readers that all come back at once must not take the trading area's time from its own work."""


@dataclass(frozen=True, slots=True)
class StoredRecords:
    """Records of a durable topic, oldest first, and where the topic stands."""

    epoch: int
    last: int
    messages: tuple[Message, ...]


class TradingRecords:
    """Reads records with the token of the reader that needs them."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)

    async def after(
        self, topic: str, sequence: int, until: int | None, token: str
    ) -> StoredRecords:
        """Return the records after a sequence number, at least up to ``until``."""
        await self._take_turn()
        try:
            return await self._after(topic, sequence, until, token)
        finally:
            self._turn.release()

    async def _take_turn(self) -> None:
        """Wait no longer than for an answer: behind reads that hang it would be for ever."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Unavailable(UNREADABLE, dependency="trading") from error

    async def _after(
        self, topic: str, sequence: int, until: int | None, token: str
    ) -> StoredRecords:
        stub = rpc.TradingEventServiceStub(self._peers.channel("trading"))
        found: list[Message] = []
        answer = await _list(stub, topic, sequence, token)
        oldest = (answer.last_sequence if until is None else until) - MOST_RECORDS
        if oldest > sequence:
            answer = await _list(stub, topic, oldest, token)
        while True:
            found += (_message(record) for record in answer.records)
            if len(answer.records) < PAGE_SIZE or found[-1].sequence >= (until or _ENDLESS):
                return StoredRecords(answer.epoch, answer.last_sequence, tuple(found))
            answer = await _list(stub, topic, found[-1].sequence, token)


_ENDLESS = 2**64


async def _list(
    stub: "rpc.TradingEventServiceAsyncStub", topic: str, after: int, token: str
) -> service_pb.ListTopicRecordsResponse:
    request = service_pb.ListTopicRecordsRequest(
        topic=topic, after_sequence=after, page_size=PAGE_SIZE
    )
    metadata = (("authorization", f"Bearer {token}"),)
    try:
        return await stub.ListTopicRecords(request, timeout=TIMEOUT_S, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.PERMISSION_DENIED:
            raise NotAllowed(f"the records of {topic} may not be read") from error
        raise Unavailable(UNREADABLE, dependency="trading") from error


def _message(record: pb.TopicRecord) -> Message:
    kind = record.WhichOneof("payload") or "order"
    payload = getattr(record, kind).SerializeToString()
    time_ns = timestamp_from(record.publish_time, "publish_time")
    return Message(record.topic, record.epoch, record.sequence, 1, time_ns, payload)


PERFORMANCES_A_SECOND = 1.0
"""Of each topic: people read them, and each costs analytics a computation."""


class PerformanceMaker:
    """Has analytics compute what a reader wants, with the reader's own token."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def events(self, topic: str, token: str) -> AsyncGenerator[bytes]:
        """Yield performances as they change; raises NotFound, or Unavailable when they end."""
        (_, account, *rest) = topics.split(topic)
        portfolio = performance_pb2.Portfolio(account=account, strategy="".join(rest))
        request = performance_service_pb2.WatchPerformanceRequest(
            portfolio=portfolio, max_rate=PERFORMANCES_A_SECOND
        )
        stub = PerformanceServiceStub(self._peers.channel("analytics"))
        call = stub.WatchPerformance(request, metadata=(("authorization", f"Bearer {token}"),))
        try:
            async for answer in call:
                if answer.HasField("performance"):
                    yield _bare(answer.performance).SerializeToString(deterministic=True)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                raise NotFound("portfolio", topic) from error
            raise Unavailable(f"{topic} cannot be made now", dependency="analytics") from error
        finally:
            call.cancel()


def _bare(found: performance_pb2.Performance) -> performance_pb2.Performance:
    """Leave out what metrics mean: ComputePerformance tells, and it is most of the bytes."""
    for metric in found.metrics:
        metric.title = metric.formula = metric.source = ""
    return found
