"""Live profit from the bus, and live performance to messages."""

from google.protobuf.message import DecodeError

from quarterdeck.api.analytics.v1 import performance_pb2
from quarterdeck.api.analytics.v1 import performance_service_pb2 as pb
from quarterdeck.api.trading.v1.portfolio_pb2 import ProfitAndLoss
from quarterdeck_server.analytics.domain.live import LiveProfit, Now, Provisional
from quarterdeck_server.analytics.domain.subject import Choices, Portfolio
from quarterdeck_server.analytics.mapping.performance import performance_to
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.runtime.convert import (
    decimal_from,
    duration_to,
    timestamp_from,
    timestamp_to,
)
from quarterdeck_server.runtime.day import day_to
from quarterdeck_server.runtime.status import to_status


def profit_from(payload: bytes, roll: DayRoll) -> LiveProfit | None:
    """Read a live profit; nothing before the first price or fill, or of what cannot be read."""
    try:
        message = ProfitAndLoss.FromString(payload)
    except DecodeError:
        return None
    if not message.HasField("event_time"):
        return None
    time_ns = timestamp_from(message.event_time, "event_time")
    equity = float(decimal_from(message.equity, "equity")) if message.HasField("equity") else None
    profit = float(decimal_from(message.total_profit, "total_profit"))
    return LiveProfit(roll.day_of(time_ns), time_ns, profit, equity)


def portfolio_from(message: performance_pb2.Portfolio) -> Portfolio:
    """Read of what live metrics are."""
    capital = message.capital if message.HasField("capital") else None
    return Portfolio(message.account, message.strategy, capital)


def now_to(now: Now, choices: Choices, *, defined: bool) -> performance_pb2.Performance:
    """Write metrics as of now; ``defined`` with what each of them means."""
    message = performance_to(now.performance, choices)
    if now.provisional is not None:
        message.provisional_day.CopyFrom(_day_to(now.provisional))
    if not defined:
        for metric in message.metrics:
            metric.title = metric.formula = metric.source = ""
    return message


def answer_to(
    now_ns: int,
    performance: performance_pb2.Performance | None = None,
    heartbeat_s: float | None = None,
) -> bytes:
    """Encode an answer; without a performance it is a heartbeat."""
    answer = pb.WatchPerformanceResponse(
        performance=performance,
        server_time=timestamp_to(now_ns),
        heartbeat_interval=None if heartbeat_s is None else duration_to(heartbeat_s),
    )
    return answer.SerializeToString()


def ended(now_ns: int, error: QuarterdeckError) -> bytes:
    """Encode the answer that says why the stream ends."""
    return pb.WatchPerformanceResponse(
        server_time=timestamp_to(now_ns), error=to_status(error)
    ).SerializeToString()


def _day_to(provisional: Provisional) -> performance_pb2.ProvisionalDay:
    return performance_pb2.ProvisionalDay(
        date=day_to(provisional.day),
        return_so_far=provisional.return_so_far,
        profit=provisional.profit,
        event_time=timestamp_to(provisional.time_ns),
    )
