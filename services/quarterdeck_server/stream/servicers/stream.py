"""StreamService: live events of every kind."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress

from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck.api.stream.v1 import stream_service_pb2_grpc as rpc
from quarterdeck.api.stream.v1 import subscription_pb2
from quarterdeck_server.kernel import page, topics
from quarterdeck_server.kernel.errors import InvalidField, ScopeForbidden, Unavailable
from quarterdeck_server.runtime.caller import Caller, current
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.runtime.streaming import ReaderGone, writer
from quarterdeck_server.settings import StreamSettings
from quarterdeck_server.stream import bounds, claims, mapping, rights
from quarterdeck_server.stream.domain import (
    CursorInvalid,
    Delivery,
    LimitExceeded,
    SessionOpened,
    Subscription,
)
from quarterdeck_server.stream.encode import KINDS
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.plan import Plan
from quarterdeck_server.stream.opening import Openings
from quarterdeck_server.stream.others import Others
from quarterdeck_server.stream.replay.replays import Replays
from quarterdeck_server.stream.session import Session, Wish
from quarterdeck_server.stream.sessions import Sessions

DEFAULT_PAGE, LARGEST_PAGE = 1_000, 10_000
LARGEST_SNAPSHOT_BYTES = 4 * 1024 * 1024 - 65_536
"""Below what gRPC clients accept, with room for the envelope."""
BREATH = 500
"""So many topics are compared with patterns at once."""
LAG_S = 1.0
LAG_PAUSE_S = 0.05


class StreamServicer(rpc.StreamServiceServicer):
    """Opens sessions, changes them, and answers what topics there are."""

    def __init__(
        self,
        hub: Hub,
        sessions: Sessions,
        others: Others,
        openings: Openings,
        replays: Replays,
        settings: StreamSettings,
    ) -> None:
        self._hub, self._sessions, self._settings = hub, sessions, settings
        self._others, self._openings, self._replays = others, openings, replays

    # It writes encoded frames to the context itself: awaiting the write is the backpressure.
    async def Watch(  # type: ignore[override]
        self, request: pb.WatchRequest, context: Context
    ) -> None:
        caller = current()
        self._openings.enter(caller.principal)
        wish = await self._wish(request.subscriptions, caller, "subscriptions")
        bounds.check(wish.subscriptions, self._settings, "subscriptions")
        metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
        peer = metadata.get("x-forwarded-for") or context.peer()
        agent = metadata.get("user-agent", "")
        interval = self._interval(request)
        async with self._sessions.opened(caller, peer, agent, interval) as session:
            await session.begin(wish, [self._opening(session)])
            with suppress(ReaderGone):
                await session.run(writer(context))

    async def UpdateSubscription(
        self, request: pb.UpdateSubscriptionRequest, context: Context
    ) -> pb.UpdateSubscriptionResponse:
        if (owner := self._others.owner_of(request.session_id, context)) is not None:
            answer: pb.UpdateSubscriptionResponse = await self._others.pass_on(
                owner, lambda c: rpc.StreamServiceStub(c).UpdateSubscription, request, context
            )
            return answer
        caller = current()
        session = self._sessions.of_principal(request.session_id, caller.principal)
        wish = await self._wish(request.add, caller, "add")

        def admit(plan: Plan) -> None:
            bounds.check(plan.subscriptions.values(), self._settings, "add")
            rights.admit_all(caller, plan.subscriptions.values())

        await session.change(wish, request.remove, caller, admit)
        return pb.UpdateSubscriptionResponse(topics=session.plan.subscriptions)

    async def GetSnapshot(
        self, request: pb.GetSnapshotRequest, context: Context
    ) -> pb.GetSnapshotResponse:
        caller = current()
        for place, name in enumerate(request.topics):
            topics.check(name, KINDS, f"topics[{place}]")
            rights.admit(caller, name, f"topics[{place}]")
        wanted = [Subscription(name, Delivery.LATEST) for name in dict.fromkeys(request.topics)]
        bounds.check(wanted, self._settings, "topics")
        data = b"".join(await self._newest(Plan(wanted, rights.scope_of(caller))))
        if len(data) > LARGEST_SNAPSHOT_BYTES:
            raise LimitExceeded("bytes of a snapshot", LARGEST_SNAPSHOT_BYTES)
        return pb.GetSnapshotResponse(events=pb.WatchResponse.FromString(data).events)

    async def ListTopics(
        self, request: pb.ListTopicsRequest, context: Context
    ) -> pb.ListTopicsResponse:
        caller = current()
        size = page.page_size(request.page_size, DEFAULT_PAGE, LARGEST_PAGE)
        after = page.decode(request.page_token, "ListTopics", [request.prefix])
        names = sorted(
            name
            for name in self._hub.topics
            if name.startswith(request.prefix)
            and (after is None or name > str(after[0]))
            and rights.may_read(caller, name)
        )
        shown = [mapping.cursor_to(self._hub.topics[name].cursor) for name in names[:size]]
        token = ""
        if len(names) > size:
            token = page.encode("ListTopics", [request.prefix], [names[size - 1]])
        return pb.ListTopicsResponse(topics=shown, next_page_token=token)

    async def Replay(  # type: ignore[override]
        self, request: pb.ReplayRequest, context: Context
    ) -> AsyncIterator[bytes]:
        caller = current()
        self._openings.enter(caller.principal)
        async with aclosing(self._replays.play(request, caller)) as frames:
            async for frame in frames:
                yield frame

    async def _newest(self, plan: Plan) -> list[bytes]:
        """Return the newest event of each topic of a plan; readers have their turn meanwhile."""
        found: list[bytes] = []
        for place, (name, topic) in enumerate(tuple(self._hub.topics.items()), start=1):
            if topic.newest is not None and plan.route(name) is not None:
                found.append(topic.newest)
            if place % BREATH == 0:
                await asyncio.sleep(0)
        return found

    def _interval(self, request: pb.WatchRequest) -> float:
        if request.HasField("heartbeat_interval"):
            return request.heartbeat_interval.ToTimedelta().total_seconds()
        return self._settings.heartbeat.total_seconds()

    def _opening(self, session: Session) -> SessionOpened:
        return SessionOpened(
            session.about.session,
            self._settings.ring_window.total_seconds(),
            session.about.heartbeat_s,
            self._settings.streams_per_principal,
            self._settings.subscriptions_per_stream,
            self._settings.opens_per_minute,
        )

    async def _wish(
        self, messages: Sequence[subscription_pb2.Subscription], caller: Caller, field: str
    ) -> Wish:
        """Read subscriptions and check every topic of them."""
        bounds.check_sizes(messages, self._settings, field)
        found = {}
        cursors: mapping.Cursors = {}
        scope = rights.scope_of(caller)
        for place, message in enumerate(messages):
            path = f"{field}[{place}]"
            if message.topic in found:
                raise InvalidField(f"{path}.topic", "is named twice")
            found[message.topic] = mapping.subscription_from(message, KINDS, path)
            rights.admit(caller, message.topic, f"{path}.topic")
            cursors |= mapping.cursors_from(message, path)
        for topic, (_, path) in cursors.items():
            if not scope.covers(topic):
                raise ScopeForbidden(f"{path}.topic", topic)
        await self._check_not_ahead(cursors)
        return Wish(tuple(found.values()), cursors)

    async def _check_not_ahead(self, cursors: mapping.Cursors) -> None:
        """Refuse cursors beyond the head; another worker may be ahead of this one by a moment."""
        give_up_at = asyncio.get_running_loop().time() + LAG_S
        while ahead := [one for one in cursors.values() if self._hub.is_before(one[0])]:
            if asyncio.get_running_loop().time() > give_up_at:
                for cursor, path in ahead:
                    if not claims.may_lag(self._hub, cursor.topic):
                        raise CursorInvalid(path, claims.BEYOND)
                raise Unavailable("this worker is behind the cursors", dependency="redis")
            await asyncio.sleep(LAG_PAUSE_S)
