"""Topics that somebody reads and of which nothing was ever seen here: they are stale, too.

A name that is misspelt, a source that is away since before this process began: without a word of
it, such a reader would be connected and wait for ever.
"""

from collections.abc import Iterable, Mapping

from quarterdeck_server.kernel.time import NS
from quarterdeck_server.stream.domain import Stale
from quarterdeck_server.stream.engine.silence import Silence
from quarterdeck_server.stream.engine.topic import Topic

NOTE = "nothing was published since it is subscribed to"


class Absentees:
    """Since when topics without events are read, and which of them were announced as stale."""

    def __init__(self, silence: Silence) -> None:
        self._silence = silence
        self._since: dict[str, float] = {}
        self._stale: dict[str, Stale] = {}

    def look(self, names: Iterable[str], topics: Mapping[str, Topic], now: float) -> list[Stale]:
        """Return those that are silent for too long and were not before; forget the unread."""
        missing = {name for name in names if name not in topics}
        self._since = {name: self._since.get(name, now) for name in missing}
        self._stale = {name: one for name, one in self._stale.items() if name in missing}
        found = [one for name in missing - self._stale.keys() if (one := self._judge(name, now))]
        found = [one for one in found if self._silence.should_tick(one.topic, topics, now)]
        self._stale |= {one.topic: one for one in found}
        return found

    def stale(self, name: str) -> Stale | None:
        """Return how a topic without events was announced, if it was."""
        return self._stale.get(name)

    def appear(self, topic: Topic) -> None:
        """Let a topic that has its first event, and was announced as stale, recover."""
        topic.stale = self._stale.pop(topic.name, None)
        if topic.stale is not None:
            topic.last_arrival = self._since[topic.name]

    def _judge(self, name: str, now: float) -> Stale | None:
        silent_ns = round((now - self._since[name]) * NS)
        allowed_ns = self._silence.allowed_ns(name)
        return Stale(name, silent_ns, NOTE) if allowed_ns and silent_ns > allowed_ns else None
