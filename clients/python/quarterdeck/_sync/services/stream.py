"""The services of stream; written by ``tools/rpcs.py`` from the contracts."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck._method import Method
from quarterdeck._sync.channel import Channel
from quarterdeck._times import duration, timestamp
from quarterdeck.api.stream.v1.connection_service_pb2 import (
    BroadcastNoticeRequest,
    BroadcastNoticeResponse,
    CloseConnectionRequest,
    CloseConnectionResponse,
    GetConnectionRequest,
    GetConnectionResponse,
    GetConnectionStatsRequest,
    GetConnectionStatsResponse,
    ListConnectionsRequest,
    ListConnectionsResponse,
)
from quarterdeck.api.stream.v1.notice_pb2 import NOTICE_SEVERITY_UNSPECIFIED, NoticeSeverity
from quarterdeck.api.stream.v1.stream_service_pb2 import (
    GetSnapshotRequest,
    GetSnapshotResponse,
    ListTopicsRequest,
    ListTopicsResponse,
    ReplayRequest,
    ReplayResponse,
    UpdateSubscriptionRequest,
    UpdateSubscriptionResponse,
    WatchRequest,
    WatchResponse,
)
from quarterdeck.api.stream.v1.subscription_pb2 import Subscription

LIST_CONNECTIONS = Method[ListConnectionsRequest, ListConnectionsResponse](
    "/quarterdeck.api.stream.v1.ConnectionService/ListConnections",
    ListConnectionsResponse,
    repeatable=True,
)
GET_CONNECTION = Method[GetConnectionRequest, GetConnectionResponse](
    "/quarterdeck.api.stream.v1.ConnectionService/GetConnection",
    GetConnectionResponse,
    repeatable=True,
)
CLOSE_CONNECTION = Method[CloseConnectionRequest, CloseConnectionResponse](
    "/quarterdeck.api.stream.v1.ConnectionService/CloseConnection",
    CloseConnectionResponse,
    repeatable=True,
)
GET_CONNECTION_STATS = Method[GetConnectionStatsRequest, GetConnectionStatsResponse](
    "/quarterdeck.api.stream.v1.ConnectionService/GetConnectionStats",
    GetConnectionStatsResponse,
    repeatable=True,
)
BROADCAST_NOTICE = Method[BroadcastNoticeRequest, BroadcastNoticeResponse](
    "/quarterdeck.api.stream.v1.ConnectionService/BroadcastNotice",
    BroadcastNoticeResponse,
    repeatable=False,
)


class ConnectionService:
    """The live streams: who reads what, and how far behind.

    A principal sees its own connections; PERMISSION_STREAM_MANAGE shows all and closes them.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def list_connections(
        self,
        *,
        principal: str = "",
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListConnectionsResponse:
        """Lists connections, oldest first."""
        request = ListConnectionsRequest(
            principal=principal, page_size=page_size, page_token=page_token
        )
        return self._channel.unary(LIST_CONNECTIONS, request, timeout)

    def get_connection(
        self, *, name: str = "", timeout: float | None = None
    ) -> GetConnectionResponse:
        """Gets one connection.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = GetConnectionRequest(name=name)
        return self._channel.unary(GET_CONNECTION, request, timeout)

    def close_connection(
        self, *, name: str = "", note: str = "", timeout: float | None = None
    ) -> CloseConnectionResponse:
        """Closes a connection with SESSION_CLOSED, after the note was sent to the reader.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = CloseConnectionRequest(name=name, note=note)
        return self._channel.unary(CLOSE_CONNECTION, request, timeout)

    def get_connection_stats(self, *, timeout: float | None = None) -> GetConnectionStatsResponse:
        """Gets totals over all connections."""
        request = GetConnectionStatsRequest()
        return self._channel.unary(GET_CONNECTION_STATS, request, timeout)

    def broadcast_notice(
        self,
        *,
        severity: NoticeSeverity.ValueType = NOTICE_SEVERITY_UNSPECIFIED,
        text: str = "",
        timeout: float | None = None,
    ) -> BroadcastNoticeResponse:
        """Sends a notice to every connection that watches "notices/broadcast" or "notices/*"."""
        request = BroadcastNoticeRequest(severity=severity, text=text)
        return self._channel.unary(BROADCAST_NOTICE, request, timeout)


WATCH = Method[WatchRequest, WatchResponse](
    "/quarterdeck.api.stream.v1.StreamService/Watch", WatchResponse, repeatable=True
)
UPDATE_SUBSCRIPTION = Method[UpdateSubscriptionRequest, UpdateSubscriptionResponse](
    "/quarterdeck.api.stream.v1.StreamService/UpdateSubscription",
    UpdateSubscriptionResponse,
    repeatable=True,
)
GET_SNAPSHOT = Method[GetSnapshotRequest, GetSnapshotResponse](
    "/quarterdeck.api.stream.v1.StreamService/GetSnapshot", GetSnapshotResponse, repeatable=True
)
LIST_TOPICS = Method[ListTopicsRequest, ListTopicsResponse](
    "/quarterdeck.api.stream.v1.StreamService/ListTopics", ListTopicsResponse, repeatable=True
)
REPLAY = Method[ReplayRequest, ReplayResponse](
    "/quarterdeck.api.stream.v1.StreamService/Replay", ReplayResponse, repeatable=True
)


class StreamService:
    """Live events of every kind."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def watch(
        self,
        *,
        subscriptions: Iterable[Subscription] | None = None,
        heartbeat_interval: Duration | timedelta | None = None,
        timeout: float | None = None,
    ) -> Iterator[WatchResponse]:
        """Streams the events of the subscribed topics: for each topic the events after its cursor,
        or its newest one, then every event as it is published.

        Sequence numbers have no hole that a GAP or SKIPPED does not announce. Fails with
        INVALID_ARGUMENT (TOPIC_INVALID, CURSOR_INVALID, FIELD_INVALID), with PERMISSION_DENIED
        (PERMISSION_MISSING, SCOPE_FORBIDDEN) for a topic the caller may not read, with
        RESOURCE_EXHAUSTED (LIMIT_EXCEEDED, READER_TOO_SLOW), with UNAUTHENTICATED (TOKEN_EXPIRED,
        TOKEN_REVOKED) when the token no longer holds, and with UNAVAILABLE (SHUTTING_DOWN,
        SESSION_CLOSED). The reason also comes in the stream, as its last message.
        """
        request = WatchRequest(
            subscriptions=subscriptions, heartbeat_interval=duration(heartbeat_interval)
        )
        return self._channel.stream(WATCH, request, timeout)

    def update_subscription(
        self,
        *,
        session_id: str = "",
        add: Iterable[Subscription] | None = None,
        remove: Iterable[str] | None = None,
        timeout: float | None = None,
    ) -> UpdateSubscriptionResponse:
        """Changes a live stream: takes subscriptions away, adds others, renews its token.

        The stream goes on until the expiry of the token of this call. Fails with NOT_FOUND
        (RESOURCE_NOT_FOUND) if the session is not open or is another principal's, and as Watch
        does.
        """
        request = UpdateSubscriptionRequest(session_id=session_id, add=add, remove=remove)
        return self._channel.unary(UPDATE_SUBSCRIPTION, request, timeout)

    def get_snapshot(
        self, *, topics: Iterable[str] | None = None, timeout: float | None = None
    ) -> GetSnapshotResponse:
        """Gets the newest event of each topic."""
        request = GetSnapshotRequest(topics=topics)
        return self._channel.unary(GET_SNAPSHOT, request, timeout)

    def list_topics(
        self,
        *,
        prefix: str = "",
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListTopicsResponse:
        """Lists the topics that have events and that the caller may read."""
        request = ListTopicsRequest(prefix=prefix, page_size=page_size, page_token=page_token)
        return self._channel.unary(LIST_TOPICS, request, timeout)

    def replay(
        self,
        *,
        topics: Iterable[str] | None = None,
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        speed: float = 0.0,
        heartbeat_interval: Duration | timedelta | None = None,
        timeout: float | None = None,
    ) -> Iterator[ReplayResponse]:
        """Streams recorded market data in the order of their event times, at a chosen speed, in the
        same messages as Watch; ends when the window ends.

        Sequence numbers and epochs are those of the first publication. What history lacks is
        announced by GAP. Fails with INVALID_ARGUMENT (TOPIC_INVALID, FIELD_INVALID) and with
        NOT_FOUND (INSTRUMENT_NOT_FOUND).
        """
        request = ReplayRequest(
            topics=topics,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            speed=speed,
            heartbeat_interval=duration(heartbeat_interval),
        )
        return self._channel.stream(REPLAY, request, timeout)
