"""Prices along time, exchange rates and sectors: what positions are led along."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from quarterdeck_server.analytics.domain.attribution.path import OLDEST_NS, Path
from quarterdeck_server.analytics.domain.attribution.rates import Rates
from quarterdeck_server.analytics.ports import BarSource, InstrumentSource
from quarterdeck_server.runtime.convert import LATEST_NS

AT_ONCE = 8
"""How many instruments are asked about at a time."""
DAILY, HOURLY = "1d", "1h"

type Within = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Market:
    """Asks for what many instruments did."""

    prices: BarSource
    instruments: InstrumentSource

    async def paths(
        self, names: Collection[str], within: Within, *, hourly: bool
    ) -> dict[str, Path]:
        """Return the prices of instruments within a time, and the newest before it.

        They are daily closes, and hourly ones if asked for; in any case the last hourly one of
        either end, so that a window is worth the same however fine its steps are.
        """
        turns = asyncio.Semaphore(AT_ONCE)

        async def path(name: str) -> Path:
            async with turns:
                return await self._path(name, within, hourly=hourly)

        return dict(zip(names, await asyncio.gather(*map(path, names)), strict=True))

    async def rates(self, target: str, currencies: Iterable[str], within: Within) -> Rates:
        """Return what currencies were in another, as far as a pair tells."""
        wanted = [
            currency for currency in dict.fromkeys(currencies) if currency not in {"", target}
        ]
        found = await asyncio.gather(*(self._rate(one, target, within) for one in wanted))
        return Rates(target, dict(zip(wanted, found, strict=True)))

    async def sectors(self, names: Collection[str]) -> dict[str, str]:
        """Return the sectors of instruments, empty for those that have none."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def sector(name: str) -> str:
            async with turns:
                return await self.instruments.sector(name)

        return dict(zip(names, await asyncio.gather(*map(sector, names)), strict=True))

    async def _path(self, name: str, within: Within, *, hourly: bool) -> Path:
        start_ns, end_ns = within
        # Bars are asked for by their closes, which are the first moments after them.
        ends = (start_ns + 1, min(LATEST_NS, end_ns + 1))
        parts = [
            *([self.prices.bars(name, HOURLY, ends)] if hourly else []),
            *(self.prices.newest_bar(name, HOURLY, end) for end in ends),
            self.prices.newest_bar(name, DAILY, ends[0]),
            self.prices.bars(name, DAILY, ends),
        ]
        found = await asyncio.gather(*parts)
        return Path.merged(*(Path.of_bars(*part) for part in found)).before(end_ns)

    async def _rate(self, source: str, target: str, within: Within) -> Path:
        ends = (max(0, within[0] - OLDEST_NS) + 1, min(LATEST_NS, within[1] + 1))
        direct = await self.instruments.pairs(source, target)
        turned = await self.instruments.pairs(target, source)
        paths = [Path.of_bars(*await self.prices.bars(name, DAILY, ends)) for name in turned]
        found = [path.reciprocal() for path in paths]
        found += [Path.of_bars(*await self.prices.bars(name, DAILY, ends)) for name in direct]
        return Path.merged(Path.empty(), *found)
