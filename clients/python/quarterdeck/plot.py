"""Pictures of performances, with matplotlib, the extra ``quarterdeck[plot]``.

matplotlib is imported when first used. The figures belong to nobody else: no window opens, and
nothing has to be closed. A notebook shows them after ``%matplotlib inline``.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from quarterdeck.api.analytics.v1.performance_pb2 import PerformanceColumns

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EPOCH = date(1970, 1, 1)
SUBJECT, LOSS, RULE = "#1f5fa8", "#a8321f", "#e3e7ed"
WIDTH, HEIGHT = 9.0, 5.0
"""In inches."""
PANEL_HEIGHT = 2.2

type Series = tuple[Sequence[int], Sequence[float]]
"""Days since 1970-01-01, and values."""


def performance_figure(columns: PerformanceColumns) -> "Figure":
    """Draw the growth of one unit and, below it, the drawdowns."""
    figure = _figure(HEIGHT)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    days = _dates(columns.days)
    upper.plot(days, columns.growth, color=SUBJECT, linewidth=1.2)
    _dress(upper, "Growth of one unit")
    lower.fill_between(days, columns.drawdown, 0, color=LOSS, alpha=0.25, linewidth=0)
    lower.plot(days, columns.drawdown, color=LOSS, linewidth=0.9)
    lower.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    _dress(lower, "Drawdown")
    return figure


def rolling_figure(columns: Mapping[str, Series], window: int) -> "Figure":
    """Draw statistics of windows, one below the other."""
    figure = _figure(PANEL_HEIGHT * max(1, len(columns)))
    axes = figure.subplots(max(1, len(columns)), 1, sharex=True, squeeze=False)
    for panel, (name, (days, values)) in zip(axes[:, 0], columns.items(), strict=False):
        panel.plot(_dates(days), values, color=SUBJECT, linewidth=1.1)
        _dress(panel, f"{name.replace('_', ' ').capitalize()}, windows of {window} periods")
    return figure


def _figure(height: float) -> "Figure":
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install quarterdeck[plot]") from error
    return Figure(figsize=(WIDTH, height), layout="constrained")


def _dress(axes: "Axes", title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(color=RULE, linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)


def _dates(days: Sequence[int]) -> list[date]:
    return [EPOCH + timedelta(days=day) for day in days]
