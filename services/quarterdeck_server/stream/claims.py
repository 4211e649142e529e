"""Cursors that claim more than was seen here: of another worker that is ahead, or of nowhere.

A cursor of a topic that is not known yet cannot be judged when its stream opens. If the topic turns
out to be behind it and stays so, all its events would be dropped as such that the reader has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from quarterdeck_server.stream.domain import Cursor, CursorInvalid
from quarterdeck_server.stream.engine import outage
from quarterdeck_server.stream.engine.hub import Hub

BEYOND = "must not be beyond the newest event"
PATIENCE_S = 10.0
"""For so long another worker may be ahead of this one."""


def may_lag(hub: Hub, name: str) -> bool:
    """Tell whether a topic waits for a repair, or for the bus: then others may be far ahead."""
    topic = hub.topics.get(name)
    if topic is None or topic.held is not None:
        return True
    return topic.stale is not None and topic.stale.note == outage.NOTE


@dataclass(slots=True)
class _Claim:
    cursor: Cursor
    field: str
    behind_since: float | None = None


class Claims:
    """The cursors of one stream that were not reached yet."""

    __slots__ = ("_claims", "_hub")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._claims: dict[str, _Claim] = {}

    def add(self, cursors: Mapping[str, tuple[Cursor, str]]) -> None:
        """Take the cursors of topics that are not known; the others were judged already."""
        for name, (cursor, field) in cursors.items():
            if name not in self._hub.topics:
                self._claims[name] = _Claim(cursor, field)

    def refuted(self, now: float) -> CursorInvalid | None:
        """Return what is wrong with a cursor that its topic stays behind, if there is one."""
        for name, claim in tuple(self._claims.items()):
            if may_lag(self._hub, name):
                claim.behind_since = None
            elif not self._hub.is_before(claim.cursor):
                del self._claims[name]
            elif claim.behind_since is None:
                claim.behind_since = now
            elif now - claim.behind_since > PATIENCE_S:
                return CursorInvalid(claim.field, BEYOND)
        return None
