"""What all rings together may keep: a time and a number of bytes; the oldest entry goes first."""

from collections import deque
from collections.abc import Mapping

from quarterdeck_server.stream.engine.entry import Entry
from quarterdeck_server.stream.engine.topic import Topic


class Budget:
    """The entries of every ring in order of arrival."""

    def __init__(self, window_s: float, max_bytes: int) -> None:
        self._window_s = window_s
        self._max_bytes = max_bytes
        self._order: deque[Entry] = deque()
        self.kept_bytes = 0

    def add(self, entry: Entry, topics: Mapping[str, Topic]) -> None:
        """Count an entry that a ring keeps, and make room for it.

        What is too old goes two at a time here, so that seldom much is left to do at once.
        """
        order, oldest = self._order, entry.arrived - self._window_s
        order.append(entry)
        self.kept_bytes += len(entry)
        if order[0].arrived < oldest:
            self._drop_oldest(topics)
            if order[0].arrived < oldest:
                self._drop_oldest(topics)
        while self.kept_bytes > self._max_bytes and len(self._order) > 1:
            self._drop_oldest(topics)

    def evict(self, topics: Mapping[str, Topic], now: float) -> None:
        """Drop the entries that are older than the window."""
        oldest = now - self._window_s
        while self._order and self._order[0].arrived < oldest:
            self._drop_oldest(topics)

    def _drop_oldest(self, topics: Mapping[str, Topic]) -> None:
        entry = self._order.popleft()
        self.kept_bytes -= len(entry)
        topics[entry.topic].evict(entry)
