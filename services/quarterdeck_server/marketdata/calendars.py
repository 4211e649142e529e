"""The schedules of markets, computed for some time ahead by a program of its own."""

import asyncio
import json
import sys
from collections.abc import Collection
from datetime import timedelta

from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.kernel.time import LATEST_NS, datetime_from_ns, ns
from quarterdeck_server.marketdata.domain.calendar import ALWAYS, WEEKDAYS, weekday_sessions
from quarterdeck_server.marketdata.domain.status import Schedule
from quarterdeck_server.runtime.clock import Clock

PROGRAM = "quarterdeck_server.marketdata.sessions"
BEHIND, AHEAD = timedelta(days=14), timedelta(days=120)
RENEW_S = 24 * 3_600.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15.0, 3_600.0
PATIENCE_S = 60.0


class CalendarsUnavailable(Unavailable):
    """The program that knows the calendars failed, or does not know all of them."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the calendars of markets cannot be read: {cause}")


class Calendars:
    """Keeps the schedules that were asked for, and renews them each day."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._schedules: dict[str, Schedule] = {}
        self._due_s: dict[str, float] = {}
        self._pause_s = FIRST_PAUSE_S

    def schedule(self, code: str) -> Schedule | None:
        """Return the schedule of a market, if it was read already."""
        schedule = self._schedules.get(code)
        if schedule is None or schedule.end_ns <= self.clock.now_ns():
            return None
        return schedule

    async def prepare(self, codes: Collection[str]) -> None:
        """Compute the schedules that are missing or a day old. Raises CalendarsUnavailable."""
        now_s = self.clock.monotonic()
        wanted = {code for code in codes if self._due_s.get(code, now_s) <= now_s}
        try:
            await self._compute(wanted)
        except CalendarsUnavailable:
            self._due_s |= dict.fromkeys(wanted, now_s + self._pause_s)
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
            raise
        self._due_s |= dict.fromkeys(wanted, now_s + RENEW_S)
        self._pause_s = FIRST_PAUSE_S if wanted else self._pause_s

    async def _compute(self, wanted: Collection[str]) -> None:
        now_ns = self.clock.now_ns()
        start_ns, end_ns = now_ns - ns(BEHIND), now_ns + ns(AHEAD)
        exchanges = sorted({*wanted} - {ALWAYS, WEEKDAYS})
        found = await _read(exchanges, start_ns, end_ns) if exchanges else {}
        if ALWAYS in wanted:
            found[ALWAYS] = Schedule([(0, LATEST_NS)], LATEST_NS)
        if WEEKDAYS in wanted:
            found[WEEKDAYS] = Schedule(weekday_sessions(start_ns, end_ns), end_ns)
        self._schedules |= found
        if unknown := sorted({*wanted} - self._schedules.keys()):
            raise CalendarsUnavailable(f"nothing is known of {', '.join(unknown)}")


async def _read(codes: Collection[str], start_ns: int, end_ns: int) -> dict[str, Schedule]:
    days = (datetime_from_ns(moment).date().isoformat() for moment in (start_ns, end_ns))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", PROGRAM, *days, *codes),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    except TimeoutError as error:
        raise CalendarsUnavailable("no answer in time") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise CalendarsUnavailable(last or f"exit code {process.returncode}")
    found = json.loads(output)
    return {code: Schedule(each["sessions"], each["until"]) for code, each in found.items()}
