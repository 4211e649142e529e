"""The lives of orders, and events that were logged, to messages."""

from collections.abc import Sequence

from quarterdeck.api.trading.v1 import order_life_pb2, trading_event_pb2
from quarterdeck.api.trading.v1 import order_life_service_pb2 as pb
from quarterdeck.api.trading.v1 import trading_event_service_pb2 as event_pb
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.convert import range_from, timestamp_to
from quarterdeck_server.trading.domain.life import EventFilter, LifeFilter, Lives
from quarterdeck_server.trading.domain.logged import LoggedEvent

KINDS = tuple(
    field.name for field in trading_event_pb2.TradingEvent.DESCRIPTOR.oneofs_by_name["event"].fields
)
# Where the log's word for a kind is not the contract's.
_RENAMED = {"account_state": "account"}
_FILLS = tuple(order_life_pb2.OrderLifeFills.DESCRIPTOR.fields_by_name)
_ORDERS = tuple(
    name for name in order_life_pb2.OrderLives.DESCRIPTOR.fields_by_name if name != "fills"
)


def life_filter_from(request: pb.ListOrderLivesRequest) -> LifeFilter:
    """Read which orders are wanted."""
    return LifeFilter(request.instrument, request.venue, request.order_type, range_from(request))


def event_filter_from(request: event_pb.ListTradingEventsRequest) -> EventFilter:
    """Read which events are wanted."""
    if request.client_order_id and not request.account:
        raise InvalidField("account", "must be given together with client_order_id")
    for index, kind in enumerate(request.kinds):
        if kind not in KINDS:
            raise InvalidField(f"kinds[{index}]", f"must be one of {', '.join(KINDS)}")
    kinds = tuple(_RENAMED.get(kind, kind) for kind in request.kinds)
    return EventFilter(request.instrument, request.client_order_id, kinds, range_from(request))


def lives_to(lives: Lives, count: int) -> order_life_pb2.OrderLives:
    """Write the first lives."""
    fills = sum(lives.fill_count[:count])
    message = order_life_pb2.OrderLives(
        fills=order_life_pb2.OrderLifeFills(
            **{name: getattr(lives.fills, name)[:fills] for name in _FILLS}
        )
    )
    for name in _ORDERS:
        getattr(message, name).extend(getattr(lives, name)[:count])
    return message


def logged_to(events: Sequence[LoggedEvent]) -> list[trading_event_pb2.LoggedEvent]:
    """Write events of the log."""
    return [
        trading_event_pb2.LoggedEvent(
            position=event.position,
            record_time=timestamp_to(event.record_time_ns),
            node=event.node,
            event=trading_event_pb2.TradingEvent.FromString(event.content),
        )
        for event in events
    ]
