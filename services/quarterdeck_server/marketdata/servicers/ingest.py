"""IngestService."""

import asyncio

from quarterdeck.api.marketdata.v1 import ingest_service_pb2 as pb
from quarterdeck.api.marketdata.v1.ingest_service_pb2_grpc import IngestServiceServicer
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain.memory import RequestMemory
from quarterdeck_server.marketdata.ingest import Ingest
from quarterdeck_server.marketdata.mapping.publish import digest, entries_from, response_to
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.service import Context

TURNS = 64


class IngestServicer(IngestServiceServicer):
    """Takes market data in."""

    def __init__(self, ingest: Ingest, clock: Clock) -> None:
        self._ingest, self._clock = ingest, clock
        self._memory = RequestMemory[pb.PublishResponse]()
        # The same request twice at a time: the second waits for the answer to the first.
        self._turns = [asyncio.Lock() for _ in range(TURNS)]

    async def Publish(self, request: pb.PublishRequest, context: Context) -> pb.PublishResponse:
        try:
            if not request.request_id:
                return await self._publish(request)
            # Who gave up and asks again must get the answer, not a second publication.
            return await asyncio.shield(asyncio.create_task(self._once(request)))
        except InvalidField:
            metrics.REJECTED.inc()
            raise

    async def _once(self, request: pb.PublishRequest) -> pb.PublishResponse:
        key = (current().principal, request.request_id)
        async with self._turns[hash(key) % TURNS]:
            return await self._remembered(key, request)

    async def _remembered(
        self, key: tuple[str, str], request: pb.PublishRequest
    ) -> pb.PublishResponse:
        content = digest(request)
        answer = self._memory.recall(key, content, self._clock.monotonic())
        if answer is None:
            answer = await self._publish(request)
            weight = 1 + len(answer.acknowledgements)
            now_s = self._clock.monotonic()
            self._memory.remember(key, content, answer, weight=weight, now_s=now_s)
        return answer

    async def _publish(self, request: pb.PublishRequest) -> pb.PublishResponse:
        return response_to(await self._ingest.publish(entries_from(request)))
