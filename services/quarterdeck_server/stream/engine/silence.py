"""Which topics' sources went silent: only kinds that tick, while their instrument trades.

Time is counted by a clock that never runs backwards and from when this process took an event in,
so that a step of the machine's clock neither hides a silence nor makes one up.
"""

from collections.abc import Mapping

from quarterdeck_server.kernel import topics as grammar
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.time import NS, parse_interval
from quarterdeck_server.stream.domain import TICKING, Recovered, Stale
from quarterdeck_server.stream.engine.phases import Phases, ReadPhase
from quarterdeck_server.stream.engine.topic import Topic

NOTE = "nothing was published"


class Silence:
    """Knows how long each topic may be silent; 0 means as long as it likes."""

    def __init__(self, stale_after_s: Mapping[str, float], read_phase: ReadPhase) -> None:
        self._allowed_ns = {
            kind: round(seconds * NS) for kind, seconds in stale_after_s.items() if kind in TICKING
        }
        self._phases = Phases(read_phase)

    def allowed_ns(self, topic: str) -> int:
        """Return how long a topic may be silent; a bar's interval comes on top."""
        allowed = self._allowed_ns.get(grammar.kind(topic), 0)
        return allowed and allowed + _interval_ns(topic)

    def fallen_silent(self, topics: Mapping[str, Topic], now: float) -> list[tuple[Topic, Stale]]:
        """Return the topics that are silent for too long and were not before."""
        found = []
        for topic in topics.values():
            if not topic.stale_after_ns or topic.stale is not None or topic.newest is None:
                continue
            silent_ns = round((now - topic.last_arrival) * NS)
            if silent_ns > topic.stale_after_ns and self.should_tick(topic.name, topics, now):
                topic.stale = Stale(topic.name, silent_ns, NOTE)
                found.append((topic, topic.stale))
        return found

    def recovered(self, topic: Topic, now: float) -> Recovered:
        """Return the announcement that a silent topic has events again."""
        topic.stale = None
        return Recovered(topic.name, round(max(0.0, now - topic.last_arrival) * NS))

    def should_tick(self, topic: str, topics: Mapping[str, Topic], now: float) -> bool:
        """Tell whether the instrument trades for as long as the topic may be silent."""
        since = self._phases.open_since(topic, topics)
        return since is not None and (now - since) * NS > self.allowed_ns(topic)


def _interval_ns(topic: str) -> int:
    kind, interval, *_ = topic.split("/")
    try:
        return parse_interval(interval) if kind == "bars" else 0
    except InvalidField:
        return 0
