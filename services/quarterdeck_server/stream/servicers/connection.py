"""ConnectionService: who reads what, and how far behind, whichever worker serves it."""

from quarterdeck.api.stream.v1 import connection_pb2
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
from quarterdeck_server.stream.notices import Notices
from quarterdeck_server.stream.others import Others, list_connections
from quarterdeck_server.stream.session import Session
from quarterdeck_server.stream.sessions import Sessions

MANAGE = "STREAM_MANAGE"
DEFAULT_PAGE, LARGEST_PAGE = 100, 1_000


class ConnectionServicer(rpc.ConnectionServiceServicer):
    """Shows the sessions of this worker, and asks the other workers for theirs."""

    def __init__(self, hub: Hub, sessions: Sessions, others: Others, notices: Notices) -> None:
        self._hub, self._sessions, self._notices = hub, sessions, notices
        self._others = others

    async def ListConnections(
        self, request: pb.ListConnectionsRequest, context: Context
    ) -> pb.ListConnectionsResponse:
        caller = current()
        size = page.page_size(request.page_size, DEFAULT_PAGE, LARGEST_PAGE)
        filters = [request.principal, caller.principal]
        after = page.decode(request.page_token, "ListConnections", filters, int, str)
        found = {_place(one): one for one in self._visible(caller, request.principal)}
        start = (int(after[0]), str(after[1])) if after else (0, "")
        here = sorted(place for place in found if place > start)[: size + 1]
        shown = [(place, self._show(found[place])) for place in here]
        for answer in await self._others.ask_all(list_connections, request, context):
            shown += [(_place_of(one), one) for one in answer.connections]
        shown.sort(key=lambda pair: pair[0])
        token = ""
        if len(shown) > size:
            token = page.encode("ListConnections", filters, [*shown[size - 1][0]])
        connections = [connection for _, connection in shown[:size]]
        return pb.ListConnectionsResponse(connections=connections, next_page_token=token)

    async def GetConnection(
        self, request: pb.GetConnectionRequest, context: Context
    ) -> pb.GetConnectionResponse:
        if (owner := self._others.owner_of(_session_of(request.name), context)) is not None:
            answer: pb.GetConnectionResponse = await self._others.pass_on(
                owner, lambda c: rpc.ConnectionServiceStub(c).GetConnection, request, context
            )
            return answer
        session = self._session(request.name)
        caller = current()
        if session.caller.principal != caller.principal and not caller.has(MANAGE):
            raise NotFound("connection", request.name)
        return pb.GetConnectionResponse(connection=self._show(session))

    async def CloseConnection(
        self, request: pb.CloseConnectionRequest, context: Context
    ) -> pb.CloseConnectionResponse:
        if (owner := self._others.owner_of(_session_of(request.name), context)) is not None:
            answer: pb.CloseConnectionResponse = await self._others.pass_on(
                owner, lambda c: rpc.ConnectionServiceStub(c).CloseConnection, request, context
            )
            return answer
        self._session(request.name).end(SessionClosed(request.note))
        return pb.CloseConnectionResponse()

    async def GetConnectionStats(
        self, request: pb.GetConnectionStatsRequest, context: Context
    ) -> pb.GetConnectionStatsResponse:
        others = await self._others.ask_all(
            lambda c: rpc.ConnectionServiceStub(c).GetConnectionStats, request, context
        )
        return mapping.total_of([self._stats(), *others])

    async def BroadcastNotice(
        self, request: pb.BroadcastNoticeRequest, context: Context
    ) -> pb.BroadcastNoticeResponse:
        notice = Notice(severity=request.severity, subject="deck", text=request.text)
        await self._notices.broadcast(notice)
        readers = self._sessions.census().notice_readers + self._others.directory.notice_readers()
        return pb.BroadcastNoticeResponse(connections=readers)

    def _stats(self) -> pb.GetConnectionStatsResponse:
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

    def _show(self, session: Session) -> connection_pb2.Connection:
        shown = mapping.connection_to(session.show())
        shown.worker = self._sessions.worker
        return shown

    def _visible(self, caller: Caller, principal: str) -> list[Session]:
        wanted = principal or (None if caller.has(MANAGE) else caller.principal)
        if wanted not in {None, caller.principal}:
            caller.require(MANAGE)
        return [one for one in self._sessions if wanted in {None, one.caller.principal}]

    def _session(self, name: str) -> Session:
        session = self._sessions.get(_session_of(name))
        if session is None:
            raise NotFound("connection", name)
        return session


def _session_of(name: str) -> str:
    return name.removeprefix("connections/")


def _place(session: Session) -> tuple[int, str]:
    return session.about.open_time_ns, session.about.session


def _place_of(connection: connection_pb2.Connection) -> tuple[int, str]:
    return connection.open_time.ToNanoseconds(), _session_of(connection.name)
