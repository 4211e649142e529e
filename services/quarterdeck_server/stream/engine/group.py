"""Readers with the same subscriptions: they share the logs and the frames."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Protocol

from quarterdeck_server.stream.domain import Delivery, Subscription
from quarterdeck_server.stream.engine.bell import Bell
from quarterdeck_server.stream.engine.entry import Mint
from quarterdeck_server.stream.engine.feed import Feed
from quarterdeck_server.stream.engine.fold import Folds
from quarterdeck_server.stream.engine.log import RELIEF_BYTES, Log, PacedLog
from quarterdeck_server.stream.engine.plan import Plan
from quarterdeck_server.stream.engine.topic import Topic

type Manner = tuple[Delivery, float]

_CURSOR = attrgetter("cursor")


class Member(Protocol):
    """A reader, as its group sees it."""

    @property
    def feeds(self) -> Sequence[Feed]:
        """Its places in the logs of the group, in their order."""
        ...

    def relieve(self, place: int, now: float, cut_bytes: int) -> None:
        """Keep a log from growing."""
        ...


def manner_of(subscription: Subscription) -> Manner:
    """Return what decides into which log of a group the events of a subscription go."""
    return subscription.delivery, subscription.max_rate


class Group:
    """One subscription set with its logs, one for each manner of delivery."""

    def __init__(self, plan: Plan, mint: Mint, bell: Bell) -> None:
        self.plan = plan
        self.bell = bell
        self.readers: set[Member] = set()
        self.topics: dict[str, Topic] = {}
        self._mint = mint
        self._visited_at = 0.0
        self.logs = {manner: self._log(manner) for manner in self._manners()}

    def _manners(self) -> set[Manner]:
        return {manner_of(one) for one in self.plan.subscriptions.values()}

    def _log(self, manner: Manner) -> Log:
        _, max_rate = manner
        return PacedLog(Folds(self._mint), max_rate) if max_rate else Log()

    def connect(self, topic: Topic) -> Log | None:
        """Send a topic's events to the log it belongs to, if it is subscribed to."""
        log = self.log_of(topic.name)
        if log is not None:
            topic.flow_into(log, self.bell)
            self.topics[topic.name] = topic
        return log

    def disconnect(self) -> None:
        """Send no more events."""
        for topic in self.topics.values():
            topic.flow_no_more_into(self.logs.values(), self.bell)

    def log_of(self, topic: str) -> Log | None:
        """Return the log in which a topic's events are."""
        subscription = self.plan.route(topic)
        return self.logs[manner_of(subscription)] if subscription else None

    def paced(self) -> list[PacedLog]:
        """Return the logs with a rate."""
        return [log for log in self.logs.values() if isinstance(log, PacedLog)]

    def relieve(self, now: float, cut_bytes: int) -> None:
        """Bound what the logs hold for readers that are far behind; drop what all have taken.

        What came since the last visit is little, so it is not even summed up.
        """
        for place, log in enumerate(self.logs.values()):
            self._trim(place, log)
            oldest = log.oldest(log.base)
            is_old = oldest is not None and oldest.arrived <= self._visited_at
            if is_old and log.kept_bytes > RELIEF_BYTES:
                for reader in tuple(self.readers):
                    reader.relieve(place, now, cut_bytes)
                self._trim(place, log)
        self._visited_at = now

    def trim(self) -> None:
        """Drop what every reader has taken."""
        for place, log in enumerate(self.logs.values()):
            self._trim(place, log)

    def _trim(self, place: int, log: Log) -> None:
        slowest = min((one.feeds[place] for one in self.readers), key=_CURSOR, default=None)
        if slowest is not None:
            log.trim(slowest.cursor, slowest.seen)
