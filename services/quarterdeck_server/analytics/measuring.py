"""Gathers what a request is about and has it computed in a thread."""

from dataclasses import dataclass

from quarterdeck_server.analytics.domain.matching import matched
from quarterdeck_server.analytics.domain.performance import (
    Performance,
    money_weighted,
    performance,
)
from quarterdeck_server.analytics.domain.subject import Choices, Named, Period
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.analytics.gathering import Gatherer
from quarterdeck_server.runtime.compute import Compute


@dataclass(frozen=True, slots=True)
class Measurer:
    """Measures subjects against benchmarks."""

    gatherer: Gatherer
    compute: Compute

    async def performance(
        self, subject: Named, benchmark: Named | None, period: Period, choices: Choices
    ) -> Performance:
        """Return the metrics of a subject within a period."""
        track = await self.gatherer.track(subject, period, choices)
        other = await self.gatherer.benchmark(benchmark, period, choices)
        return await self._measured(track, other, choices)

    async def _measured(
        self, track: Track, benchmark: Track | None, choices: Choices
    ) -> Performance:
        pair = await self.compute.thread(matched, track, benchmark)
        rates = await self.gatherer.risk_free(choices, pair.track)
        rate = await self.compute.thread(money_weighted, track)
        return await self.compute.thread(performance, pair, choices.conventions, rates, rate)
