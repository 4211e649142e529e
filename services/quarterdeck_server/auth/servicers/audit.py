"""AuditService: proves afterwards what happened and who decided it."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from quarterdeck.api.auth.v1 import audit_event_pb2
from quarterdeck.api.auth.v1 import audit_service_pb2 as pb
from quarterdeck.api.auth.v1 import audit_service_pb2_grpc as rpc
from quarterdeck_server.auth.domain.audit import AuditEvent, check_range
from quarterdeck_server.auth.mapping import audit as mapping
from quarterdeck_server.auth.ports import AuditLog
from quarterdeck_server.kernel import page
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.service import Context

PAGE, LARGEST_PAGE = 100, 1_000
LIST = "ListAuditEvents"
STREAMED_AT_ONCE = 500
WATCH_PAUSE_S = 0.5
HEARTBEAT_S = 5.0


class AuditServicer(rpc.AuditServiceServicer):
    """Serves the audit log."""

    def __init__(self, audit: AuditLog, clock: Clock) -> None:
        self._audit, self._clock = audit, clock

    async def ListAuditEvents(
        self, request: pb.ListAuditEventsRequest, context: Context
    ) -> pb.ListAuditEventsResponse:
        question = mapping.filter_from(request)
        size = page.page_size(request.page_size, PAGE, LARGEST_PAGE)
        before = page.decode(request.page_token, LIST, question.values, int)
        found = await self._audit.before(question, int(before[0]) if before else None, size + 1)
        more = page.encode(LIST, question.values, [found[size - 1].id]) if found[size:] else ""
        events = _messages(found[:size])
        return pb.ListAuditEventsResponse(audit_events=events, next_page_token=more)

    async def WatchAuditEvents(
        self, request: pb.WatchAuditEventsRequest, context: Context
    ) -> AsyncIterator[pb.WatchAuditEventsResponse]:
        cursor = request.cursor or await self._audit.head()
        silent_since = float("-inf")
        while True:
            found = await self._audit.after(cursor, STREAMED_AT_ONCE)
            cursor = found[-1].id if found else cursor
            if found or self._clock.monotonic() - silent_since >= HEARTBEAT_S:
                silent_since = self._clock.monotonic()
                yield pb.WatchAuditEventsResponse(audit_events=_messages(found), cursor=cursor)
            if not found:
                await asyncio.sleep(WATCH_PAUSE_S)

    async def VerifyAuditLog(
        self, request: pb.VerifyAuditLogRequest, context: Context
    ) -> pb.VerifyAuditLogResponse:
        first_id = request.first_id or 1
        check_range(first_id, request.last_id)
        last_id = request.last_id or await self._audit.head()
        return mapping.verification_to(await self._audit.verify(first_id, last_id))

    async def ExportAuditLog(
        self, request: pb.ExportAuditLogRequest, context: Context
    ) -> AsyncIterator[pb.ExportAuditLogResponse]:
        last_id, place = await self._audit.head(), 0
        while place < last_id:
            found = await self._audit.after(place, STREAMED_AT_ONCE)
            if not found:
                return
            place = found[-1].id
            events = _messages([event for event in found if event.id <= last_id])
            yield pb.ExportAuditLogResponse(audit_events=events)


def _messages(events: Sequence[AuditEvent]) -> list[audit_event_pb2.AuditEvent]:
    return [mapping.audit_event_to(event) for event in events]
