"""Which instruments trade, by the newest status of each: else silence is no fault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from quarterdeck_server.stream.engine.entry import Entry
from quarterdeck_server.stream.engine.topic import Topic

KIND = "statuses"


@dataclass(frozen=True, slots=True)
class Phase:
    """Whether an instrument trades, and since which event time; it may be told several times."""

    is_open: bool
    since_ns: int


type ReadPhase = Callable[[bytes], Phase]
"""Reads an encoded status event."""


@dataclass(frozen=True, slots=True)
class _Known:
    entry: Entry
    phase: Phase
    since: float
    """When this process first knew it."""


class Phases:
    """Reads statuses when somebody asks, each of them once."""

    def __init__(self, read: ReadPhase) -> None:
        self._read = read
        self._known: dict[str, _Known] = {}

    def open_since(self, topic: str, topics: Mapping[str, Topic]) -> float | None:
        """Return since when a topic's instrument trades, 0 if nobody says; None if it does not."""
        status = topics.get(status_topic(topic))
        if status is None or status.newest is None:
            return 0.0
        known = self._known.get(status.name)
        if known is None or known.entry is not status.newest:
            known = self._known[status.name] = self._learn(status.newest, known)
        return known.since if known.phase.is_open else None

    def _learn(self, entry: Entry, known: _Known | None) -> _Known:
        phase = self._read(entry)
        is_same = known is not None and known.phase == phase
        return _Known(entry, phase, known.since if known and is_same else entry.arrived)


def status_topic(topic: str) -> str:
    """Return the topic of the status of a topic's instrument, which is the last part of its key."""
    return f"{KIND}/{topic.rpartition('/')[2]}"
