"""What analytics needs of the other areas."""

from typing import Protocol

from quarterdeck_server.analytics.domain.earning import DailyEquity
from quarterdeck_server.analytics.domain.fill import Fill
from quarterdeck_server.analytics.domain.subject import Period, Portfolio
from quarterdeck_server.quant.series import Dated


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
