"""Performance to messages."""

from dataclasses import replace

import numpy as np
from google.type.date_pb2 import Date

from quarterdeck.api.analytics.v1 import performance_pb2 as pb
from quarterdeck.api.analytics.v1 import performance_service_pb2 as service_pb
from quarterdeck_server.analytics.domain.comparing import Comparison
from quarterdeck_server.analytics.domain.performance import Curve, Performance
from quarterdeck_server.analytics.domain.subject import Choices
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.analytics.domain.windows import DEFAULT_WINDOW, Statistic, Windows
from quarterdeck_server.analytics.mapping.asking import conventions_to
from quarterdeck_server.analytics.mapping.estimate import estimate_to, metrics_to
from quarterdeck_server.quant.drawdown import Spell
from quarterdeck_server.quant.series import Dates
from quarterdeck_server.runtime.day import day_to


def performance_to(found: Performance, choices: Choices) -> pb.Performance:
    """Write the metrics of a subject."""
    track = found.track
    has_any = len(track.returns) > 0
    rate = found.money_weighted
    return pb.Performance(
        metrics=metrics_to(found.metrics),
        conventions=conventions_to(choices),
        count=len(track.returns),
        start_date=_date(track.days, 0) if has_any else None,
        end_date=_date(track.days, -1) if has_any else None,
        currency=track.currency,
        unmatched_days=found.unmatched,
        money_weighted_return=None if rate is None else estimate_to(rate),
    )


def columns_to(track: Track, curve: Curve) -> pb.PerformanceColumns:
    """Write the series behind metrics."""
    return pb.PerformanceColumns(
        days=track.days[1:].astype(np.int64).tolist(),
        returns=track.returns,
        growth=curve.growth[1:],
        drawdown=curve.drawdowns[1:],
    )


def drawdowns_to(track: Track, curve: Curve) -> list[pb.Drawdown]:
    """Write the deepest drawdowns."""
    return [_drawdown_to(spell, track.days) for spell in curve.deepest]


def statistics_from(
    request: service_pb.ComputeRollingRequest,
) -> tuple[tuple[Statistic, ...], int]:
    """Read which statistics are wanted of which windows."""
    names = (pb.RollingMetric.Name(one) for one in request.metrics)
    found = tuple(Statistic[name.removeprefix("ROLLING_METRIC_")] for name in names)
    return found, request.window or DEFAULT_WINDOW


def windows_to(found: Windows) -> pb.RollingColumns:
    """Write a statistic of every window."""
    return pb.RollingColumns(
        metric=pb.RollingMetric.Value(f"ROLLING_METRIC_{found.statistic.name}"),
        days=found.days.astype(np.int64).tolist(),
        values=found.values,
        windows=found.count,
    )


def comparison_to(found: Comparison, choices: Choices) -> service_pb.ComparePerformanceResponse:
    """Write a comparison."""
    chosen = replace(choices, conventions=found.conventions)
    return service_pb.ComparePerformanceResponse(
        performances=[performance_to(one, chosen) for one in found.performances],
        correlations=map(estimate_to, found.correlations),
    )


def _drawdown_to(spell: Spell, days: Dates) -> pb.Drawdown:
    return pb.Drawdown(
        peak_date=_date(days, spell.peak),
        trough_date=_date(days, spell.trough),
        recovery_date=None if spell.recovery is None else _date(days, spell.recovery),
        depth=spell.depth,
        days=spell.days(days),
    )


def _date(days: Dates, place: int) -> Date | None:
    return day_to(int(days[place].astype(np.int64)))
