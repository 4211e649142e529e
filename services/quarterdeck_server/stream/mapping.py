"""Between the contract and the words of the area."""

from collections.abc import Sequence
from functools import singledispatch

from google.protobuf.message import DecodeError

from quarterdeck.api.marketdata.v1.status_pb2 import (
    TRADING_PHASE_CLOSED,
    TRADING_PHASE_HALTED,
)
from quarterdeck.api.stream.v1 import (
    connection_pb2,
    connection_service_pb2,
    control_pb2,
    stream_service_pb2,
    subscription_pb2,
)
from quarterdeck.api.type.v1.error_reason_pb2 import ErrorReason
from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.patterns import names
from quarterdeck_server.runtime.convert import duration_to, timestamp_to
from quarterdeck_server.runtime.status import code_of
from quarterdeck_server.stream.connection import Connection
from quarterdeck_server.stream.domain import (
    LATEST_BY_DEFAULT,
    Control,
    Cursor,
    CursorInvalid,
    Delivery,
    Ended,
    Gap,
    Heartbeat,
    Recovered,
    SessionOpened,
    Skipped,
    Stale,
    Subscribed,
    Subscription,
    Unsubscribed,
)
from quarterdeck_server.stream.engine.phases import Phase

MAX_TOPICS_SHOWN = 100
SUMMED = (
    "connections",
    "sent_events",
    "sent_frames",
    "sent_bytes",
    "cut_readers",
    "lost_events",
)
NS = 1_000_000_000
RESTING = frozenset({TRADING_PHASE_CLOSED, TRADING_PHASE_HALTED})
type Cursors = dict[str, tuple[Cursor, str]]


def subscription_from(
    message: subscription_pb2.Subscription, kinds: Sequence[str], field: str
) -> Subscription:
    """Read a subscription; the delivery it leaves open follows from its kind."""
    topics.check(message.topic, kinds, f"{field}.topic")
    _check_exclude(message, field)
    delivery = _delivery_from(message)
    if message.max_rate and delivery is Delivery.ALL:
        raise InvalidField(f"{field}.max_rate", "is possible with DELIVERY_LATEST only")
    return Subscription(message.topic, delivery, message.max_rate, frozenset(message.exclude))


def _check_exclude(message: subscription_pb2.Subscription, field: str) -> None:
    if message.exclude and not topics.is_pattern(message.topic):
        raise InvalidField(f"{field}.exclude", "is possible with a pattern only")
    kind = topics.kind(message.topic)
    for place, excluded in enumerate(message.exclude):
        topics.check(excluded, [kind], f"{field}.exclude[{place}]")


def cursors_from(message: subscription_pb2.Subscription, field: str) -> Cursors:
    """Read the cursors of a subscription, each with its path in the request."""
    found: Cursors = {}
    for place, one in enumerate(message.cursors):
        path = f"{field}.cursors[{place}]"
        if topics.is_pattern(one.topic) or not names(message.topic, one.topic):
            raise CursorInvalid(path, f"must be of a topic that {message.topic} names")
        if not all(one.topic.split("/")):
            raise CursorInvalid(path, "must be of a topic")
        found[one.topic] = (cursor_from(one), path)
    return found


def cursor_from(message: subscription_pb2.Cursor) -> Cursor:
    """Read a cursor."""
    return Cursor(message.topic, message.epoch, message.sequence)


def cursor_to(cursor: Cursor) -> subscription_pb2.Cursor:
    """Write a cursor."""
    return subscription_pb2.Cursor(topic=cursor.topic, epoch=cursor.epoch, sequence=cursor.sequence)


def connection_to(connection: Connection) -> connection_pb2.Connection:
    """Write a connection."""
    return connection_pb2.Connection(
        name=connection.name,
        principal=connection.principal,
        peer=connection.peer,
        user_agent=connection.user_agent,
        open_time=timestamp_to(connection.open_time_ns),
        topics=connection.topics[:MAX_TOPICS_SHOWN],
        subscription_count=len(connection.topics),
        sent_events=connection.sent.events,
        sent_frames=connection.sent.frames,
        sent_bytes=connection.sent.bytes,
        skipped_events=connection.sent.skipped,
        lost_events=connection.sent.lost,
        behind_bytes=connection.behind_bytes,
        behind_ms=connection.behind_s * 1000,
    )


def total_of(
    parts: Sequence[connection_service_pb2.GetConnectionStatsResponse],
) -> connection_service_pb2.GetConnectionStatsResponse:
    """Join what the workers count: each of them sees every topic and everything published."""
    total = connection_service_pb2.GetConnectionStatsResponse(
        topics=max(part.topics for part in parts),
        published_events=max(part.published_events for part in parts),
    )
    for name in SUMMED:
        setattr(total, name, sum(getattr(part, name) for part in parts))
    return total


def phase_from(chunk: bytes) -> Phase:
    """Read an encoded event with the status of an instrument."""
    try:
        (event,) = stream_service_pb2.WatchResponse.FromString(chunk).events
    except (DecodeError, ValueError):
        return Phase(is_open=True, since_ns=0)  # an alarm too many rather than one too few
    return Phase(event.statuses.phase not in RESTING, event.statuses.event_time_ns)


def _delivery_from(message: subscription_pb2.Subscription) -> Delivery:
    if message.delivery:
        return Delivery(message.delivery)
    newest_counts = topics.kind(message.topic) in LATEST_BY_DEFAULT
    return Delivery.LATEST if newest_counts or message.max_rate else Delivery.ALL


@singledispatch
def control_to(control: Control) -> control_pb2.Control:
    """Write what a stream says about itself."""
    raise TypeError(type(control).__name__)


@control_to.register
def _(control: SessionOpened) -> control_pb2.Control:
    limits = control_pb2.StreamLimits(
        streams=control.streams,
        subscriptions_per_stream=control.subscriptions,
        opens_per_minute=control.opens_per_minute,
    )
    return control_pb2.Control(
        session_opened=control_pb2.SessionOpened(
            session_id=control.session,
            resume_window=duration_to(control.resume_window_s),
            heartbeat_interval=duration_to(control.heartbeat_interval_s),
            limits=limits,
        )
    )


@control_to.register
def _(control: Subscribed) -> control_pb2.Control:
    subscribed = control_pb2.Subscribed(
        topic=control.topic,
        delivery=subscription_pb2.Delivery.ValueType(control.delivery.value),
        head=cursor_to(control.head) if control.head else None,
    )
    return control_pb2.Control(subscribed=subscribed)


@control_to.register
def _(control: Unsubscribed) -> control_pb2.Control:
    return control_pb2.Control(unsubscribed=control_pb2.Unsubscribed(topic=control.topic))


@control_to.register
def _(control: Heartbeat) -> control_pb2.Control:
    cursors = [cursor_to(cursor) for cursor in control.cursors]
    heartbeat = control_pb2.Heartbeat(server_time_ns=control.time_ns, cursors=cursors)
    return control_pb2.Control(heartbeat=heartbeat)


@control_to.register
def _(control: Stale) -> control_pb2.Control:
    stale = control_pb2.Stale(
        topic=control.topic,
        silent_for=duration_to(control.silent_ns / NS),
        note=control.note,
    )
    return control_pb2.Control(stale=stale)


@control_to.register
def _(control: Recovered) -> control_pb2.Control:
    silent_for = duration_to(control.silent_ns / NS)
    recovered = control_pb2.Recovered(topic=control.topic, silent_for=silent_for)
    return control_pb2.Control(recovered=recovered)


@control_to.register
def _(control: Gap) -> control_pb2.Control:
    gap = control_pb2.Gap(
        topic=control.topic,
        epoch=control.epoch,
        first_lost_sequence=control.first,
        last_lost_sequence=control.last,
        cause=control_pb2.GapCause.ValueType(control.cause.value),
    )
    return control_pb2.Control(gap=gap)


@control_to.register
def _(control: Skipped) -> control_pb2.Control:
    skipped = control_pb2.Skipped(
        topic=control.topic, count=control.count, last_sequence=control.last
    )
    return control_pb2.Control(skipped=skipped)


@control_to.register
def _(control: Ended) -> control_pb2.Control:
    error = control_pb2.StreamError(
        code=code_of(control.error).value[0],
        reason=ErrorReason.Value(f"ERROR_REASON_{control.error.reason}"),
        message=str(control.error),
        resumable=control.resumable,
    )
    return control_pb2.Control(error=error)
