"""Logged events to answers of their stream; what was reported is copied, never read."""

from collections.abc import Iterable

from quarterdeck.api.trading.v1 import trading_event_pb2
from quarterdeck.api.trading.v1 import trading_event_service_pb2 as pb
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.runtime.convert import duration_to, timestamp_to
from quarterdeck_server.runtime.encoded import field
from quarterdeck_server.runtime.status import to_status
from quarterdeck_server.trading.domain.logged import LogCursor, LoggedEvent

EVENTS = pb.WatchTradingResponse.EVENTS_FIELD_NUMBER
CONTENT = trading_event_pb2.LoggedEvent.EVENT_FIELD_NUMBER

type Answer = pb.WatchTradingResponse


def cursor_from(request: pb.WatchTradingRequest) -> LogCursor | None:
    """Read where to continue, if the request says."""
    if not request.HasField("cursor"):
        return None
    return LogCursor(request.cursor.epoch, request.cursor.position)


def answer_to(
    cursor: LogCursor, newest: int, now_ns: int, heartbeat_s: float | None = None
) -> Answer:
    """Write an answer without events: the first one, or a heartbeat."""
    return pb.WatchTradingResponse(
        cursor=trading_event_pb2.LogCursor(epoch=cursor.epoch, position=cursor.position),
        newest_position=newest,
        server_time=timestamp_to(now_ns),
        heartbeat_interval=None if heartbeat_s is None else duration_to(heartbeat_s),
    )


def encoded(answer: Answer, events: Iterable[LoggedEvent] = ()) -> bytes:
    """Encode an answer with its events."""
    # Joined encoded messages merge.
    return b"".join((*(field(EVENTS, _content(one)) for one in events), answer.SerializeToString()))


def ended(answer: Answer, error: QuarterdeckError) -> bytes:
    """Encode the answer that says why the stream ends."""
    answer.error.CopyFrom(to_status(error))
    return answer.SerializeToString()


def _content(event: LoggedEvent) -> bytes:
    head = trading_event_pb2.LoggedEvent(
        position=event.position, record_time=timestamp_to(event.record_time_ns), node=event.node
    )
    return head.SerializeToString() + field(CONTENT, event.content)
