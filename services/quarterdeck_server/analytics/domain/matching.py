"""Bring a subject and what it is held against to the same days."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from quarterdeck_server.analytics.domain.subject import Choices
from quarterdeck_server.analytics.domain.track import Places, Track
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.alignment import as_of, risk_free_returns
from quarterdeck_server.quant.returns import simple_returns
from quarterdeck_server.quant.series import Dated, Dates, FloatArray

BENCHMARK = "benchmark"


@dataclass(frozen=True, slots=True)
class Matched:
    """A subject on the days that its benchmark has, too."""

    track: Track
    benchmark: FloatArray | None
    """The benchmark's returns of the same days."""
    unmatched: int
    """Days left out because only one of them has them."""


def matched(track: Track, benchmark: Track | None) -> Matched:
    """Bring a subject and a benchmark together; refuses a benchmark without a day in common."""
    if benchmark is None:
        return Matched(track, None, 0)
    if not len(track.returns):
        return Matched(track, track.returns, 0)
    known = benchmark.known
    found = _by_day(track, benchmark) if known is None else _by_level(track, known)
    if not len(found.track.returns):
        raise InvalidField(BENCHMARK, "has no day in common with what it is held against")
    return found


def free_rates(choices: Choices, track: Track, observed: Dated | None) -> FloatArray | None:
    """Return the risk-free rate of each of a track's periods, if rates a year were observed."""
    if observed is None or not len(track.returns):
        return None
    periods = choices.conventions.periods_per_year
    try:
        return risk_free_returns(track.days[1:], observed, periods, choices.max_age_days)
    except InvalidField as error:
        raise InvalidField("conventions.risk_free_series", error.problem) from error


def common(tracks: Sequence[Track], field: str, places: Sequence[str]) -> list[Track]:
    """Return the tracks on the days that all of them have; refuses tracks without any.

    ``field`` holds them all, ``places`` are those of each.
    """
    ends = [track.days[1:] for track in tracks]
    days: Dates = reduce(lambda left, right: np.intersect1d(left, right, assume_unique=True), ends)
    if not len(days):
        raise InvalidField(field, "have no day in common")
    found = [np.searchsorted(end, days) for end in ends]
    before = max(track.days[at[0]] for track, at in zip(tracks, found, strict=True))
    curve = np.concatenate(([before], days))
    return [
        _on(track, at, curve, place) for track, at, place in zip(tracks, found, places, strict=True)
    ]


def _by_level(track: Track, known: Dated) -> Matched:
    """Read the benchmark's levels on the subject's days, so that both cover the same spans."""
    if not len(known.dates):
        return Matched(track.part(0, 0), track.returns[:0], len(track.returns))
    first = int(np.searchsorted(track.days, known.dates[0]))
    end = int(np.searchsorted(track.days, known.dates[-1], side="right"))
    part = track.part(first, max(first, end - 1))
    if not len(part.returns):
        return Matched(part, part.returns, len(track.returns))
    try:
        levels = as_of(part.days, known)
    except InvalidField as error:
        raise InvalidField(BENCHMARK, error.problem) from error
    return Matched(part, _between(levels, BENCHMARK), len(track.returns) - len(part.returns))


def _by_day(track: Track, benchmark: Track) -> Matched:
    days, mine, theirs = np.intersect1d(
        track.days[1:], benchmark.days[1:], assume_unique=True, return_indices=True
    )
    alone = len(track.returns) + len(benchmark.returns) - 2 * len(days)
    if not len(days):
        return Matched(track.part(0, 0), track.returns[:0], alone)
    part = track.part(int(mine[0]), int(mine[-1]) + 1)
    if len(part.returns) != len(days):
        curve = np.concatenate((track.days[mine[:1]], days))
        part = Track(curve, track.returns[mine], currency=track.currency)
    return Matched(part, benchmark.returns[theirs], alone)


def _on(track: Track, places: Places, curve: Dates, field: str) -> Track:
    """Return a track on some of its days: of levels what they did between them."""
    if track.levels is None:
        return Track(curve, track.returns[places])
    levels = track.levels[np.concatenate((places[:1], places + 1))]
    return Track(curve, _between(levels, field), levels, track.currency)


def _between(levels: FloatArray, field: str) -> FloatArray:
    try:
        return simple_returns(levels)
    except InvalidField as error:
        problem = "lost everything and cannot be followed on the days of others"
        raise InvalidField(field, problem) from error
