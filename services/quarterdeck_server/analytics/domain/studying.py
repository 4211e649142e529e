"""All that a report about a subject says, computed once."""

import math
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.matching import BENCHMARK, Matched
from quarterdeck_server.analytics.domain.months import Month, months_of
from quarterdeck_server.analytics.domain.performance import (
    Curve,
    Performance,
    curve,
    performance,
)
from quarterdeck_server.analytics.domain.windows import Statistic, Windows, windows
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.conventions import Conventions
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.returns import growth_of
from quarterdeck_server.quant.series import FloatArray

TOO_LARGE = "grew to more than a double holds, which no report can show"


@dataclass(frozen=True, slots=True)
class Study:
    """A subject's metrics, its curve and that of its benchmark, its months and windows."""

    matched: Matched
    performance: Performance
    curve: Curve
    benchmark: FloatArray | None
    """What one unit of the benchmark became, shape (n + 1,)."""
    months: tuple[Month, ...]
    windows: tuple[Windows, ...]
    window: int


@dataclass(frozen=True, slots=True)
class Looked:
    """Which statistics are wanted of which windows."""

    statistics: tuple[Statistic, ...]
    window: int


def study(
    matched: Matched,
    conventions: Conventions,
    risk_free: FloatArray | None,
    money_weighted: Estimate | None,
    looked: Looked,
) -> Study:
    """Compute all of it."""
    found = performance(matched, conventions, risk_free, money_weighted)
    rolled = windows(matched, conventions, risk_free, looked.statistics, looked.window)
    other = None if matched.benchmark is None else _grown(matched.benchmark)
    line = _curve(matched)
    return Study(matched, found, line, other, _months(matched), rolled, looked.window)


def _curve(matched: Matched) -> Curve:
    try:
        return curve(matched.track)
    except InvalidField as error:
        raise InvalidField("subject", TOO_LARGE) from error


def _grown(benchmark: FloatArray) -> FloatArray:
    grown = growth_of(benchmark)
    if not np.isfinite(grown).all():
        raise InvalidField(BENCHMARK, TOO_LARGE)
    return grown


def _months(matched: Matched) -> tuple[Month, ...]:
    found = months_of(matched.track)
    if not all(math.isfinite(one.value) for one in found):
        raise InvalidField("subject", TOO_LARGE)
    return found
