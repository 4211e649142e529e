"""While the bus does not answer nobody knows what is published: its topics are stale till then."""

from collections.abc import Callable

from quarterdeck_server.stream.domain import Recovered, Stale
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.topic import Topic

NOTE = "bus away"
NS = 1_000_000_000

type Holds = Callable[[str], bool]


class Outages:
    """The parts of the bus that are away, and the topics that are stale for it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._began: dict[int, float] = {}
        """When each part of the bus went away, by its number."""

    def begin(self, part: int, holds: Holds, now: float) -> int:
        """Announce the topics of a part as stale; returns how many."""
        self._began.setdefault(part, now)
        found = [one for one in self._hub.topics.values() if one.stale is None and holds(one.name)]
        for topic in found:
            topic.stale = Stale(topic.name, _silent_ns(topic, now), NOTE)
            self._hub.announce(topic, topic.stale, now)
        return len(found)

    def end(self, part: int, holds: Holds, now: float) -> bool:
        """Announce that a part of the bus answers again, if it was away."""
        began = self._began.pop(part, None)
        if began is None:
            return False
        away_ns = round((now - began) * NS)
        for topic in self._hub.topics.values():
            if topic.stale is not None and topic.stale.note == NOTE and holds(topic.name):
                topic.stale = None
                self._hub.announce(topic, Recovered(topic.name, away_ns), now)
        return True


def _silent_ns(topic: Topic, now: float) -> int:
    return round((now - topic.last_arrival) * NS) if topic.last_arrival else 0
