"""Gathers whose profit is told apart, and has it computed in a thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck_server.analytics.domain.attribution.asking import AskedContributions
from quarterdeck_server.analytics.domain.attribution.changes import Changes
from quarterdeck_server.analytics.domain.attribution.clock import Clock
from quarterdeck_server.analytics.domain.attribution.contributing import (
    ContributionKey,
    Contributions,
    Labels,
    contributions,
)
from quarterdeck_server.analytics.domain.attribution.entries import Entries, entries_of
from quarterdeck_server.analytics.domain.attribution.path import Path
from quarterdeck_server.analytics.domain.attribution.rates import Rates
from quarterdeck_server.analytics.domain.attribution.trail import trail
from quarterdeck_server.analytics.market import Market
from quarterdeck_server.analytics.ports import ChangeQuery, ChangeSource
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.convert import LATEST_NS


@dataclass(frozen=True, slots=True)
class Contributed:
    """Contributions, their currency, and the instruments that history has no price of."""

    contributions: Contributions
    currency: str
    unpriced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contributor:
    """Tells profit apart."""

    trading: ChangeSource
    market: Market
    clock: Clock
    compute: Compute

    async def told(self, asked: AskedContributions) -> Contributed:
        """Return where the profit of a window came from."""
        start_ns, end_ns = self.clock.window(asked.period.start, asked.period.end, LATEST_NS)
        scope = (asked.account, asked.strategy, asked.instrument)
        changes = await self.trading.changes(ChangeQuery(*scope, start_ns, end_ns))
        currency = asked.currency or _base(changes)
        names = instruments_of(changes)
        is_hourly = asked.key is ContributionKey.HOUR
        within = (max(start_ns, first_ns(changes)), end_ns)
        paths = await self.market.paths(names, within, hourly=is_hourly)
        rates = await self.market.rates(currency, currencies_of(changes), within)
        by_sector = asked.key is ContributionKey.SECTOR
        sectors = await self.market.sectors(names) if by_sector else {}
        labels = Labels([one.position for one in changes], sectors, self.clock)
        found, unpriced = await self.compute.thread(
            _computed, asked.key, changes, paths, rates, labels, within[0]
        )
        return Contributed(found, currency, unpriced)


def instruments_of(changes: Sequence[Changes]) -> list[str]:
    """Return the instruments of positions, each once."""
    names = (one.position.instrument for one in changes)
    return [name for name in dict.fromkeys(names) if name]


def currencies_of(changes: Sequence[Changes]) -> set[str]:
    """Return the currencies that something was made or paid in."""
    return {currency for one in changes for currency in (one.position.currency, *one.currencies)}


def first_ns(changes: Sequence[Changes]) -> int:
    """Return when the first thing happened; nothing before it needs a price."""
    return min((int(one.times[0]) for one in changes if len(one)), default=0)


def _base(changes: Sequence[Changes]) -> str:
    found = sorted({one.position.base_currency for one in changes})
    if len(found) > 1:
        problem = f"must be given: the accounts are in {' and '.join(found)}"
        raise InvalidField("currency", problem)
    return found[0] if found else ""


def _computed(
    key: ContributionKey,
    changes: Sequence[Changes],
    paths: Mapping[str, Path],
    rates: Rates,
    labels: Labels,
    start_ns: int,
) -> tuple[Contributions, tuple[str, ...]]:
    parts, unpriced = [], set()
    for owner, one in enumerate(changes):
        instrument = one.position.instrument
        along = trail(one, paths.get(instrument, Path.empty()), start_ns)
        parts.append(entries_of(owner, along, one, rates))
        if not along.is_priced:
            unpriced.add(instrument)
    entries = Entries.joined(parts) if parts else Entries.none()
    return contributions(key, entries, labels), tuple(sorted(unpriced))
