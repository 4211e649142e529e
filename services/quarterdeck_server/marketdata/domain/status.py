"""Whether an instrument trades, and what its trading hours say."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from quarterdeck_server.kernel.time import LATEST_NS
from quarterdeck_server.kernel.topics import topic
from quarterdeck_server.marketdata.domain.columns import Ints


class TradingPhase(IntEnum):
    """The phase of trading; values are those of the contract."""

    OPEN = 1
    CLOSED = 2
    HALTED = 3


@dataclass(frozen=True, slots=True)
class Status:
    """The phase of an instrument since a time, and when it will change if that is known."""

    instrument: str
    phase: TradingPhase
    event_time_ns: int
    next_change_time_ns: int | None = None
    note: str = ""

    @property
    def topic(self) -> str:
        """Where it is published."""
        return topic("statuses", self.instrument)

    @property
    def times(self) -> Ints:
        """Since when it is so: one row."""
        return np.array([self.event_time_ns], dtype=np.int64)

    def __len__(self) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class Phase:
    """What trading hours say of a moment; the ends are absent where the hours are not known."""

    is_open: bool
    since_ns: int | None
    until_ns: int | None


class Schedule:
    """The sessions of a market, in order and without overlap, known up to an end."""

    def __init__(self, sessions: Sequence[tuple[int, int]], end_ns: int) -> None:
        self.end_ns = end_ns
        self._changes = [moment for session in _joined(sessions) for moment in session]

    def at(self, now_ns: int) -> Phase:
        """Return the phase of a moment; a session includes its opening, not its close."""
        place = bisect_right(self._changes, now_ns)
        since = self._changes[place - 1] if place else None
        until = self._changes[place] if place < len(self._changes) else None
        return Phase(place % 2 == 1, since or None, until if until != LATEST_NS else None)


def _joined(sessions: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join sessions that follow each other without a break."""
    found: list[tuple[int, int]] = []
    for opening, close in sessions:
        if found and opening <= found[-1][1]:
            found[-1] = (found[-1][0], max(close, found[-1][1]))
        else:
            found.append((opening, close))
    return found
