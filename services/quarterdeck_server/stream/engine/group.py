"""Readers with the same subscriptions: they share the logs and the frames."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from quarterdeck_server.stream.domain import Delivery, Subscription
from quarterdeck_server.stream.engine.entry import Mint
from quarterdeck_server.stream.engine.fold import Folds
from quarterdeck_server.stream.engine.log import RELIEF_BYTES, Log, PacedLog
from quarterdeck_server.stream.engine.plan import Plan
from quarterdeck_server.stream.engine.topic import Topic

if TYPE_CHECKING:
    from quarterdeck_server.stream.engine.reader import Reader

type Manner = tuple[Delivery, float]


def manner_of(subscription: Subscription) -> Manner:
    """Return what decides into which log of a group the events of a subscription go."""
    return subscription.delivery, subscription.max_rate


class Group:
    """One subscription set with its logs, one for each manner of delivery."""

    def __init__(self, plan: Plan, mint: Mint, dirty: Callable[["Group"], None]) -> None:
        self.plan = plan
        self.readers: set[Reader] = set()
        self.waiting: list[Reader] = []
        self.topics: dict[str, Topic] = {}
        self.is_dirty = False
        self._mint = mint
        self._dirty = dirty
        self.logs = {manner: self._log(manner) for manner in self._manners()}

    def _manners(self) -> set[Manner]:
        return {manner_of(one) for one in self.plan.subscriptions.values()}

    def _log(self, manner: Manner) -> Log:
        _, max_rate = manner
        return PacedLog(self.mark, Folds(self._mint), max_rate) if max_rate else Log(self.mark)

    def mark(self) -> None:
        """Remember that there is something new for the readers."""
        if not self.is_dirty:
            self.is_dirty = True
            self._dirty(self)

    def connect(self, topic: Topic) -> Log | None:
        """Send a topic's events to the log it belongs to, if it is subscribed to."""
        subscription = self.plan.route(topic.name)
        if subscription is None:
            return None
        log = self.logs[manner_of(subscription)]
        topic.logs.append(log)
        self.topics[topic.name] = topic
        return log

    def disconnect(self) -> None:
        """Send no more events."""
        mine = set(self.logs.values())
        for topic in self.topics.values():
            topic.logs = [log for log in topic.logs if log not in mine]

    def log_of(self, topic: str) -> Log | None:
        """Return the log in which a topic's events are."""
        subscription = self.plan.route(topic)
        return self.logs[manner_of(subscription)] if subscription else None

    def paced(self) -> list[PacedLog]:
        """Return the logs with a rate."""
        return [log for log in self.logs.values() if isinstance(log, PacedLog)]

    def leave(self, reader: "Reader") -> None:
        """Let a reader go."""
        self.readers.discard(reader)
        if reader.is_waiting:
            self.waiting.remove(reader)

    def relieve(self, now: float, cut_bytes: int) -> None:
        """Bound what the logs hold for readers that are far behind."""
        for place, log in enumerate(self.logs.values()):
            if log.kept_bytes > log.relieve_at:
                for reader in tuple(self.readers):
                    reader.relieve(place, now, cut_bytes)
                self._trim(place, log)
                log.relieve_at = log.kept_bytes + RELIEF_BYTES

    def trim(self) -> None:
        """Drop what every reader has taken."""
        for place, log in enumerate(self.logs.values()):
            self._trim(place, log)

    def _trim(self, place: int, log: Log) -> None:
        log.trim(min((one.feeds[place].cursor for one in self.readers), default=log.head))

    def wake(self) -> None:
        """Tell the readers that wait."""
        self.is_dirty = False
        for log in self.logs.values():
            log.forget_frames()
        waiting, self.waiting = self.waiting, []
        for reader in waiting:
            reader.is_waiting = False
            reader.wake()
