"""From values and days to places in a picture, and the marks along an axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean

import numpy as np

from quarterdeck_server.quant.series import FloatArray

EPOCH = date(1970, 1, 1)
DAYS_IN_YEAR = 365.25
NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from ``low`` to ``high`` onto places from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float
    is_logarithmic: bool = False

    def at(self, values: FloatArray) -> FloatArray:
        """Return the places of values."""
        if self.is_logarithmic:
            share = np.log(values / self.low) / math.log(self.high / self.low)
        else:
            # Divided first: the difference of two doubles may be too large for one.
            share = values / self._span - self.low / self._span
        places: FloatArray = self.start + share * (self.end - self.start)
        return places

    def place(self, value: float) -> float:
        """Return the place of one value."""
        return float(self.at(np.array([value]))[0])

    @property
    def _span(self) -> float:
        return self.high - self.low


def spread(low: float, high: float, share: float = 0.04) -> tuple[float, float]:
    """Return bounds with room on both sides; equal ones get room around them."""
    room = (high - low) * share if high > low else max(abs(high), 1.0) * share
    return low - room, high + room


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move ascending places as little as puts a gap between them, and all between two bounds."""
    groups: list[list[float]] = []
    for number, place in enumerate(places):
        groups.append([place - number * gap])
        while len(groups) > 1 and fmean(groups[-2]) > fmean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    last = high - (len(places) - 1) * gap
    levels = (min(max(fmean(group), low), last) for group in groups for _ in group)
    return [level + number * gap for number, level in enumerate(levels)]


def nice_ticks(low: float, high: float, most: int = 5) -> tuple[float, ...]:
    """Return at most so many round values, and one, between two bounds."""
    raw = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(raw))
    width = next(nice * unit for nice in NICE if nice * unit >= raw)
    first, last = math.ceil(low / width), math.floor(high / width)
    return tuple(round(place * width, 12) for place in range(first, last + 1))


def logarithmic_ticks(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Return powers of ten between two bounds, and 2 and 5 times them while there is room."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1,)):
        found = [step * 10.0**power for power in exponents for step in steps]
        inside = tuple(tick for tick in found if low <= tick <= high)
        if len(inside) <= most:
            return inside
    return inside[:: -(-len(inside) // most)]


def day_ticks(first: int, last: int, most: int = 8) -> tuple[tuple[int, str], ...]:
    """Return days, as numbers, with what is written below them."""
    begin, end = EPOCH + timedelta(days=first), EPOCH + timedelta(days=last)
    years = (last - first) / DAYS_IN_YEAR
    if years * 12 <= 1:
        step = max(1, -(-(last - first + 1) // most))
        days = (EPOCH + timedelta(days=day) for day in range(first, last + 1, step))
        return tuple(((day - EPOCH).days, f"{day:%d} {MONTHS[day.month - 1]}") for day in days)
    wanted = years * 12 / most
    months = next((step for step in (1, 2, 3, 6) if step >= wanted), 0)
    if months:
        return _monthly(begin, end, months)
    return _yearly(begin, end, max(1, math.ceil(years / most)))


def _monthly(begin: date, end: date, step: int) -> tuple[tuple[int, str], ...]:
    places = range(begin.year * 12, end.year * 12 + 12, step)
    days = (date(place // 12, place % 12 + 1, 1) for place in places)
    return tuple(
        ((day - EPOCH).days, f"{MONTHS[day.month - 1]} {day.year}")
        for day in days
        if begin <= day <= end
    )


def _yearly(begin: date, end: date, step: int) -> tuple[tuple[int, str], ...]:
    first = -(-begin.year // step) * step
    days = (date(year, 1, 1) for year in range(first, end.year + 1, step))
    return tuple(((day - EPOCH).days, str(day.year)) for day in days if begin <= day <= end)


def thinned(places: FloatArray, values: FloatArray, columns: int) -> tuple[FloatArray, FloatArray]:
    """Return a line with at most four points a column that looks the same: ends and extremes."""
    if len(places) <= 4 * columns:
        return places, values
    edges = np.linspace(0, len(places), columns + 1).astype(np.intp)
    kept = {0, len(places) - 1}
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = values[start:end]
        kept |= {start, end - 1, start + int(part.argmin()), start + int(part.argmax())}
    chosen = sorted(kept)
    return places[chosen], values[chosen]
