"""Aggregates: requests to ranges, columns to messages."""

from collections.abc import Iterable, Sequence
from math import nan

from quarterdeck.api.trading.v1 import aggregate_pb2
from quarterdeck.api.trading.v1 import aggregate_service_pb2 as pb
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.trading.domain.aggregate import (
    ActivityColumns,
    CurveColumns,
    Interval,
)

_INTERVALS = {
    pb.AGGREGATE_INTERVAL_MINUTE: Interval.MINUTE,
    pb.AGGREGATE_INTERVAL_HOUR: Interval.HOUR,
    pb.AGGREGATE_INTERVAL_DAY: Interval.DAY,
}


def interval_from(value: pb.AggregateInterval.ValueType) -> Interval:
    """Read the length of intervals; the contract refuses what is none."""
    return _INTERVALS[value]


def curve_to(
    found: CurveColumns, interval: Interval, roll: DayRoll
) -> aggregate_pb2.EquityAggregateColumns:
    """Write a curve by interval."""
    starts_ns, ends_ns = _spans(found.start_ns, interval, roll)
    return aggregate_pb2.EquityAggregateColumns(
        start_time_ns=starts_ns,
        end_time_ns=ends_ns,
        point_count=found.point_count,
        last_time_ns=found.last_time_ns,
        equity_open=_present(found.equity_open),
        equity_high=_present(found.equity_high),
        equity_low=_present(found.equity_low),
        equity_close=_present(found.equity),
        profit_open=found.profit_open,
        profit_high=found.profit_high,
        profit_low=found.profit_low,
        profit_close=found.profit,
        realised_profit=found.realised_profit,
        unrealised_profit=found.unrealised_profit,
        fees=found.fees,
        income=found.income,
        gross_exposure=_or_nan(found.gross_exposure),
        gross_exposure_high=_or_nan(found.gross_exposure_high),
    )


def activity_to(
    found: ActivityColumns, interval: Interval, roll: DayRoll
) -> aggregate_pb2.ActivityColumns:
    """Write activity by interval."""
    starts_ns, ends_ns = _spans(found.start_ns, interval, roll)
    return aggregate_pb2.ActivityColumns(
        start_time_ns=starts_ns,
        end_time_ns=ends_ns,
        strategy=found.strategy,
        instrument=found.instrument,
        currency=found.currency,
        orders=found.orders,
        rejects=found.rejects,
        cancels=found.cancels,
        fills=found.fills,
        bought_quantity=map(float, found.bought_quantity),
        sold_quantity=map(float, found.sold_quantity),
        bought_value=map(float, found.bought_value),
        sold_value=map(float, found.sold_value),
        fees=map(float, found.fees),
    )


def _spans(starts_ns: Sequence[int], interval: Interval, roll: DayRoll) -> list[tuple[int, ...]]:
    spans = [interval.span(start_ns, roll) for start_ns in starts_ns]
    return list(zip(*spans, strict=True)) or [(), ()]


def _present(values: Iterable[float | None]) -> list[float]:
    """Return values; a strategy has no equity at all."""
    return [value for value in values if value is not None]


def _or_nan(values: Iterable[float | None]) -> list[float]:
    return [nan if value is None else value for value in values]
