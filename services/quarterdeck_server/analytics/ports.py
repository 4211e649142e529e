"""What analytics needs of the other areas."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from quarterdeck_server.analytics.domain.attribution.changes import Changes
from quarterdeck_server.analytics.domain.attribution.path import Times
from quarterdeck_server.analytics.domain.earning import DailyEquity
from quarterdeck_server.analytics.domain.execution.asking import AskedOrders
from quarterdeck_server.analytics.domain.execution.budget import Budget
from quarterdeck_server.analytics.domain.execution.market import Bars, Facts, Quotes, Trades
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.spans import Span
from quarterdeck_server.analytics.domain.fill import Fill
from quarterdeck_server.analytics.domain.subject import Period, Portfolio
from quarterdeck_server.quant.series import Dated, FloatArray


class EquitySource(Protocol):
    """The trading log."""

    async def daily_equity(self, account: str, strategy: str, period: Period) -> DailyEquity:
        """Return the equity of days; fails with NotFound."""


class FillSource(Protocol):
    """The fills of the trading log."""

    async def fills(self, portfolio: Portfolio, period: Period) -> list[Fill]:
        """Return the fills of a period, oldest first; refuses more than a table holds."""


class PriceSource(Protocol):
    """The history of prices."""

    async def closes(self, instrument: str, period: Period) -> Dated:
        """Return the daily closes of an instrument; fails with InstrumentNotFound."""


class RateSource(Protocol):
    """Observed series."""

    async def observations(self, series: str, period: Period) -> Dated:
        """Return what was observed, without the days that have no value; fails with NotFound."""


class OrderSource(Protocol):
    """The lives of orders."""

    async def page(self, wanted: AskedOrders, size: int, token: str) -> tuple[Orders, str]:
        """Return some orders, the newest first, and the token of those after them."""


class TickSource(Protocol):
    """Instruments and their recorded prices; what is read counts against a budget."""

    async def facts(self, instrument: str) -> Facts:
        """Return what an instrument is; fails with InstrumentNotFound."""

    async def newest_quote_ns(self, instrument: str) -> int:
        """Return the time of the newest quote; 0 without one."""

    async def quotes(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Quotes:
        """Return the middle prices of spans."""

    async def trades(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Trades:
        """Return the trades of spans."""

    async def bars(
        self, instrument: str, span_ns: int, spans: Sequence[Span], budget: Budget
    ) -> Bars:
        """Return the bars of a length that close within spans."""


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """Whose changes are wanted, empty is all, and when: half open."""

    account: str
    strategy: str
    instrument: str
    start_ns: int
    end_ns: int


class ChangeSource(Protocol):
    """What happened to positions."""

    async def changes(self, query: ChangeQuery) -> list[Changes]:
        """Return the changes of each position."""


class BarSource(Protocol):
    """The history of prices, by time."""

    async def bars(
        self, instrument: str, interval: str, within: tuple[int, int]
    ) -> tuple[Times, FloatArray]:
        """Return the close times and closes of bars that close within a time, half open."""

    async def newest_bar(
        self, instrument: str, interval: str, end_ns: int
    ) -> tuple[Times, FloatArray]:
        """Return the close time and the close of the newest bar that closes before a time."""


class InstrumentSource(Protocol):
    """What instruments are."""

    async def sector(self, instrument: str) -> str:
        """Return the sector of an instrument, empty if it has none; fails with NotFound."""

    async def pairs(self, source: str, target: str) -> Sequence[str]:
        """Return the instruments whose price is what one unit of a currency is in another."""
