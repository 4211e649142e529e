"""What a watch asks for when it opens and when it resumes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from google.protobuf.duration_pb2 import Duration

from quarterdeck import topics
from quarterdeck._times import duration
from quarterdeck.api.stream.v1.stream_service_pb2 import WatchRequest
from quarterdeck.api.stream.v1.subscription_pb2 import (
    DELIVERY_ALL,
    DELIVERY_LATEST,
    DELIVERY_UNSPECIFIED,
    Cursor,
    Delivery,
    Subscription,
)
from quarterdeck.errors import invalid_field

LATEST_KINDS = frozenset({"quotes", "trades", "bars", "books"})
"""Kinds of which a slow reader gets the newest event alone, if it does not say."""
MOST_CURSORS = 10_000
"""Cursors of one subscription that a deck accepts."""
DEFAULT_HEARTBEAT = 5.0
OVERDUE_HEARTBEATS = 1.5
SILENT_HEARTBEATS = 2
"""After so many intervals without a sign of life a stream counts as dead."""


@dataclass(slots=True)
class Plan:
    """The subscriptions of a watch, and how often it wants a heartbeat."""

    subscriptions: dict[str, Subscription]
    heartbeat_interval: timedelta | None = None
    agreed_heartbeat: float = field(default=DEFAULT_HEARTBEAT)
    """Seconds between heartbeats, as the server said when the session was opened."""
    _lived: set[str] = field(default_factory=set)
    _resumed: set[str] = field(default_factory=set)

    def lives(self) -> None:
        """Note that what is subscribed to now lived through a heartbeat."""
        self._lived.update(self.subscriptions)

    def reopens(self) -> None:
        """Note that what lived before is subscribed to again."""
        self._lived &= self.subscriptions.keys()
        self._resumed = set(self._lived)

    def goes_on_with(self, topic: str) -> bool:
        """Tell whether an earlier session would have shown the topic if it had had events.

        So a topic that is seen first after a reconnection began while the stream was down, and
        all of its events are new. Only where nothing may be left out.
        """
        resumed = (self.subscriptions[name] for name in self._resumed)
        return any(takes_all(one) for one in resumed if covers(one, topic))

    def request(self, cursors: Sequence[Cursor]) -> WatchRequest:
        """Ask for every subscription, from its cursors."""
        resumed = [resumed_at(wanted, cursors) for wanted in self.subscriptions.values()]
        interval = duration(self.heartbeat_interval)
        return WatchRequest(subscriptions=resumed, heartbeat_interval=interval)

    def agree(self, interval: Duration) -> None:
        """Note how often the server sends a heartbeat."""
        self.agreed_heartbeat = interval.ToTimedelta().total_seconds() or DEFAULT_HEARTBEAT

    @property
    def overdue(self) -> float:
        """Seconds without a sign of life after which a heartbeat is missing."""
        return OVERDUE_HEARTBEATS * self.agreed_heartbeat

    @property
    def silence(self) -> float:
        """Seconds without a sign of life after which the stream counts as dead."""
        return SILENT_HEARTBEATS * self.agreed_heartbeat


def takes_all(subscription: Subscription) -> bool:
    """Tell whether every event is delivered, by the subscription or by the kind's own rule."""
    if subscription.delivery == DELIVERY_UNSPECIFIED:
        return topics.kind(subscription.topic) not in LATEST_KINDS
    return subscription.delivery == DELIVERY_ALL


def covers(subscription: Subscription, topic: str) -> bool:
    """Tell whether a subscription names a topic and does not exclude it."""
    return topics.matches(subscription.topic, topic, subscription.exclude)


def subscribe(
    wanted: Iterable[str | Subscription],
    delivery: Delivery.ValueType,
    max_rate: float,
    exclude: Iterable[str] = (),
) -> dict[str, Subscription]:
    """Make subscriptions; a complete one is taken as it is. By topic, a later one replaces.

    What is excluded is excluded from every pattern of its kind among those given as text.
    """
    if max_rate and delivery not in {DELIVERY_LATEST, DELIVERY_UNSPECIFIED}:
        raise invalid_field("max_rate", "needs delivery LATEST")
    excluded = tuple(exclude)
    made = {}
    for item in wanted:
        if isinstance(item, Subscription):
            made[item.topic] = item
        else:
            without = [one for one in excluded if _is_excluded(one, item)]
            made[item] = Subscription(
                topic=item, delivery=delivery, max_rate=max_rate, exclude=without
            )
    unused = set(excluded).difference(*(one.exclude for one in made.values()))
    if unused:
        raise invalid_field("exclude", f"must be of the kind of a pattern, {min(unused)} is not")
    return made


def _is_excluded(topic: str, pattern: str) -> bool:
    return "*" in pattern and topics.kind(topic) == topics.kind(pattern)


def resumed_at(wanted: Subscription, cursors: Iterable[Cursor]) -> Subscription:
    """Ask for the same from where the reader stands."""
    asked = Subscription(
        topic=wanted.topic,
        delivery=wanted.delivery,
        max_rate=wanted.max_rate,
        exclude=wanted.exclude,
    )
    seen = (cursor for cursor in cursors if covers(wanted, cursor.topic))
    # Where more were seen the others start with their newest event, and a hole is found out.
    asked.cursors.extend(islice(seen, MOST_CURSORS))
    return asked
