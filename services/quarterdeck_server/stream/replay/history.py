"""The market data area's history, page by page, with the token of who replays it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import grpc
from google.protobuf.message import Message

from quarterdeck.api.marketdata.v1 import history_service_pb2 as pb
from quarterdeck.api.marketdata.v1 import history_service_pb2_grpc as rpc
from quarterdeck.api.marketdata.v1.bar_pb2 import BarOrigin
from quarterdeck.api.marketdata.v1.hole_pb2 import Hole
from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import (
    InstrumentNotFound,
    NotAllowed,
    NotAuthenticated,
    Unavailable,
)
from quarterdeck_server.kernel.topics import TopicInvalid
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.runtime.peers import Peers
from quarterdeck_server.stream.domain import Gap, GapCause
from quarterdeck_server.stream.replay.track import Page

LARGEST_PAGE, SMALLEST_PAGE = 2_000, 100
MOST_ROWS = 20_000
"""Rows in the pages of all topics together; as many are read ahead."""
MOST_AT_ONCE = 8
HOLES_SIZE = 1_000
TIMEOUT_S = 10.0
ATTEMPTS = 5
PAUSE_S = 0.5

type Listing = pb.ListQuotesRequest | pb.ListTradesRequest | pb.ListBarsRequest


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open range of event times to play."""

    start_ns: int
    end_ns: int


class History:
    """Reads history for one replay."""

    def __init__(self, peers: Peers, token: str, window: Window, topics: int) -> None:
        self._page_size = max(SMALLEST_PAGE, min(LARGEST_PAGE, MOST_ROWS // topics))
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)
        self._stub = rpc.HistoryServiceStub(peers.channel("marketdata"))
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._window = window

    def pages(self, topic: str, field: str) -> AsyncIterator[Page]:
        """Read the pages of a topic; ``field`` is where it was named."""
        kind, *between, instrument = topics.split(topic)
        if kind == "bars":
            return self._bars(topic, (between[0], instrument), field)
        return (self._quotes if kind == "quotes" else self._trades)(topic, instrument, field)

    async def holes(self, topic: str) -> list[tuple[int, Gap]]:
        """Return what history lacks of a topic in the window, with the event times."""
        found: list[Hole] = []
        request = pb.ListHolesRequest(topic=topic, page_size=HOLES_SIZE)
        while True:
            answer: pb.ListHolesResponse = await self._ask(self._stub.ListHoles, request, topic, "")
            found += answer.holes
            if not answer.next_page_token:
                break
            request.page_token = answer.next_page_token
        return [self._gap(hole) for hole in found if self._is_within(hole)]

    def _is_within(self, hole: Hole) -> bool:
        if hole.HasField("fill_time"):
            return False
        if not hole.last_event_time_ns:
            return True  # nobody knows when it was: better announced than not
        window = self._window
        return (
            hole.last_event_time_ns >= window.start_ns and hole.first_event_time_ns < window.end_ns
        )

    def _gap(self, hole: Hole) -> tuple[int, Gap]:
        time_ns = max(hole.first_event_time_ns, self._window.start_ns)
        lost = hole.first_sequence, hole.last_sequence
        return time_ns, Gap(hole.topic, hole.epoch, *lost, GapCause.CURSOR_TOO_OLD)

    async def _quotes(self, topic: str, instrument: str, field: str) -> AsyncIterator[Page]:
        request = pb.ListQuotesRequest(instrument=instrument, page_size=self._page_size)
        ask = self._stub.ListQuotes
        async for answer in self._answers(ask, self._within(request), topic, field):
            rows = answer.quotes
            yield _page(rows, rows.event_time_ns, answer.epoch, answer.sequence)

    async def _trades(self, topic: str, instrument: str, field: str) -> AsyncIterator[Page]:
        request = pb.ListTradesRequest(instrument=instrument, page_size=self._page_size)
        ask = self._stub.ListTrades
        async for answer in self._answers(ask, self._within(request), topic, field):
            rows = answer.trades
            yield _page(rows, rows.event_time_ns, answer.epoch, answer.sequence)

    async def _bars(self, topic: str, name: tuple[str, str], field: str) -> AsyncIterator[Page]:
        interval, instrument = name
        # What is played again was published once: bars that are made for a query never were.
        request = pb.ListBarsRequest(
            instrument=instrument,
            interval=interval,
            origin=BarOrigin.BAR_ORIGIN_RECORDED,
            page_size=self._page_size,
        )
        ask, sequence = self._stub.ListBars, 1
        async for answer in self._answers(ask, self._within(request), topic, field):
            count = len(answer.bars.close_time_ns)
            numbers = range(sequence, sequence + count)
            yield _page(answer.bars, answer.bars.close_time_ns, [0] * count, numbers)
            sequence += count

    async def _answers[R: pb.ListQuotesResponse | pb.ListTradesResponse | pb.ListBarsResponse](
        self, ask: Callable[..., Awaitable[R]], request: Listing, topic: str, field: str
    ) -> AsyncIterator[R]:
        while True:
            answer = await self._ask(ask, request, topic, field)
            yield answer
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    def _within(self, request: Listing) -> Listing:
        request.start_time.CopyFrom(timestamp_to(self._window.start_ns))
        request.end_time.CopyFrom(timestamp_to(self._window.end_ns))
        return request

    async def _ask[Request, Response](
        self,
        ask: Callable[..., Awaitable[Response]],
        request: Request,
        topic: str,
        field: str,
    ) -> Response:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._turn:
                    return await ask(request, timeout=TIMEOUT_S, metadata=self._metadata)
            except grpc.aio.AioRpcError as error:
                if attempt == ATTEMPTS or error.code() is not grpc.StatusCode.UNAVAILABLE:
                    _refuse(error, topic, field)
            await asyncio.sleep(PAUSE_S)
        raise AssertionError(attempt)


def _refuse(error: grpc.aio.AioRpcError, topic: str, field: str) -> NoReturn:
    """Say what history said, in the words of a replay."""
    match error.code():
        case grpc.StatusCode.NOT_FOUND:
            raise InstrumentNotFound(topics.split(topic)[-1]) from error
        case grpc.StatusCode.INVALID_ARGUMENT:
            raise TopicInvalid(field, topic, f"cannot be played: {error.details()}") from error
        case grpc.StatusCode.PERMISSION_DENIED:
            raise NotAllowed(f"the history of {topic} may not be read") from error
        case grpc.StatusCode.UNAUTHENTICATED:
            text = "the access token no longer holds"
            raise NotAuthenticated("TOKEN_EXPIRED", text) from error
    text = "history cannot be read now"
    raise Unavailable(text, dependency="marketdata") from error


def _page(
    rows: Message, times_ns: Iterable[int], epochs: Sequence[int], sequences: Sequence[int]
) -> Page:
    return Page(list(times_ns), epochs, sequences, lambda start, end: _part(rows, start, end))


def _part(rows: Message, start: int, end: int) -> bytes:
    """Encode some rows of a batch: a part of each column, and what all rows share."""
    part = type(rows)()
    for field, value in rows.ListFields():
        if field.is_repeated:
            getattr(part, field.name).extend(value[start:end])
        else:
            setattr(part, field.name, value)
    return part.SerializeToString()
