"""Changes of orders from the bus, and live execution quality to messages."""

from dataclasses import dataclass

from google.protobuf.message import DecodeError

from quarterdeck.api.analytics.v1 import execution_pb2
from quarterdeck.api.analytics.v1 import execution_service_pb2 as pb
from quarterdeck.api.trading.v1.fill_pb2 import Fill
from quarterdeck.api.trading.v1.order_pb2 import Order
from quarterdeck_server.analytics.domain.execution.quality import QualityWindow
from quarterdeck_server.analytics.mapping.execution import quality_to
from quarterdeck_server.analytics.mapping.order_life import order_type_name
from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.runtime.convert import duration_to, timestamp_to
from quarterdeck_server.runtime.status import to_status


@dataclass(frozen=True, slots=True)
class Change:
    """An order or a fill that changed; a fill does not tell the type of its order."""

    account: str
    strategy: str
    instrument: str
    order_type: str
    time_ns: int


def change_from(topic: str, payload: bytes) -> Change | None:
    """Read what was published of an order or a fill; nothing of what cannot be read."""
    try:
        if topics.kind(topic) == "fills":
            fill = Fill.FromString(payload)
            time_ns = fill.event_time.ToNanoseconds()
            return Change(fill.account, fill.strategy, fill.instrument, "", time_ns)
        order = Order.FromString(payload)
    except DecodeError:
        return None
    name = order_type_name(order.order_type)
    time_ns = order.update_time.ToNanoseconds()
    return Change(order.account, order.strategy, order.instrument, name, time_ns)


def window_to(window: QualityWindow) -> execution_pb2.QualityWindow:
    """Write the quality of a window."""
    message = execution_pb2.QualityWindow(qualities=map(quality_to, window.qualities))
    if window.newest_ns:
        message.start_time.CopyFrom(timestamp_to(window.start_ns))
        message.newest_time.CopyFrom(timestamp_to(window.newest_ns))
    return message


def answer_to(
    now_ns: int, window: QualityWindow | None = None, heartbeat_s: float | None = None
) -> bytes:
    """Encode an answer; without a window it is a heartbeat."""
    return pb.WatchQualityResponse(
        window=None if window is None else window_to(window),
        server_time=timestamp_to(now_ns),
        heartbeat_interval=None if heartbeat_s is None else duration_to(heartbeat_s),
    ).SerializeToString()


def ended(now_ns: int, error: QuarterdeckError) -> bytes:
    """Encode the answer that says why the stream ends."""
    return pb.WatchQualityResponse(
        server_time=timestamp_to(now_ns), error=to_status(error)
    ).SerializeToString()
