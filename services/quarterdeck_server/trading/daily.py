"""Daily equity: what a day began with, ended with, and what came from outside."""

from bisect import bisect_left
from collections.abc import Sequence

from quarterdeck_server.kernel.errors import NotPossibleNow
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.equity import DailyEquity, DayValue
from quarterdeck_server.trading.store import daily as store

type Days = tuple[int | None, int | None]
NOTHING = DailyEquity(None, (), ())


class DailyCurves:
    """Reads curves by trading day."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def read(self, account: str, strategy: str, currency: str, within: Days) -> DailyEquity:
        """Return the values of days, both ends inclusive."""
        covered = await store.covered(self._postgres, account, strategy)
        if covered is None:
            return NOTHING
        first, last = _cut(covered, within)
        days = await store.values(self._postgres, account, strategy, first, last)
        opening = await self._opening(account, strategy, first)
        if not days or opening is None:
            return NOTHING
        flows = await self._flows(account, currency, opening, days)
        return DailyEquity(opening, days, flows)

    async def _opening(self, account: str, strategy: str, first: int) -> DayValue | None:
        found = await store.before(self._postgres, account, strategy, first)
        return found or await store.paid_in(self._postgres, account, first - 1)

    async def _flows(
        self, account: str, currency: str, opening: DayValue, days: Sequence[DayValue]
    ) -> tuple[float, ...]:
        """Sum the flows by the first day whose value includes them."""
        times = [day.event_time_ns for day in days]
        after_ns, until_ns = opening.event_time_ns, times[-1]
        amounts = [0.0] * len(days)
        found = await store.flows(self._postgres, account, after_ns, until_ns)
        for time_ns, moved, amount in found:
            if moved != currency:
                problem = f"{account} had a flow in {moved}, which has no rate of its day"
                raise NotPossibleNow("account", problem)
            amounts[bisect_left(times, time_ns)] += amount
        return tuple(amounts)


def _cut(covered: tuple[int, int], within: Days) -> tuple[int, int]:
    first, last = covered
    start, end = within
    return (
        first if start is None else max(first, start),
        last if end is None else min(last, end),
    )
