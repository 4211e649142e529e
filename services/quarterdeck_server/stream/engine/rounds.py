"""Looking after the logs of every group: a few at a time, the more often the more is published."""

from collections.abc import Iterable, Iterator

from quarterdeck_server.stream.engine.group import Group
from quarterdeck_server.stream.engine.log import RELIEF_BYTES


class Rounds:
    """Visits each group once for so many published bytes, in turn, so that no turn is long."""

    def __init__(self, groups: Iterable[Group], cut_bytes: int) -> None:
        self._groups = groups
        self._cut_bytes = cut_bytes
        self._rest: Iterator[Group] = iter(())
        self._due = 0.0

    def go(self, published_bytes: int, count: int, now: float) -> None:
        """Visit as many of ``count`` groups as is due after so many more bytes."""
        self._due = min(self._due + count * published_bytes / RELIEF_BYTES, count)
        while self._due >= 1.0:
            self._due -= 1.0
            group = self._next()
            if group is None:
                return
            group.relieve(now, self._cut_bytes)

    def _next(self) -> Group | None:
        group = next(self._rest, None)
        if group is None:
            self._rest = iter(self._groups)
            group = next(self._rest, None)
        return group
