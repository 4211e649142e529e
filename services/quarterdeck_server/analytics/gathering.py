"""From what is asked about to its returns."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.earning import track_of
from quarterdeck_server.analytics.domain.matching import free_rates
from quarterdeck_server.analytics.domain.subject import (
    Choices,
    Given,
    Instrument,
    Named,
    Period,
    Portfolio,
)
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.analytics.ports import EquitySource, PriceSource, RateSource
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.series import Dated, Dates, FloatArray

MARGIN_DAYS = 31
"""How far before the first day prices are read, so that the first return has a beginning."""
PERCENT = 100
LEAST_DAYS = 2
"""Of fewer no return can be taken."""


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Asks the other areas for what a request names."""

    equities: EquitySource
    prices: PriceSource
    rates: RateSource

    async def tracks(self, named: Sequence[Named], period: Period, choices: Choices) -> list[Track]:
        """Return the tracks of subjects, within a period."""
        asked = (self.track(one, period, choices) for one in named)
        return await asyncio.gather(*asked)

    async def track(self, named: Named, period: Period, choices: Choices) -> Track:
        """Return the track of a subject, within a period."""
        match named.subject:
            case Portfolio() as portfolio:
                whole = await self._earned(portfolio, period, choices)
            case Instrument(instrument):
                whole = await self._priced(instrument, period, named.field)
            case Given(given):
                whole = given
        return whole.between(period.start, period.end)

    async def benchmark(
        self, named: Named | None, period: Period, choices: Choices
    ) -> Track | None:
        """Return the track of a benchmark, from before the period on."""
        if named is None:
            return None
        is_given = isinstance(named.subject, Given)
        return await self.track(named, period if is_given else period.earlier(MARGIN_DAYS), choices)

    async def risk_free(self, choices: Choices, track: Track) -> FloatArray | None:
        """Return the rate of each of a track's periods if a series of rates was chosen."""
        return free_rates(choices, track, await self.observed(choices, track.days))

    async def observed(self, choices: Choices, days: Dates) -> Dated | None:
        """Return what was observed of a series of rates for days, if one was chosen."""
        if not choices.risk_free_series or len(days) < LEAST_DAYS:
            return None
        ends = days.astype(np.int64)
        wanted = Period(int(ends[1]), int(ends[-1])).earlier(choices.max_age_days)
        found = await self.rates.observations(choices.risk_free_series, wanted)
        return Dated(found.dates, found.values / PERCENT)

    async def _earned(self, portfolio: Portfolio, period: Period, choices: Choices) -> Track:
        account, strategy = portfolio.account, portfolio.strategy
        daily = await self.equities.daily_equity(account, strategy, period)
        return track_of(portfolio, daily, choices.timing)

    async def _priced(self, instrument: str, period: Period, field: str) -> Track:
        closes = await self.prices.closes(instrument, period.earlier(MARGIN_DAYS))
        try:
            return Track.of_levels(closes)
        except InvalidField as error:
            problem = f"has a close of which no return can be taken: {error.problem}"
            raise InvalidField(f"{field}.instrument", problem) from error
