"""Daily equity: what a day began with, ended with, and what came from outside."""

from bisect import bisect_left
from collections.abc import Sequence

from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.kernel.errors import NotPossibleNow
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.equity import DailyEquity, DayValue
from quarterdeck_server.trading.store import daily as store

type Days = tuple[int | None, int | None]
NOTHING = DailyEquity(None, (), ())


class DailyCurves:
    """Reads curves by trading day."""

    def __init__(self, postgres: Postgres, roll: DayRoll) -> None:
        self._postgres, self._roll = postgres, roll

    async def read(self, account: str, strategy: str, currency: str, within: Days) -> DailyEquity:
        """Return the values of days, both ends inclusive."""
        times = await store.covered(self._postgres, account, strategy)
        if times is None:
            return NOTHING
        first, last = self._days(times, within)
        if last < first:
            return NOTHING
        ends_ns = self._roll.ends_ns(first, last)
        days = await store.values(self._postgres, account, strategy, first, ends_ns)
        opening = await self._opening(account, strategy, first, ends_ns[0])
        if not days or opening is None:
            return NOTHING
        flows = await self._flows(account, currency, opening, days)
        return DailyEquity(opening, days, flows)

    def _days(self, times: tuple[int, int], within: Days) -> tuple[int, int]:
        first, last = (self._roll.day_of(time_ns) for time_ns in times)
        start, end = within
        return (
            first if start is None else max(first, start),
            last if end is None else min(last, end),
        )

    async def _opening(
        self, account: str, strategy: str, first: int, start_ns: int
    ) -> DayValue | None:
        day = first - 1
        found = await store.before(self._postgres, account, strategy, day, start_ns)
        if found is None:
            return await store.paid_in(self._postgres, account, day)
        on = self._roll.day_of(found.event_time_ns)
        return DayValue(on, found.event_time_ns, found.equity, found.profit)

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
