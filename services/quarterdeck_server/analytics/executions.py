"""Gathers orders and the prices around them, and has their execution measured in a thread."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from quarterdeck_server.analytics import metrics
from quarterdeck_server.analytics.domain.execution.asking import AskedOrders, Manner
from quarterdeck_server.analytics.domain.execution.budget import (
    MOST_ORDERS,
    MOST_PRICES,
    Budget,
)
from quarterdeck_server.analytics.domain.execution.impact import OLDEST_DAYS, Impact, Plan, impact
from quarterdeck_server.analytics.domain.execution.market import DAY_NS, Bars, Days, Market
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.pricing import lacking
from quarterdeck_server.analytics.domain.execution.quality import Quality, qualities
from quarterdeck_server.analytics.domain.execution.slippage import Slippages, slippages
from quarterdeck_server.analytics.domain.execution.spans import bar_spans, day_span, needs
from quarterdeck_server.analytics.ports import OrderSource, TickSource
from quarterdeck_server.runtime.compute import Compute

ORDERS_A_PAGE = 10_000
TOGETHER = 4
"""Instruments whose prices are read at the same time."""
MINUTE_NS = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Executions:
    """Measures how orders were executed."""

    orders: OrderSource
    ticks: TickSource
    compute: Compute
    _turns: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(TOGETHER), init=False
    )

    async def qualities(self, wanted: AskedOrders) -> tuple[Quality, ...]:
        """Return the execution quality of orders by group and currency."""
        with metrics.EXECUTIONS.time():
            found = await self._all(wanted)
            metrics.EXECUTED_ORDERS.inc(len(found))
            markets = await self._markets(found, wanted.manner)
            return await self.compute.thread(qualities, found, markets, wanted.manner)

    async def recent(self, wanted: AskedOrders, count: int) -> Orders:
        """Return the orders that were made last."""
        found, _ = await self.orders.page(wanted, count, "")
        return found

    async def slippages(self, wanted: AskedOrders, size: int, token: str) -> tuple[Slippages, str]:
        """Return what single orders cost, the newest first, and the token of those after them."""
        found, more = await self.orders.page(wanted, size, token)
        return await self._slippages(found, wanted.manner), more

    async def impact(self, wanted: AskedOrders, plan: Plan | None) -> Impact:
        """Fit the impact of own orders, and foretell that of a planned one."""
        found = await self._slippages(await self._all(wanted), wanted.manner)
        names = {*found.orders.instrument[found.orders.filled > 0].tolist()}
        if plan is not None:
            names.add(plan.instrument)
        end_ns = wanted.window.end_ns
        days = await self._days(found.orders, names, end_ns)
        return await self.compute.thread(impact, found, days, plan, end_ns)

    async def _all(self, wanted: AskedOrders) -> Orders:
        budget, token, parts = Budget("orders", MOST_ORDERS), "", list[Orders]()
        while token or not parts:
            part, token = await self.orders.page(wanted, ORDERS_A_PAGE, token)
            budget.spend(len(part))
            parts.append(part)
        return Orders.joined(parts)

    async def _slippages(self, orders: Orders, manner: Manner) -> Slippages:
        markets = await self._markets(orders, manner)
        return await self.compute.thread(slippages, orders, markets, manner)

    async def _markets(self, orders: Orders, manner: Manner) -> Mapping[str, Market]:
        budget = Budget("prices", MOST_PRICES)
        names = sorted({*orders.instrument.tolist()})
        each = (
            self._market(name, orders.of(orders.instrument == name), manner, budget)
            for name in names
        )
        return dict(zip(names, await asyncio.gather(*each), strict=True))

    async def _market(self, name: str, orders: Orders, manner: Manner, budget: Budget) -> Market:
        """Read what the market did around orders in one instrument."""
        async with self._turns:
            # Before the quotes: those that come meanwhile are not among them.
            newest_ns = await self.ticks.newest_quote_ns(name)
            wanted = needs(orders, manner)
            quotes = await self.ticks.quotes(name, wanted.quotes(), budget)
            older = wanted.older_quotes(quotes, manner.most_age_ns)
            if older:
                quotes = quotes.joined(await self.ticks.quotes(name, older, budget))
            market = Market(
                facts=await self.ticks.facts(name),
                quotes=quotes,
                newest_ns=newest_ns,
                trades=await self.ticks.trades(
                    name, wanted.trades(quotes, manner.most_age_ns), budget
                ),
            )
            return await self._with_bars(name, orders, manner, market, budget)

    async def _with_bars(
        self, name: str, orders: Orders, manner: Manner, market: Market, budget: Budget
    ) -> Market:
        without = await self.compute.thread(lacking, orders, market, manner, MINUTE_NS)
        minutes = Bars(MINUTE_NS)
        if without.any():
            spans = bar_spans(orders, without, MINUTE_NS, manner.most_age_ns)
            minutes = await self.ticks.bars(name, MINUTE_NS, spans, budget)
        days = await self.ticks.bars(name, DAY_NS, day_span(orders), budget)
        return replace(market, bars=(minutes, days))

    async def _days(self, orders: Orders, names: set[str], end_ns: int) -> Mapping[str, Days]:
        """Return the days from before the first of the orders until an end."""
        first_ns = min(orders.sent_ns[orders.is_sent].tolist(), default=end_ns)
        span = (max(0, first_ns - OLDEST_DAYS * DAY_NS), end_ns)
        budget = Budget("prices", MOST_PRICES)
        bars = [await self.ticks.bars(name, DAY_NS, [span], budget) for name in sorted(names)]
        return {name: one.days for name, one in zip(sorted(names), bars, strict=True)}
