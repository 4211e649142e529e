"""Bars of the past, read backwards: each answer says how far back it goes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from quarterdeck_server.adapters.ibkr.codes import is_empty, is_pacing
from quarterdeck_server.adapters.ibkr.finding import find
from quarterdeck_server.adapters.ibkr.mailbox import Refusal
from quarterdeck_server.adapters.ibkr.pacing import Pacing
from quarterdeck_server.adapters.ibkr.session import Session
from quarterdeck_server.adapters.ibkr.stream import Known, what_to_show
from quarterdeck_server.adapters.ibkr.tapes import bars_of
from quarterdeck_server.kernel.errors import QuarterdeckError, Unavailable
from quarterdeck_server.kernel.time import NS, datetime_from_ns
from quarterdeck_server.marketdata.domain.backfill import BarPage, BarRange
from quarterdeck_server.marketdata.domain.source import NotOffered
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.source_settings import IbkrSettings

ANSWER_S = 60.0
DAY_S = 86_400
# A day's bar closes when New York does in winter, as recorded daily bars do everywhere here.
CLOSE_OF_DAY_S = 21 * 3_600
SECONDS_SINCE_1970 = 2
BARS, FIRST_TIME = "reqHistoricalData", "reqHeadTimeStamp"
CANCELS = {BARS: "cancelHistoricalData", FIRST_TIME: "cancelHeadTimeStamp"}


@dataclass(frozen=True, slots=True)
class BarSetting:
    """How bars of an interval are asked for, and how long a time one answer may cover."""

    size: str
    duration: str
    seconds: int

    @property
    def is_daily(self) -> bool:
        """Whether they are told by their date."""
        return self.seconds == DAY_S


# The vendor's table of step sizes.
_SIZES = {
    5: ("5 secs", "3600 S"),
    10: ("10 secs", "14400 S"),
    15: ("15 secs", "14400 S"),
    30: ("30 secs", "28800 S"),
    60: ("1 min", "1 D"),
    120: ("2 mins", "2 D"),
    180: ("3 mins", "1 W"),
    300: ("5 mins", "1 W"),
    600: ("10 mins", "1 W"),
    900: ("15 mins", "1 W"),
    1_200: ("20 mins", "1 W"),
    1_800: ("30 mins", "1 M"),
    3_600: ("1 hour", "1 M"),
    7_200: ("2 hours", "1 M"),
    10_800: ("3 hours", "1 M"),
    14_400: ("4 hours", "1 M"),
    28_800: ("8 hours", "1 M"),
    DAY_S: ("1 day", "1 Y"),
}
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": DAY_S}
_DURATIONS = {"S": 1, "D": DAY_S, "W": 7 * DAY_S, "M": 30 * DAY_S, "Y": 365 * DAY_S}


def setting_of(instrument: str, interval: str) -> BarSetting:
    """Return how bars of an interval are asked for. Raises NotOffered."""
    seconds = int(interval[:-1]) * _UNITS[interval[-1]]
    if seconds not in _SIZES:
        raise NotOffered(instrument, f"Interactive Brokers has no bars of {interval}")
    return BarSetting(*_SIZES[seconds], seconds)


class HistoricalBars:
    """Reads bars over one connection, which is open while somebody reads."""

    def __init__(self, settings: IbkrSettings, clock: Clock, source: str) -> None:
        self._settings, self._clock = settings, clock
        self.pacing = Pacing(source, clock)
        self._turn = asyncio.Lock()
        self._session: Session | None = None
        self._readers = 0
        self._known: dict[str, Known] = {}
        self._first_ns: dict[str, int] = {}

    async def pages(self, wanted: BarRange, after: str) -> AsyncIterator[BarPage]:
        """Read a range, newest first; the position is the end of what is left to read."""
        setting = setting_of(wanted.instrument.instrument, wanted.interval)
        cursor_ns = int(after) if after else wanted.end_ns
        self._readers += 1
        try:
            floor_ns = await self._floor_ns(wanted)
            while cursor_ns > floor_ns:
                page = await self._page(wanted, setting, floor_ns, cursor_ns)
                cursor_ns = page.start_ns
                yield page
        finally:
            self._readers -= 1
            if self._readers == 0:
                self._close()

    async def _page(
        self, wanted: BarRange, setting: BarSetting, floor_ns: int, end_ns: int
    ) -> BarPage:
        """Read what closes before a time, as far back as one answer goes."""
        rows = await self._ask_bars(wanted, setting, end_ns)
        timed = [(close_ns_of(bar, setting), bar) for bar in rows]
        start_ns = _start_of(timed, setting, end_ns)
        kept = [(close, bar) for close, bar in timed if floor_ns <= close < end_ns]
        bars = bars_of(
            wanted.instrument,
            wanted.interval,
            [close for close, _ in kept],
            [(bar.open, bar.high, bar.low, bar.close, bar.volume) for _, bar in kept],
        )
        start_ns = max(start_ns, floor_ns)
        fraction = (wanted.end_ns - start_ns) / max(wanted.end_ns - floor_ns, 1)
        return BarPage(bars, start_ns, end_ns, str(start_ns), fraction)

    async def _ask_bars(self, wanted: BarRange, setting: BarSetting, end_ns: int) -> list[Any]:
        known = await self._find(wanted)
        end = _end_text(end_ns, setting)
        show = what_to_show(known.instrument)
        # A day has the prices of its main session; shorter bars are wanted of all hours.
        details = (setting.duration, setting.size, show, setting.is_daily, SECONDS_SINCE_1970)
        try:
            return await self._ask(BARS, known.contract, end, *details, False, [])
        except Refusal as refusal:
            if is_empty(refusal.code, refusal.text):
                return []
            raise self._error(wanted.instrument.instrument, refusal) from refusal

    async def _floor_ns(self, wanted: BarRange) -> int:
        """Return where to stop: nobody reads back to 1970 when the vendor does not say."""
        floor_ns = max(wanted.start_ns, await self._first_time_ns(wanted))
        if floor_ns <= 0:
            name = wanted.instrument.instrument
            raise NotOffered(name, f"{name}: it is not told when bars begin: ask from a start time")
        return floor_ns

    async def _first_time_ns(self, wanted: BarRange) -> int:
        """Return when the vendor's bars begin; 0 where it does not say."""
        name = wanted.instrument.instrument
        if name not in self._first_ns:
            known = await self._find(wanted)
            show = what_to_show(known.instrument)
            try:
                answer = await self._ask(
                    FIRST_TIME, known.contract, show, False, SECONDS_SINCE_1970
                )
            except Refusal as refusal:
                error = self._error(name, refusal)
                if not isinstance(error, NotOffered):
                    raise error from refusal
                answer = ["0"]
            self._first_ns[name] = int(answer[0]) * NS
        return self._first_ns[name]

    async def _find(self, wanted: BarRange) -> Known:
        name = wanted.instrument.instrument
        if name not in self._known:
            self._known[name] = await find(await self._open(), name, self._settings)
        return self._known[name]

    async def _ask(self, name: str, *arguments: Any) -> list[Any]:
        """Ask when it is our turn: requests one after the other, within the pace."""
        session = await self._open()
        async with self._turn:
            self.pacing.take()
            number, send = session.number(), getattr(session.client, name)
            try:
                return await session.ask(number, send, number, *arguments, timeout_s=ANSWER_S)
            except Unavailable:
                # What comes late is of no use any more.
                session.send_if_open(CANCELS[name], number)
                raise

    async def _open(self) -> Session:
        async with self._turn:
            if self._session is None or self._session.has_ended:
                self._close()
                client_id = self._settings.client_id + 1
                session = Session(self._settings, client_id, self._clock)
                await session.open()
                self._session = session
            return self._session

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _error(self, instrument: str, refusal: Refusal) -> QuarterdeckError:
        if is_pacing(refusal.code, refusal.text):
            self.pacing.block()
            return self.pacing.exhausted(str(refusal))
        return NotOffered(instrument, f"{instrument}: {refusal}")


def close_ns_of(bar: Any, setting: BarSetting) -> int:
    """Return when a bar closed, from the time or the date it is told with."""
    text = str(bar.date)
    if setting.is_daily:
        day = datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=UTC)
        return (int(day.timestamp()) + CLOSE_OF_DAY_S) * NS
    return (int(text) + setting.seconds) * NS


def _start_of(timed: list[tuple[int, Any]], setting: BarSetting, end_ns: int) -> int:
    """Return the start of what an answer covers: all after the first bar's beginning.

    An answer that leads no further covers the time that was asked for.
    """
    earliest_ns = min((close for close, _ in timed), default=end_ns)
    start_ns = earliest_ns - setting.seconds * NS + 1
    if start_ns < end_ns:
        return start_ns
    count, unit = setting.duration.split(" ")
    return end_ns - int(count) * _DURATIONS[unit] * NS


def _end_text(end_ns: int, setting: BarSetting) -> str:
    """Write the exclusive end of a range; for days, the end of the last one before it."""
    if setting.is_daily:
        return datetime_from_ns(end_ns - 1).strftime("%Y%m%d-23:59:59")
    second = -(-(end_ns - 1) // NS)
    return datetime_from_ns(second * NS).strftime("%Y%m%d-%H:%M:%S")
