"""The source."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, timedelta
from functools import partial

from quarterdeck_server.adapters.alphavantage.parse import (
    SOURCE,
    NoSuchCall,
    daily_bars,
    intraday_bars,
)
from quarterdeck_server.adapters.alphavantage.symbols import is_american, symbol_of
from quarterdeck_server.adapters.http.client import Reader
from quarterdeck_server.adapters.http.quota import QuotaKeeper
from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.kernel.time import datetime_from_ns, parse_interval
from quarterdeck_server.marketdata.domain.backfill import BarPage, BarRange
from quarterdeck_server.marketdata.domain.columns import Bars
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.source import NotOffered, Quota
from quarterdeck_server.runtime.clock import Clock

INTRADAY = {"1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "60min"}
DAILY = "1d"
FIRST_MONTH = date(2000, 1, 1)
"""Before it there are no intraday bars."""
COMPACT = timedelta(days=100)
"""Within these days lie fewer than the 100 bars that a small answer has."""
WHOLE = "whole"


class AlphaVantageSource:
    """Bars of shares."""

    name = SOURCE
    display_name = "Alpha Vantage"
    provenance = "Alpha Vantage, subject to its terms of service; as traded, not adjusted"

    def __init__(
        self, reader: Reader, quota: QuotaKeeper, clock: Clock, missing_setting: str
    ) -> None:
        self._reader, self._quota, self._clock = reader, quota, clock
        self.missing_setting = missing_setting

    def quotas(self) -> Sequence[Quota]:
        """Return what is left of the minute and the day."""
        return self._quota.quotas()

    def check_bars(self, instrument: Instrument, interval: str) -> None:
        """Raise NotOffered for what it never has."""
        symbol_of(instrument)
        if interval == DAILY:
            return
        if interval not in INTRADAY:
            known = ", ".join((*INTRADAY, DAILY))
            raise NotOffered(instrument.instrument, f"Alpha Vantage has bars of {known} alone")
        if not is_american(instrument):
            raise NotOffered(
                instrument.instrument, "Alpha Vantage has bars within a day of US shares alone"
            )

    def bar_pages(self, wanted: BarRange, after: str) -> AsyncIterator[BarPage]:
        """Read daily bars at once, others month by month, the newest first."""
        if wanted.interval == DAILY:
            return self._daily(wanted, after)
        return self._intraday(wanted, after)

    async def _daily(self, wanted: BarRange, after: str) -> AsyncIterator[BarPage]:
        if after == WHOLE:
            return
        name = wanted.instrument.instrument
        oldest = datetime_from_ns(self._clock.now_ns()) - COMPACT
        size = "compact" if datetime_from_ns(wanted.start_ns) > oldest else "full"
        bars = await self._ask(
            {"function": "TIME_SERIES_DAILY", "outputsize": size},
            wanted,
            partial(daily_bars, instrument=name, interval=wanted.interval),
        )
        yield BarPage(_within(bars, wanted), wanted.start_ns, wanted.end_ns, WHOLE, 1.0)

    async def _intraday(self, wanted: BarRange, after: str) -> AsyncIterator[BarPage]:
        months = _months(wanted)
        length_ns = parse_interval(wanted.interval)
        parse = partial(
            intraday_bars,
            instrument=wanted.instrument.instrument,
            interval=wanted.interval,
            length_ns=length_ns,
        )
        for place, month in enumerate(months):
            if after and month >= after:
                continue
            try:
                bars = await self._ask(_intraday_call(wanted.interval, month), wanted, parse)
            except NoSuchCall:
                # Something was read of it before: this is as far back as the vendor goes.
                if place:
                    return
                raise
            yield _month_page(bars, wanted, month, (place + 1) / len(months))

    async def _ask(
        self, call: dict[str, str], wanted: BarRange, parse: Callable[[bytes], Bars]
    ) -> Bars:
        parameters = {**call, "symbol": symbol_of(wanted.instrument), "datatype": "json"}
        try:
            return await self._reader.get("/query", parameters, parse)
        except Exhausted as error:
            # Whoever else uses the key: what the vendor says counts.
            self._quota.block(error.retry_after_s or 0.0)
            raise


def _intraday_call(interval: str, month: str) -> dict[str, str]:
    return {
        "function": "TIME_SERIES_INTRADAY",
        "interval": INTRADAY[interval],
        "month": month,
        "outputsize": "full",
        "adjusted": "false",
    }


def _months(wanted: BarRange) -> list[str]:
    """Return the months of a range, "2024-01", the newest first."""
    first = max(datetime_from_ns(wanted.start_ns).date(), FIRST_MONTH).replace(day=1)
    month = datetime_from_ns(wanted.end_ns - 1).date().replace(day=1)
    months = []
    while month >= first:
        months.append(month.strftime("%Y-%m"))
        month = (month - timedelta(days=1)).replace(day=1)
    return months


def _month_page(bars: Bars, wanted: BarRange, month: str, fraction: float) -> BarPage:
    """Make a page; only what lies between the first and the last bar is known for sure."""
    part = _within(bars, wanted)
    start_ns = int(part.close_time_ns[0]) if len(part) else 0
    end_ns = int(part.close_time_ns[-1]) + 1 if len(part) else 0
    return BarPage(part, start_ns, end_ns, month, fraction)


def _within(bars: Bars, wanted: BarRange) -> Bars:
    first, last = bars.close_time_ns.searchsorted([wanted.start_ns, wanted.end_ns])
    return bars.rows(slice(int(first), int(last)))
