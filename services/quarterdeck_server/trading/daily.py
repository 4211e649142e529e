"""Daily equity: what a day began with, ended with, and what came from outside."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from decimal import Decimal

from quarterdeck_server.kernel.errors import NotPossibleNow
from quarterdeck_server.kernel.money import Money
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.equity import DailyEquity, DayValue
from quarterdeck_server.trading.store import daily as store

type InBase = Callable[[str, Money], Decimal | None]
"""What an amount is in the base currency of an account, at the present rate."""

type Days = tuple[int | None, int | None]
NOTHING = DailyEquity(None, (), ())


class DailyCurves:
    """Reads curves by trading day."""

    def __init__(self, postgres: Postgres, in_base: InBase) -> None:
        self._postgres, self._in_base = postgres, in_base

    async def read(self, account: str, strategy: str, within: Days) -> DailyEquity:
        """Return the values of days, both ends inclusive."""
        covered = await store.covered(self._postgres, account, strategy)
        if covered is None:
            return NOTHING
        first, last = _cut(covered, within)
        days = await store.values(self._postgres, account, strategy, first, last)
        opening = await self._opening(account, strategy, first)
        if not days or opening is None:
            return NOTHING
        flows = await self._flows(account, opening, days)
        return DailyEquity(opening, days, flows)

    async def _opening(self, account: str, strategy: str, first: int) -> DayValue | None:
        found = await store.before(self._postgres, account, strategy, first)
        return found or await store.paid_in(self._postgres, account, first - 1)

    async def _flows(
        self, account: str, opening: DayValue, days: Sequence[DayValue]
    ) -> tuple[float, ...]:
        """Sum the flows by the first day whose value includes them."""
        times = [day.event_time_ns for day in days]
        after_ns, until_ns = opening.event_time_ns, times[-1]
        amounts = [0.0] * len(days)
        found = await store.flows(self._postgres, account, after_ns, until_ns)
        for time_ns, money, recorded in found:
            # The rate of when it was recorded; who had none then counts at the first one known.
            amount = self._in_base(account, money) if recorded is None else recorded
            if amount is None:
                problem = f"{account} had a flow in {money.currency}, which has no rate"
                raise NotPossibleNow("account", problem, currency=money.currency)
            amounts[bisect_left(times, time_ns)] += float(amount)
        return tuple(amounts)


def _cut(covered: tuple[int, int], within: Days) -> tuple[int, int]:
    first, last = covered
    start, end = within
    return (
        first if start is None else max(first, start),
        last if end is None else min(last, end),
    )
