"""ConnectionService: who reads what, and how far behind."""

from quarterdeck.api.stream.v1 import connection_service_pb2 as pb
from quarterdeck.api.stream.v1 import connection_service_pb2_grpc as rpc
from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck_server.kernel import page
from quarterdeck_server.kernel.errors import NotFound
from quarterdeck_server.runtime.caller import Caller, current
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.stream import mapping
from quarterdeck_server.stream.domain import SessionClosed
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.notices import TOPIC, Notices
from quarterdeck_server.stream.session import Session
from quarterdeck_server.stream.sessions import Sessions

MANAGE = "STREAM_MANAGE"
DEFAULT_PAGE, LARGEST_PAGE = 100, 1_000


class ConnectionServicer(rpc.ConnectionServiceServicer):
    """Shows the sessions of this process and closes them."""

    def __init__(self, hub: Hub, sessions: Sessions, notices: Notices) -> None:
        self._hub, self._sessions, self._notices = hub, sessions, notices

    async def ListConnections(
        self, request: pb.ListConnectionsRequest, context: Context
    ) -> pb.ListConnectionsResponse:
        caller = current()
        size = page.page_size(request.page_size, DEFAULT_PAGE, LARGEST_PAGE)
        filters = [request.principal, caller.principal]
        after = page.decode(request.page_token, "ListConnections", filters, int, str)
        found = sorted((_place(one), one) for one in self._visible(caller, request.principal))
        rest = [(place, one) for place, one in found if after is None or place > after]
        token = ""
        if len(rest) > size:
            token = page.encode("ListConnections", filters, rest[size - 1][0])
        shown = [mapping.connection_to(one.show()) for _, one in rest[:size]]
        return pb.ListConnectionsResponse(connections=shown, next_page_token=token)

    async def GetConnection(
        self, request: pb.GetConnectionRequest, context: Context
    ) -> pb.GetConnectionResponse:
        session = self._session(request.name)
        caller = current()
        if session.caller.principal != caller.principal and not caller.has(MANAGE):
            raise NotFound("connection", request.name)
        return pb.GetConnectionResponse(connection=mapping.connection_to(session.show()))

    async def CloseConnection(
        self, request: pb.CloseConnectionRequest, context: Context
    ) -> pb.CloseConnectionResponse:
        self._session(request.name).end(SessionClosed(request.note))
        return pb.CloseConnectionResponse()

    async def GetConnectionStats(
        self, request: pb.GetConnectionStatsRequest, context: Context
    ) -> pb.GetConnectionStatsResponse:
        sent = self._sessions.sent()
        return pb.GetConnectionStatsResponse(
            connections=len(self._sessions),
            topics=len(self._hub.topics),
            published_events=self._hub.counts.published,
            sent_events=sent.events,
            sent_frames=sent.frames,
            sent_bytes=sent.bytes,
            cut_readers=self._sessions.cut_count(),
            lost_events=sent.lost,
        )

    async def BroadcastNotice(
        self, request: pb.BroadcastNoticeRequest, context: Context
    ) -> pb.BroadcastNoticeResponse:
        notice = Notice(severity=request.severity, subject="deck", text=request.text)
        await self._notices.broadcast(notice)
        readers = sum(one.plan.route(TOPIC) is not None for one in self._sessions)
        return pb.BroadcastNoticeResponse(connections=readers)

    def _visible(self, caller: Caller, principal: str) -> list[Session]:
        wanted = principal or (None if caller.has(MANAGE) else caller.principal)
        if wanted not in {None, caller.principal}:
            caller.require(MANAGE)
        return [one for one in self._sessions if wanted in {None, one.caller.principal}]

    def _session(self, name: str) -> Session:
        session = self._sessions.get(name.removeprefix("connections/"))
        if session is None:
            raise NotFound("connection", name)
        return session


def _place(session: Session) -> page.Position:
    return [session.about.open_time_ns, session.about.session]
