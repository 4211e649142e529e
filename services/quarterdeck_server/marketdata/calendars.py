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
BEHIND, AHEAD, RENEW = timedelta(days=14), timedelta(days=120), timedelta(days=30)
PATIENCE_S = 60.0


class CalendarsUnavailable(Unavailable):
    """The program that knows the calendars failed."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the calendars of markets cannot be read: {cause}")


class Calendars:
    """Keeps the schedules that were asked for, and renews them before they end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._schedules: dict[str, Schedule] = {}
        self._known_until_ns: dict[str, int] = {}

    def schedule(self, code: str) -> Schedule | None:
        """Return the schedule of a market, if it is known by now."""
        return self._schedules.get(code)

    async def prepare(self, codes: Collection[str]) -> None:
        """Compute the schedules that are missing or near their end. Raises CalendarsUnavailable."""
        now_ns = self._clock.now_ns()
        wanted = {c for c in codes if self._known_until_ns.get(c, 0) < now_ns + ns(RENEW)}
        start_ns, end_ns = now_ns - ns(BEHIND), now_ns + ns(AHEAD)
        exchanges = sorted(wanted - {ALWAYS, WEEKDAYS})
        found = await _read(exchanges, start_ns, end_ns) if exchanges else {}
        if ALWAYS in wanted:
            found[ALWAYS] = Schedule([(0, LATEST_NS)])
        if WEEKDAYS in wanted:
            found[WEEKDAYS] = Schedule(weekday_sessions(start_ns, end_ns))
        self._schedules |= found
        self._known_until_ns |= dict.fromkeys(found, end_ns)


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
    return {code: Schedule(sessions) for code, sessions in json.loads(output).items()}
