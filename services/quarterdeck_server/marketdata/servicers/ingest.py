"""IngestService."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from quarterdeck.api.marketdata.v1 import ingest_service_pb2 as pb
from quarterdeck.api.marketdata.v1.ingest_service_pb2_grpc import IngestServiceServicer
from quarterdeck_server.kernel.errors import InvalidField, QuarterdeckError
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain.memory import RequestMemory
from quarterdeck_server.marketdata.domain.publication import Acknowledgement
from quarterdeck_server.marketdata.ingest import Ingest
from quarterdeck_server.marketdata.mapping.publish import (
    Request,
    digest,
    entries_from,
    response_to,
    stream_response_to,
)
from quarterdeck_server.marketdata.rates import Rates
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.service import Context

TURNS = 64

type Answer = Sequence[Acknowledgement]


class IngestServicer(IngestServiceServicer):
    """Takes market data in."""

    def __init__(self, ingest: Ingest, rates: Rates, clock: Clock) -> None:
        self._ingest, self._rates, self._clock = ingest, rates, clock
        self._memory = RequestMemory[Answer]()
        # The same request twice at a time: the second waits for the answer to the first.
        self._turns = [asyncio.Lock() for _ in range(TURNS)]

    async def Publish(self, request: pb.PublishRequest, context: Context) -> pb.PublishResponse:
        return response_to(await self._take(request))

    async def PublishStream(
        self, request_iterator: AsyncIterator[pb.PublishStreamRequest], context: Context
    ) -> pb.PublishStreamResponse:
        # One after the other: the next request is not read before this one is on the bus, so a
        # publisher that floods is held up by flow control and not by our memory.
        requests = rows = 0
        topics: dict[str, Acknowledgement] = {}
        try:
            with self._rates.stream(current().principal):
                async for request in request_iterator:
                    for each in await self._take(request):
                        earlier = topics.get(each.topic)
                        topics[each.topic] = each if earlier is None else each.after(earlier)
                        rows += each.rows
                    requests += 1
        except QuarterdeckError as error:
            error.metadata["accepted_requests"] = str(requests)
            raise
        return stream_response_to(requests, rows, tuple(topics.values()))

    async def _take(self, request: Request) -> Answer:
        try:
            if not request.request_id:
                return await self._publish(request)
            # Who gave up and asks again must get the answer, not a second publication.
            return await asyncio.shield(asyncio.create_task(self._once(request)))
        except InvalidField:
            metrics.REJECTED.inc()
            raise

    async def _once(self, request: Request) -> Answer:
        key = (current().principal, request.request_id)
        async with self._turns[hash(key) % TURNS]:
            return await self._remembered(key, request)

    async def _remembered(self, key: tuple[str, str], request: Request) -> Answer:
        content = digest(request)
        answer = self._memory.recall(key, content, self._clock.monotonic())
        if answer is None:
            answer = await self._publish(request)
            now_s = self._clock.monotonic()
            self._memory.remember(key, content, answer, weight=1 + len(answer), now_s=now_s)
        return answer

    async def _publish(self, request: Request) -> Answer:
        entries = entries_from(request)
        principal = current().principal
        self._rates.admit(principal, sum(len(entry.batch) for entry in entries))
        return await self._ingest.publish(entries, principal)
