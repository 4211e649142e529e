"""Which topics' sources went silent: only kinds that tick, by the time of publication."""

from collections.abc import Iterable, Mapping

from quarterdeck_server.kernel import topics as grammar
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.time import NS, parse_interval
from quarterdeck_server.stream.domain import TICKING, Recovered, Stale
from quarterdeck_server.stream.engine.topic import Topic


class Silence:
    """Knows how long each topic may be silent; 0 means as long as it likes."""

    def __init__(self, stale_after_s: Mapping[str, float]) -> None:
        self._allowed_ns = {
            kind: round(seconds * NS) for kind, seconds in stale_after_s.items() if kind in TICKING
        }

    def threshold_ns(self, topic: Topic) -> int:
        """Return how long the topic may be silent; a bar's interval comes on top."""
        allowed = self._allowed_ns.get(topic.kind, 0)
        return allowed and allowed + _interval_ns(topic)

    def fallen_silent(self, topics: Iterable[Topic], now_ns: int) -> list[tuple[Topic, Stale]]:
        """Return the topics that are silent for too long and were not before."""
        found = []
        for topic in topics:
            if topic.stale_after_ns and topic.stale is None and topic.last_time_ns:
                silent_ns = now_ns - topic.last_time_ns
                if silent_ns > topic.stale_after_ns:
                    topic.stale = Stale(topic.name, silent_ns)
                    found.append((topic, topic.stale))
        return found

    def recovered(self, topic: Topic, time_ns: int) -> Recovered:
        """Return the announcement that a silent topic has events again."""
        topic.stale = None
        return Recovered(topic.name, max(0, time_ns - topic.last_time_ns))


def _interval_ns(topic: Topic) -> int:
    if topic.kind != "bars":
        return 0
    try:
        return parse_interval(grammar.split(topic.name)[1])
    except InvalidField:
        return 0
