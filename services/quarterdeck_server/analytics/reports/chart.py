"""Charts as pictures: lines over days, and how often something happened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.reports.picture import (
    Anchor,
    Line,
    Mark,
    Picture,
    Point,
    Role,
    Shape,
    Words,
    box,
)
from quarterdeck_server.analytics.reports.scale import (
    Scale,
    apart,
    day_ticks,
    logarithmic_ticks,
    nice_ticks,
    spread,
    thinned,
)
from quarterdeck_server.quant.series import FloatArray

WIDTH = 511.0
"""That of the text of a page of A4."""
LEFT, RIGHT, TOP, BOTTOM = 46.0, WIDTH - 6.0, 20.0, 18.0
COLUMNS = 460
DECADE = 10.0
"""Lines that differ by more than this factor are drawn on a logarithmic axis."""
LEGEND_GAP = 12.0
LETTER = 4.7
"""The width of a letter of a legend."""
LONGEST_NAME = 40
LABEL_GAP = 7.0
"""From the middle of a span's number to that of the next one."""

type Written = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line by day: shapes (n,), n at least 2."""

    name: str
    days: FloatArray
    values: FloatArray
    role: Role = Role.SUBJECT


@dataclass(frozen=True, slots=True)
class Span:
    """Days that are marked, and by what."""

    first: float
    last: float
    label: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What a chart says about itself: words for people, and how its values are written."""

    title: str
    description: str
    written: Written
    height: float = 128.0


@dataclass(frozen=True, slots=True)
class Axes:
    """Where days and values are."""

    across: Scale
    up: Scale
    height: float

    @property
    def bottom(self) -> float:
        """Where the picture's field ends."""
        return self.height - BOTTOM


def empty(frame: Frame, reason: str) -> Picture:
    """Return a picture of a title alone, described by why nothing is drawn."""
    return Picture(frame.title, reason, WIDTH, TOP, tuple(_head(frame, ())))


def lines(
    frame: Frame, curves: Sequence[Curve], *, spans: Sequence[Span] = (), fills: bool = False
) -> Picture:
    """Draw curves over days; ``fills`` fills the field between the first and zero."""
    axes = _axes(frame, curves, from_zero=fills)
    marks: list[Mark] = [*_head(frame, curves), *_spans(axes, spans), *_grid(axes, frame.written)]
    if fills:
        marks.append(_field(axes, curves[0]))
    marks += [_line(axes, curve) for curve in reversed(curves)]
    return Picture(frame.title, frame.description, WIDTH, frame.height, tuple(marks))


def bars(frame: Frame, edges: FloatArray, counts: FloatArray, overlay: Curve) -> Picture:
    """Draw how many values lie between edges, and a line that shares the axes."""
    top = float(max(counts.max(), overlay.values.max()))
    across = Scale(float(edges[0]), float(edges[-1]), LEFT, RIGHT)
    up = Scale(0.0, top * 1.05, frame.height - BOTTOM, TOP)
    axes = Axes(across, up, frame.height)
    places, tops = across.at(edges), up.at(counts)
    sides = zip(places[:-1].tolist(), places[1:].tolist(), tops.tolist(), strict=True)
    shapes = (
        Shape(box(left + 0.4, at, right - 0.4, axes.bottom), Role.SUBJECT, 0.75)
        for left, right, at in sides
        if at < axes.bottom
    )
    marks = (
        *_head(frame, ()),
        *_levels(axes, nice_ticks(up.low, up.high), lambda count: f"{count:g}"),
        *shapes,
        _line(axes, overlay),
        *_below(axes, [(tick, frame.written(tick)) for tick in nice_ticks(*_ends(across), 8)]),
    )
    return Picture(frame.title, frame.description, WIDTH, frame.height, marks)


def _ends(scale: Scale) -> tuple[float, float]:
    return scale.low, scale.high


def _axes(frame: Frame, curves: Sequence[Curve], *, from_zero: bool) -> Axes:
    first = min(float(curve.days[0]) for curve in curves)
    last = max(float(curve.days[-1]) for curve in curves)
    low = min(float(curve.values.min()) for curve in curves)
    high = max(float(curve.values.max()) for curve in curves)
    across = Scale(first, last, LEFT, RIGHT)
    bottom = frame.height - BOTTOM
    if low > 0 and high / low > DECADE:
        return Axes(across, Scale(low / 1.05, high * 1.05, bottom, TOP, True), frame.height)
    # Room for the numbers of spans below the deepest point.
    bounds = (spread(low, 0.0, 0.12)[0], 0.0) if from_zero else spread(low, high)
    return Axes(across, Scale(*bounds, bottom, TOP), frame.height)


def _head(frame: Frame, curves: Sequence[Curve]) -> list[Mark]:
    marks: list[Mark] = [Words((0.0, 9.0), frame.title, role=Role.INK, size=9.0)]
    right = RIGHT
    # A line alone needs no name beside the title.
    for curve in reversed(curves if len(curves) > 1 else ()):
        name = shortened(curve.name)
        marks.append(Words((right, 9.0), name, Anchor.END))
        right -= len(name) * LETTER + 6
        marks.append(Line(((right - 14, 6.5), (right, 6.5)), curve.role, 1.8))
        right -= 14 + LEGEND_GAP
    return marks


def shortened(name: str, most: int = LONGEST_NAME) -> str:
    """Return a name that fits, with an ellipsis where it was cut."""
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def _grid(axes: Axes, written: Written) -> list[Mark]:
    bounds = axes.up.low, axes.up.high
    ticks = logarithmic_ticks(*bounds) if axes.up.is_logarithmic else nice_ticks(*bounds)
    days = day_ticks(int(axes.across.low), int(axes.across.high))
    return [
        *_levels(axes, ticks, written),
        *_below(axes, [(float(day), text) for day, text in days]),
    ]


def _levels(axes: Axes, ticks: Sequence[float], written: Written) -> list[Mark]:
    marks: list[Mark] = []
    for tick in ticks:
        at = axes.up.place(tick)
        marks.append(Line(((LEFT, at), (RIGHT, at)), Role.GRID, 0.6))
        marks.append(Words((LEFT - 5, at + 2.6), written(tick), Anchor.END))
    return marks


def _below(axes: Axes, ticks: Sequence[tuple[float, str]]) -> list[Mark]:
    ground = Line(((LEFT, axes.bottom), (RIGHT, axes.bottom)), Role.MUTED, 0.6)
    marks: list[Mark] = [ground]
    for value, text in ticks:
        at = axes.across.place(value)
        marks.append(Line(((at, axes.bottom), (at, axes.bottom + 3)), Role.MUTED, 0.6))
        marks.append(Words((at, axes.bottom + 11), text, _anchor(at, len(text) * LETTER / 2)))
    return marks


def _anchor(at: float, half: float) -> Anchor:
    """Keep a text within the picture."""
    if at + half > WIDTH:
        return Anchor.END
    return Anchor.START if at - half < 0 else Anchor.MIDDLE


def _spans(axes: Axes, spans: Sequence[Span]) -> list[Mark]:
    ordered = sorted(spans, key=lambda span: span.first + span.last)
    sides = [(axes.across.place(span.first), axes.across.place(span.last)) for span in ordered]
    middles = apart([(left + right) / 2 for left, right in sides], LABEL_GAP, LEFT, RIGHT)
    return [
        *(Shape(box(left, TOP, right, axes.bottom), Role.SPELL, 0.55) for left, right in sides),
        *(
            Words((middle, axes.bottom - 3), span.label, Anchor.MIDDLE, Role.LOSS)
            for span, middle in zip(ordered, middles, strict=True)
        ),
    ]


def _line(axes: Axes, curve: Curve) -> Line:
    is_other = curve.role is not Role.SUBJECT
    return Line(_points(axes, curve), curve.role, 1.0 if is_other else 1.3)


def _field(axes: Axes, curve: Curve) -> Shape:
    points = _points(axes, curve)
    ground = axes.up.place(0.0)
    return Shape(((points[0][0], ground), *points, (points[-1][0], ground)), curve.role, 0.16)


def _points(axes: Axes, curve: Curve) -> tuple[Point, ...]:
    days, values = thinned(curve.days, curve.values, COLUMNS)
    across = np.round(axes.across.at(days), 2).tolist()
    up = np.round(axes.up.at(values), 2).tolist()
    return tuple(zip(across, up, strict=True))
