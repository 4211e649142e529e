"""Tells when instruments open and close, as far as their trading calendars say."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress

import structlog

from quarterdeck_server.kernel.errors import NotPossibleNow, Unavailable
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.calendars import Calendars, CalendarsUnavailable
from quarterdeck_server.marketdata.domain.status import Phase, Status, TradingPhase
from quarterdeck_server.marketdata.ingest import Gate, Ingest
from quarterdeck_server.marketdata.mapping.publish import entries_of
from quarterdeck_server.runtime.clock import Clock

log = structlog.get_logger()

ORIGIN = "calendars"
LONGEST_PAUSE_S = 15.0
"""The wall clock may be set: it is looked at again after this, whatever the hours say."""
SHORTEST_PAUSE_S = 0.001
REPEAT_S = 30.0
"""Phases are told again within the minute that the bus keeps, for stream workers that start."""


class Hours:
    """Publishes the phase of every instrument that has a calendar: at each change, and repeatedly.

    An instrument that somebody halted is left alone until it is opened again; only the halt is
    repeated.
    """

    def __init__(self, gate: Gate, calendars: Calendars, ingest: Ingest, clock: Clock) -> None:
        self._instruments, self._halts = gate.instruments, gate.halts
        self._calendars, self._ingest, self._clock = calendars, ingest, clock
        self._told: dict[str, tuple[str, Phase]] = {}
        self._repeat_at = clock.monotonic() + REPEAT_S
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look again: an instrument may have another calendar."""
        self._woken.set()

    def tell_again(self, instruments: Sequence[str]) -> None:
        """Say how instruments stand that are not halted any more."""
        for instrument in instruments:
            self._told.pop(instrument, None)
        self.wake()

    async def run(self) -> None:
        """Tell each phase when it begins, for ever."""
        while True:
            self._woken.clear()
            await self._prepare()
            await self._tell()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._pause_s())

    async def _prepare(self) -> None:
        try:
            await self._calendars.prepare(set(self._instruments.calendars().values()))
        except CalendarsUnavailable as error:
            metrics.CALENDAR_FAILURES.inc()
            log.warning("calendars_not_read", error=str(error))

    async def _tell(self) -> None:
        again = self._clock.monotonic() >= self._repeat_at
        news = {
            name: (code, phase)
            for name, code, phase in self._phases()
            if (again or self._told.get(name) != (code, phase)) and not self._halts.is_halted(name)
        }
        statuses = [self._status(name, code, phase) for name, (code, phase) in news.items()]
        gone = self._told.keys() - {name for name, _, _ in self._phases()}
        statuses += [self._unknown(name) for name in gone if not self._halts.is_halted(name)]
        try:
            await self._ingest.publish(entries_of(statuses), ORIGIN)
            if again:
                await self._ingest.repeat(entries_of(self._halts.all()))
        except (NotPossibleNow, Unavailable) as error:
            # Halted this very moment, or the bus is away: the next look tells it.
            log.warning("trading_hours_not_told", error=str(error))
            return
        self._told |= news
        if again:
            self._repeat_at = self._clock.monotonic() + REPEAT_S
        for name in gone:
            del self._told[name]

    def _phases(self) -> Iterator[tuple[str, str, Phase]]:
        now_ns = self._clock.now_ns()
        for name, code in self._instruments.calendars().items():
            schedule = self._calendars.schedule(code)
            if schedule is not None:
                yield name, code, schedule.at(now_ns)

    def _status(self, name: str, code: str, phase: Phase) -> Status:
        return Status(
            instrument=name,
            phase=TradingPhase.OPEN if phase.is_open else TradingPhase.CLOSED,
            event_time_ns=phase.since_ns or self._clock.now_ns(),
            next_change_time_ns=phase.until_ns,
            note=f"trading hours of {code}",
        )

    def _unknown(self, name: str) -> Status:
        now_ns = self._clock.now_ns()
        return Status(name, TradingPhase.OPEN, now_ns, note="its trading hours are not known")

    def _pause_s(self) -> float:
        now_ns = self._clock.now_ns()
        changes = {phase.until_ns for _, _, phase in self._phases()}
        next_s = [(change - now_ns) / NS for change in changes if change is not None]
        return max(min([LONGEST_PAUSE_S, *next_s]), SHORTEST_PAUSE_S)
