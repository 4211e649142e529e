"""Which instruments trade, by the newest status of each: else silence is no fault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from quarterdeck_server.stream.engine.entry import Entry
from quarterdeck_server.stream.engine.topic import Topic

KIND = "statuses"

type IsOpen = Callable[[bytes], bool]
"""Tells from an encoded status event whether its instrument trades."""


@dataclass(frozen=True, slots=True)
class _Known:
    entry: Entry
    is_open: bool


class Phases:
    """Reads statuses when somebody asks, each of them once."""

    def __init__(self, is_open: IsOpen) -> None:
        self._is_open = is_open
        self._known: dict[str, _Known] = {}

    def open_since(self, topic: str, topics: Mapping[str, Topic]) -> float | None:
        """Return since when a topic's instrument trades, 0 if nobody says; None if it does not."""
        status = topics.get(status_topic(topic))
        if status is None or status.newest is None:
            return 0.0
        known = self._known.get(status.name)
        if known is None or known.entry is not status.newest:
            known = _Known(status.newest, self._is_open(status.newest.chunk))
            self._known[status.name] = known
        return known.entry.arrived if known.is_open else None


def status_topic(topic: str) -> str:
    """Return the topic of the status of a topic's instrument, which is the last part of its key."""
    return f"{KIND}/{topic.rpartition('/')[2]}"
