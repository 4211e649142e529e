"""A line chart as SVG: two logarithmic axes, a few named lines."""

import math
from collections.abc import Mapping, Sequence
from html import escape

type Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 50
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf")
STYLE = "font-family:sans-serif;font-size:12px;fill:#444"


class Axis:
    """Maps values to places by their logarithm; reaches over whole decades."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        positive = [value for value in values if value > 0]
        self._low = math.floor(math.log10(min(positive)))
        self._high = max(self._low + 1, math.ceil(math.log10(max(positive))))
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        """Return where a value stands."""
        part = (math.log10(max(value, 10**self._low)) - self._low) / (self._high - self._low)
        return self._start + part * (self._end - self._start)

    def decades(self) -> list[float]:
        """Return the values that get a line."""
        return [10.0**power for power in range(self._low, self._high + 1)]


def chart(title: str, across: str, up: str, lines: Mapping[str, Points]) -> str:
    """Return the chart as text."""
    points = [point for line in lines.values() for point in line]
    x = Axis([point[0] for point in points], LEFT, WIDTH - RIGHT)
    y = Axis([point[1] for point in points], HEIGHT - BOTTOM, TOP)
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" style="{STYLE}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(middle, 20, title, "middle", "font-size:14px"),
        _text(middle, HEIGHT - 12, across, "middle"),
        _text(LEFT - 60, TOP - 12, up, "start"),
        *_grid(x, y),
    ]
    for place, (name, line) in enumerate(lines.items()):
        parts += _line(x, y, name, line, place)
    return "\n".join([*parts, "</svg>", ""])


def _grid(x: Axis, y: Axis) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    found = []
    for value in x.decades():
        found.append(_rule(x.place(value), TOP, x.place(value), bottom))
        found.append(_text(x.place(value), bottom + 18, _short(value), "middle"))
    for value in y.decades():
        found.append(_rule(LEFT, y.place(value), right, y.place(value)))
        found.append(_text(LEFT - 8, y.place(value) + 4, _short(value), "end"))
    return found


def _line(x: Axis, y: Axis, name: str, line: Points, place: int) -> list[str]:
    colour = COLOURS[place % len(COLOURS)]
    places = [(x.place(across), y.place(up)) for across, up in line]
    path = " ".join(f"{across:.1f},{up:.1f}" for across, up in places)
    dots = [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places]
    legend = _text(LEFT + 10, TOP + 16 + 16 * place, name, "start", f"fill:{colour}")
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *dots,
        legend,
    ]


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    shown = f' style="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{shown}>{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    places = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {places} stroke="#ddd"/>'


def _short(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
