"""Accounts, closes and observed series, asked of the other areas."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck.api.marketdata.v1 import history_service_pb2, observation_service_pb2
from quarterdeck.api.marketdata.v1.history_service_pb2_grpc import HistoryServiceStub
from quarterdeck.api.marketdata.v1.observation_service_pb2_grpc import ObservationServiceStub
from quarterdeck.api.trading.v1 import portfolio_service_pb2
from quarterdeck.api.trading.v1.portfolio_service_pb2_grpc import PortfolioServiceStub
from quarterdeck_server.analytics.areas import Area
from quarterdeck_server.analytics.domain.earning import DailyEquity
from quarterdeck_server.analytics.domain.subject import LATEST, Period
from quarterdeck_server.quant.series import Dated, Dates, FloatArray
from quarterdeck_server.runtime.convert import LATEST_NS, timestamp_to
from quarterdeck_server.runtime.day import day_to
from quarterdeck_server.runtime.peers import Peers

TRADING, MARKETDATA = Area("trading"), Area("marketdata")
PAGE = 10_000
DAY_NS = 86_400_000_000_000

type Bars = tuple[NDArray[np.int64], FloatArray]
"""The close times of bars, and their closes."""


@dataclass(frozen=True, slots=True)
class TradingPeer:
    """Accounts and strategies, as the trading area knows them."""

    peers: Peers

    async def daily_equity(self, account: str, strategy: str, period: Period) -> DailyEquity:
        """Return the equity of days; fails with NotFound."""
        stub = PortfolioServiceStub(self.peers.channel("trading"))
        request = portfolio_service_pb2.GetDailyEquityRequest(
            account=account,
            strategy=strategy,
            start_date=day_to(period.start),
            end_date=day_to(period.end),
        )
        return _daily_from(await TRADING.answer(stub.GetDailyEquity, request))


@dataclass(frozen=True, slots=True)
class HistoryPeer:
    """Daily closes, as the market data area has them."""

    peers: Peers

    async def closes(self, instrument: str, period: Period) -> Dated:
        """Return the closes of days in UTC; the last bar that closed on a day counts."""
        times, prices = await self.bars(instrument, "1d", _times(period))
        # A bar that closes at midnight is of the day before.
        return _last_of_each(_days((times - 1) // DAY_NS), prices)

    async def bars(self, instrument: str, interval: str, within: tuple[int, int]) -> Bars:
        """Return the close times and closes of bars that close within a time, half open."""
        request = _bars_request(instrument, interval, within, PAGE)
        times, prices = np.empty(0, np.int64), np.empty(0)
        async for page in MARKETDATA.pages(self._list_bars, request):
            times = np.concatenate((times, np.array(page.bars.close_time_ns, np.int64)))
            prices = np.concatenate((prices, np.array(page.bars.close, np.float64)))
        return times, prices

    async def newest_bar(self, instrument: str, interval: str, end_ns: int) -> Bars:
        """Return the close time and the close of the newest bar that closes before a time."""
        request = _bars_request(instrument, interval, (0, end_ns), 1)
        request.newest_first = True
        bars = (await MARKETDATA.answer(self._list_bars, request)).bars
        return np.array(bars.close_time_ns, np.int64), np.array(bars.close, np.float64)

    @property
    def _list_bars(self) -> Callable[..., Awaitable[history_service_pb2.ListBarsResponse]]:
        return HistoryServiceStub(self.peers.channel("marketdata")).ListBars


@dataclass(frozen=True, slots=True)
class ObservationPeer:
    """Observed series, as the market data area has them."""

    peers: Peers

    async def observations(self, series: str, period: Period) -> Dated:
        """Return what was observed, without the days that have no value; fails with NotFound."""
        stub = ObservationServiceStub(self.peers.channel("marketdata"))
        end = None if period.end is None else min(LATEST, period.end + 1)
        request = observation_service_pb2.ListObservationsRequest(
            series=series,
            start_date=day_to(period.start),
            end_date=day_to(end),
            page_size=PAGE,
        )
        days, values = np.empty(0, np.int64), np.empty(0)
        async for page in MARKETDATA.pages(stub.ListObservations, request):
            found = page.observations
            days = np.concatenate((days, np.array(found.date_days, np.int64)))
            values = np.concatenate((values, np.array(found.value, np.float64)))
        present = ~np.isnan(values)
        return Dated(_days(days[present]), values[present])


def _bars_request(
    instrument: str, interval: str, within: tuple[int, int], size: int
) -> history_service_pb2.ListBarsRequest:
    start_ns, end_ns = within
    return history_service_pb2.ListBarsRequest(
        instrument=instrument,
        interval=interval,
        start_time=timestamp_to(start_ns),
        end_time=timestamp_to(end_ns),
        page_size=size,
    )


def _daily_from(answer: portfolio_service_pb2.GetDailyEquityResponse) -> DailyEquity:
    if not answer.days:
        empty = np.empty(0)
        return DailyEquity(answer.currency, _days(np.empty(0, np.int64)), empty, empty, empty)
    return DailyEquity(
        currency=answer.currency,
        days=_days(np.array([answer.opening_day, *answer.days], np.int64)),
        equity=np.array([answer.opening_equity, *answer.equity]),
        profit=np.array([answer.opening_profit, *answer.profit]),
        flows=np.array(answer.flows, np.float64),
    )


def _last_of_each(days: Dates, prices: FloatArray) -> Dated:
    last = np.ones(len(days), np.bool_)
    last[:-1] = days[1:] != days[:-1]
    return Dated(days[last], prices[last])


def _days(numbers: NDArray[np.int64]) -> Dates:
    return numbers.astype("datetime64[D]")


def _times(period: Period) -> tuple[int, int]:
    """Return the closes that are of a period's days: after its first midnight, until its last."""
    start = 0 if period.start is None else max(0, period.start * DAY_NS + 1)
    end = LATEST_NS if period.end is None else min(LATEST_NS, (period.end + 1) * DAY_NS + 1)
    return start, max(start + 1, end)
