"""The fake's past: bars without end or holes after a first one, and the vendor's pacing."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.ibkr.tws.session import Session

UNIT_S = {"S": 1, "D": 86_400, "W": 7 * 86_400, "M": 30 * 86_400, "Y": 365 * 86_400}
BAR_S = {"5 secs": 5, "1 min": 60, "5 mins": 300, "1 hour": 3_600, "1 day": 86_400}
PREFIX = "Historical Market Data Service error message:"


class History:
    def __init__(self) -> None:
        self.first_s = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
        self.allowed = 60
        self.tells_first_time = True
        self.times: list[float] = []
        self.requests: list[tuple[str, str]] = []

    def head_text(self) -> str:
        return str(self.first_s)

    def answer(self, session: "Session", request: str, fields: Sequence[str]) -> None:
        """Answer reqHistoricalData: end, bar size, duration, useRTH, what, format of dates."""
        end, size, duration, _, _, _ = fields
        self.requests.append((end, duration))
        if not self._is_within_pace():
            session.error(request, 162, f"{PREFIX}Historical data request pacing violation")
            return
        rows = self.rows(_seconds(end), BAR_S[size], _length_s(duration))
        if not rows:
            session.error(request, 162, f"{PREFIX}HMDS query returned no data")
            return
        flat = [value for row in rows for value in row]
        session.send(17, request, "", "", len(rows), *flat)

    def rows(self, end_s: int, bar_s: int, length_s: int) -> list[tuple[object, ...]]:
        """Rows of open time, open, high, low, close, volume, average, count."""
        begin = max(end_s - length_s, self.first_s)
        opens = range(begin + (-begin) % bar_s, end_s, bar_s)
        return [_row(each, daily=bar_s == BAR_S["1 day"]) for each in opens]

    def _is_within_pace(self) -> bool:
        now = time.monotonic()
        self.times = [each for each in self.times if now - each < 600]
        self.times.append(now)
        return len(self.times) <= self.allowed


def _row(open_s: int, *, daily: bool) -> tuple[object, ...]:
    price = 100 + open_s // 5 % 50
    date = datetime.fromtimestamp(open_s, UTC).strftime("%Y%m%d") if daily else open_s
    return (date, price, price + 1, price - 1, price + 0.5, 1_000, price, 10)


def _seconds(end: str) -> int:
    moment = datetime.strptime(end, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC)
    return int(moment.timestamp())


def _length_s(duration: str) -> int:
    count, unit = duration.split(" ")
    return int(count) * UNIT_S[unit]
