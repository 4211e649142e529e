"""The charts of a tearsheet."""

import math

import numpy as np

from quarterdeck_server.analytics.domain.studying import Study
from quarterdeck_server.analytics.domain.windows import Statistic, Windows
from quarterdeck_server.analytics.reports.chart import (
    Curve,
    Frame,
    Span,
    Written,
    bars,
    empty,
    lines,
    shortened,
)
from quarterdeck_server.analytics.reports.picture import Picture, Role
from quarterdeck_server.analytics.reports.words import (
    axis_number,
    axis_percent,
    day,
    number,
    percent,
)
from quarterdeck_server.quant.series import Dates, FloatArray

MARKED = 5
"""How many of the worst drawdowns are marked."""
FEWEST = 2
MOST_BARS, FEWEST_BARS = 60, 5
TAIL = 5.0
"""How many standard deviations from the mean the outermost bars are."""
CURVE_POINTS = 161
NOTHING = "Nothing to draw: there is no return yet."
TITLES: dict[Statistic, tuple[str, Written, Written]] = {
    Statistic.SHARPE_RATIO: ("Sharpe ratio", axis_number, number),
    Statistic.VOLATILITY: ("Volatility a year", axis_percent, percent),
}


def growth(study: Study, benchmark: str) -> tuple[Picture, Picture]:
    """Draw what one unit became, and how far it was below its peak."""
    track, curve = study.matched.track, study.curve
    days = track.days.astype(np.float64)
    title = "Growth of one unit"
    if not len(track.returns):
        return _empty(title), _empty("Drawdown")
    curves = [Curve("Subject", days, curve.growth)]
    text = f"One unit became {number(float(curve.growth[-1]), 4)} from {_span(track.days)}."
    if study.benchmark is not None:
        name = f"Benchmark: {shortened(benchmark)}"
        curves.append(Curve(name, days, study.benchmark, Role.BENCHMARK))
        text += f" The benchmark's became {number(float(study.benchmark[-1]), 4)}."
    frame = Frame(title, text, axis_number, height=168.0)
    return lines(frame, curves), _drawdown(study, days)


def _empty(title: str) -> Picture:
    return empty(Frame(title, "", axis_number), NOTHING)


def _drawdown(study: Study, days: FloatArray) -> Picture:
    deepest = study.curve.deepest[:MARKED]
    spans = [
        Span(float(days[one.peak]), float(days[one.last]), str(place))
        for place, one in enumerate(deepest, 1)
    ]
    depth = f"The deepest was {percent(deepest[0].depth)}." if deepest else "There was none."
    text = f"How far the capital was below its peak. {depth}"
    frame = Frame("Drawdown", text, axis_percent)
    curve = Curve("Drawdown", days, study.curve.drawdowns, Role.LOSS)
    return lines(frame, [curve], spans=spans, fills=True)


def rolling(study: Study) -> tuple[Picture, ...]:
    """Draw the statistics of every window, and how the returns are distributed."""
    drawn = (_window(one, study.window) for one in study.windows)
    return (*drawn, _distribution(study.matched.track.returns))


def _window(found: Windows, window: int) -> Picture:
    name, written, in_text = TITLES[found.statistic]
    title = f"{name}, windows of {window:,} periods"
    values = found.values
    if len(values) < FEWEST:
        have = f"of {found.count:,} windows {len(values)} have a value"
        return empty(Frame(title, "", written), f"Nothing to draw: {have}, and a line needs two.")
    low, high = in_text(float(values.min())), in_text(float(values.max()))
    text = f"Between {low} and {high}, at last {in_text(float(values[-1]))}."
    frame = Frame(title, text, written, height=112.0)
    return lines(frame, [Curve(name, found.days.astype(np.float64), values)])


def _distribution(returns: FloatArray) -> Picture:
    title = "Distribution of returns, and the normal one of the same mean and deviation"
    if len(returns) < FEWEST:
        return empty(Frame(title, "", axis_percent), "Nothing to draw: fewer than two returns.")
    mean, deviation = float(returns.mean()), float(returns.std(ddof=1))
    if deviation <= abs(mean) * 1e-13 or not math.isfinite(deviation):
        return empty(Frame(title, "", axis_percent), "Nothing to draw: the returns do not vary.")
    low = max(float(returns.min()), mean - TAIL * deviation)
    high = min(float(returns.max()), mean + TAIL * deviation)
    edges = np.linspace(low, high, _bars(returns, high - low) + 1)
    # What lies further out is counted in the outermost bars, and said.
    outside = int(((returns < low) | (returns > high)).sum())
    counts = np.histogram(np.clip(returns, low, high), edges)[0].astype(np.float64)
    text = f"Mean {percent(mean, 3)}, standard deviation {percent(deviation, 3)}."
    if outside:
        text += f" In the outermost bars are {outside} from beyond {TAIL:g} deviations."
    frame = Frame(title, text, axis_percent, height=112.0)
    scale = len(returns) * float(edges[1] - edges[0])
    return bars(frame, edges, counts, _normal(edges, mean, deviation, scale))


def _bars(returns: FloatArray, width: float) -> int:
    """Return how many bars show the shape (Freedman and Diaconis), within what can be seen."""
    lower, upper = np.quantile(returns, (0.25, 0.75))
    one = 2 * float(upper - lower) / len(returns) ** (1 / 3)
    wanted = math.ceil(min(MOST_BARS, width / one)) if one > 0 else MOST_BARS
    return max(FEWEST_BARS, wanted)


def _normal(edges: FloatArray, mean: float, deviation: float, scale: float) -> Curve:
    across = np.linspace(edges[0], edges[-1], CURVE_POINTS)
    density = np.exp(-(((across - mean) / deviation) ** 2) / 2)
    height = scale / (deviation * math.sqrt(2 * math.pi))
    return Curve("Normal", across, density * height, Role.BENCHMARK)


def _span(days: Dates) -> str:
    first, last = (day(int(days[place].astype(np.int64))) for place in (0, -1))
    return f"{first} to {last}"
