"""The tables that a tearsheet is made of."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from quarterdeck_server.analytics.domain.months import Month
from quarterdeck_server.analytics.domain.studying import Study
from quarterdeck_server.analytics.domain.windows import Windows
from quarterdeck_server.analytics.reports.measures import measures
from quarterdeck_server.analytics.reports.words import date_of
from quarterdeck_server.kernel.table import Column, Kind, Table
from quarterdeck_server.quant.drawdown import Spell
from quarterdeck_server.quant.series import Dates


def metrics(study: Study) -> Table:
    """List the metrics, as numbers; where there is none, the state says why."""
    found = measures(study.performance)
    return (
        Column("metric", Kind.TEXT, [one.name for one in found]),
        Column("title", Kind.TEXT, [one.definition.title for one in found]),
        Column("value", Kind.NUMBER, [one.estimate.value for one in found]),
        Column("unit", Kind.TEXT, [one.definition.unit.value for one in found]),
        Column("state", Kind.TEXT, [one.estimate.state.value for one in found]),
        Column("count", Kind.WHOLE, [one.estimate.count for one in found]),
        Column("needed", Kind.WHOLE, [one.estimate.needed for one in found]),
        Column("formula", Kind.TEXT, [one.definition.formula for one in found]),
        Column("source", Kind.TEXT, [one.definition.source for one in found]),
    )


def returns(study: Study) -> Table:
    """List the days: returns, growth of one unit, drawdowns, and what the benchmark did."""
    matched = study.matched
    columns = [
        Column("date", Kind.DATE, dates(matched.track.days[1:])),
        Column("return", Kind.NUMBER, matched.track.returns.tolist()),
        Column("growth", Kind.NUMBER, study.curve.growth[1:].tolist()),
        Column("drawdown", Kind.NUMBER, study.curve.drawdowns[1:].tolist()),
    ]
    if matched.benchmark is not None and study.benchmark is not None:
        columns += [
            Column("benchmark_return", Kind.NUMBER, matched.benchmark.tolist()),
            Column("benchmark_growth", Kind.NUMBER, study.benchmark[1:].tolist()),
        ]
    return tuple(columns)


def drawdowns(study: Study) -> Table:
    """List the deepest times under water; one that lasts has no recovery."""
    days, spells = study.matched.track.days, study.curve.deepest

    def at(point: int | None) -> date | None:
        return None if point is None else date_of(int(days[point].astype(np.int64)))

    return (
        Column("peak_date", Kind.DATE, [at(one.peak) for one in spells]),
        Column("trough_date", Kind.DATE, [at(one.trough) for one in spells]),
        Column("recovery_date", Kind.DATE, [at(one.recovery) for one in spells]),
        Column("depth", Kind.NUMBER, [one.depth for one in spells]),
        Column("days", Kind.WHOLE, _lengths(spells, days)),
    )


def months(found: Sequence[Month]) -> Table:
    """List the months that have returns."""
    return (
        Column("year", Kind.WHOLE, [one.year for one in found]),
        Column("month", Kind.WHOLE, [one.month for one in found]),
        Column("return", Kind.NUMBER, [one.value for one in found]),
        Column("count", Kind.WHOLE, [one.count for one in found]),
    )


def windows(found: Sequence[Windows]) -> Table:
    """List the windows by their last days; a statistic without a value in one is absent there."""
    days = np.unique(np.concatenate([one.days for one in found]))
    return (
        Column("date", Kind.DATE, dates(days)),
        *(Column(one.statistic.value, Kind.NUMBER, _on(days, one)) for one in found),
    )


def dates(days: Dates) -> list[date]:
    """Return days as dates."""
    return [date_of(number) for number in days.astype(np.int64).tolist()]


def _lengths(spells: Sequence[Spell], days: Dates) -> list[int]:
    return [one.days(days) for one in spells]


def _on(days: Dates, found: Windows) -> list[float | None]:
    values: list[float | None] = [None] * len(days)
    places = np.searchsorted(days, found.days).tolist()
    for place, value in zip(places, found.values.tolist(), strict=True):
        values[place] = value
    return values
