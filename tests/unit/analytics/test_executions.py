"""What is read of the market around orders, and in which order, by a market that goes on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tests.unit.analytics.executions import DAY_NS, S, at, orders

from quarterdeck_server.analytics.domain.execution.asking import (
    AskedOrders,
    Manner,
    Scope,
    Window,
)
from quarterdeck_server.analytics.domain.execution.budget import Budget
from quarterdeck_server.analytics.domain.execution.market import Bars, Facts, Quotes, Trades
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.spans import Span
from quarterdeck_server.analytics.executions import Executions
from quarterdeck_server.runtime.compute import Compute

WANTED = AskedOrders(Scope(), Window(), Manner(horizons_ns=(S, 10 * S)))


class OneOrder:
    """A log with one order, filled after a minute."""

    async def page(self, wanted: AskedOrders, size: int, token: str) -> tuple[Orders, str]:
        return orders({}), ""


@dataclass
class GoingOn:
    """A market with a quote a second, which goes on for a while with every question."""

    now: int = 61

    async def facts(self, instrument: str) -> Facts:
        self.now += 60
        return Facts("USD")

    async def newest_quote_ns(self, instrument: str) -> int:
        self.now += 60
        return at(self.now - 60)

    async def quotes(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Quotes:
        seconds = np.arange(self.now + 1)
        self.now += 60
        return Quotes(np.array([at(one) for one in seconds]), 100.0 + seconds)

    async def trades(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Trades:
        return Trades()

    async def bars(
        self, instrument: str, span_ns: int, spans: Sequence[Span], budget: Budget
    ) -> Bars:
        return Bars(DAY_NS)


async def test_a_horizon_is_not_known_before_its_quotes_were_read() -> None:
    measured = Executions(OneOrder(), GoingOn(), Compute())
    (one,) = await measured.qualities(WANTED)
    assert [(m.mean_bps.count, m.missing) for m in one.markouts] == [(1, 0), (0, 1)]
