"""Gathers what a request is about and has it computed in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck_server.analytics.domain.comparing import Comparison, correlations, tried
from quarterdeck_server.analytics.domain.explaining import Explained, explained
from quarterdeck_server.analytics.domain.matching import Matched, common, matched
from quarterdeck_server.analytics.domain.performance import (
    Performance,
    money_weighted,
    performance,
)
from quarterdeck_server.analytics.domain.studying import Looked, Study, study
from quarterdeck_server.analytics.domain.subject import Asked, Choices
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.analytics.domain.windows import Statistic, Windows, windows
from quarterdeck_server.analytics.gathering import Gatherer
from quarterdeck_server.quant.estimate import Unmeasured
from quarterdeck_server.quant.series import FloatArray
from quarterdeck_server.runtime.compute import Compute


@dataclass(frozen=True, slots=True)
class Measurer:
    """Measures subjects against benchmarks."""

    gatherer: Gatherer
    compute: Compute

    async def performance(self, asked: Asked) -> Performance:
        """Return the metrics of a subject."""
        choices = asked.choices
        track, pair, rates = await self._held_against(asked)
        rate = await self.compute.thread(money_weighted, track)
        return await self.compute.thread(performance, pair, choices.conventions, rates, rate)

    async def rolling(
        self, asked: Asked, statistics: tuple[Statistic, ...], window: int
    ) -> tuple[Matched, tuple[Windows, ...]]:
        """Return statistics of every window of a subject's returns, and the returns."""
        _, pair, rates = await self._held_against(asked)
        conventions = asked.choices.conventions
        found = await self.compute.thread(windows, pair, conventions, rates, statistics, window)
        return pair, found

    async def study(self, asked: Asked, looked: Looked) -> Study:
        """Return all that a report about a subject says."""
        track, pair, rates = await self._held_against(asked)
        rate = await self.compute.thread(money_weighted, track)
        conventions = asked.choices.conventions
        return await self.compute.thread(study, pair, conventions, rates, rate, looked)

    async def comparison(self, asked: Asked) -> Comparison:
        """Return the metrics of several subjects on the days that all of them have."""
        choices = asked.choices
        whole = await self.gatherer.tracks(asked.subjects, asked.period, choices)
        other = await self.gatherer.benchmark(asked.benchmark, asked.period, choices)
        pairs = await self.compute.thread(_side_by_side, whole, other, _places(asked))
        # The days are those of all, so one series of rates is that of all.
        rates = await self.gatherer.risk_free(choices, pairs[0].track)
        return await self.compute.thread(_compared, pairs, choices, rates)

    async def explained(self, asked: Asked, lags: int | None) -> Explained | Unmeasured:
        """Explain the first subject by the others, on the days that all of them have."""
        choices = asked.choices
        whole = await self.gatherer.tracks(asked.subjects, asked.period, choices)
        tracks = await self.compute.thread(common, whole, "factors", _places(asked))
        rates = await self.gatherer.risk_free(choices, tracks[0])
        rate = choices.conventions.risk_free_per_period if rates is None else rates
        return await self.compute.thread(explained, tracks[0], tracks[1:], rate, lags)

    async def _held_against(self, asked: Asked) -> tuple[Track, Matched, FloatArray | None]:
        """Return all of a subject, what its benchmark has, too, and the rates of that."""
        (subject,) = asked.subjects
        track = await self.gatherer.track(subject, asked.period, asked.choices)
        other = await self.gatherer.benchmark(asked.benchmark, asked.period, asked.choices)
        pair = await self.compute.thread(matched, track, other)
        return track, pair, await self.gatherer.risk_free(asked.choices, pair.track)


def _places(asked: Asked) -> list[str]:
    return [named.field for named in asked.subjects]


def _side_by_side(
    tracks: Sequence[Track], benchmark: Track | None, places: Sequence[str]
) -> list[Matched]:
    return [matched(track, benchmark) for track in common(tracks, "subjects", places)]


def _compared(pairs: Sequence[Matched], choices: Choices, rates: FloatArray | None) -> Comparison:
    tracks = [pair.track for pair in pairs]
    conventions = tried(tracks, choices.conventions, rates)
    found = tuple(performance(pair, conventions, rates) for pair in pairs)
    return Comparison(found, correlations(tracks), conventions)
