"""What a reader gets of a topic before the live events."""

from dataclasses import dataclass, field

from quarterdeck_server.stream.domain import Cursor, Delivery, GapCause, Subscription
from quarterdeck_server.stream.engine.entry import Entry, Mark, Mint
from quarterdeck_server.stream.engine.fold import Folds
from quarterdeck_server.stream.engine.frame import MAX_FRAME_BYTES
from quarterdeck_server.stream.engine.topic import Topic


@dataclass(frozen=True, slots=True)
class Hole:
    """What is needed from the durable log: all after ``after``, up to ``until`` or the end."""

    topic: str
    epoch: int
    after: int
    until: int | None


@dataclass(slots=True)
class Start:
    """The entries to begin with, what is missing before them, and where doubt remains."""

    entries: list[Entry] = field(default_factory=list)
    hole: Hole | None = None
    seam: Cursor | None = None


def fresh(topic: Topic) -> Start:
    """Begin with the newest event."""
    return Start([topic.newest] if topic.newest is not None else [])


def newborn(topic: Topic, subscription: Subscription, mint: Mint) -> Start:
    """Begin with the topic's first event; with the newest if no other is kept and none is owed.

    For a reader that comes back to a prefix: the topic may be one that appeared while it was away,
    so who is to get all gets what the durable log has of it, or is told of a gap.
    """
    entries = list(topic.entries)
    if entries and entries[0].sequence == 1:
        return Start(folded(entries, subscription, mint))
    if subscription.delivery is Delivery.ALL:
        return resumed(topic, Cursor(topic.name, topic.epoch, 0), subscription, mint)
    return fresh(topic)


def unknown(cursor: Cursor, *, durable: bool) -> Start:
    """Begin at a cursor of a topic of which nothing came since this process started."""
    hole = Hole(cursor.topic, cursor.epoch, cursor.sequence, None) if durable else None
    return Start([], hole, cursor)


def resumed(topic: Topic, cursor: Cursor, subscription: Subscription, mint: Mint) -> Start:
    """Begin after a cursor that is not beyond the topic's head."""
    if cursor.epoch != topic.epoch:
        return _of_another_epoch(topic, subscription, mint)
    if cursor.sequence >= topic.head:
        return Start()
    entries = topic.after(cursor.sequence)
    first = entries[0].sequence if entries else topic.head + 1
    start = Start(folded(entries, subscription, mint))
    if first > cursor.sequence + 1:
        if topic.durable:
            start.hole = Hole(topic.name, topic.epoch, cursor.sequence, first - 1)
        else:
            lost = (cursor.sequence + 1, first - 1)
            gap = mint.gap(
                topic.name, topic.epoch, lost, GapCause.CURSOR_TOO_OLD, topic.last_arrival
            )
            start.entries.insert(0, gap)
    return start


def _of_another_epoch(topic: Topic, subscription: Subscription, mint: Mint) -> Start:
    cause = GapCause.EPOCH_CHANGED
    gap = mint.gap(topic.name, topic.epoch, (0, 0), cause, topic.last_arrival)
    if subscription.delivery is Delivery.LATEST:
        return Start([gap, *fresh(topic).entries])
    return Start([gap, *(topic.entries or fresh(topic).entries)])


def folded(entries: list[Entry], subscription: Subscription, mint: Mint) -> list[Entry]:
    """Return the entries, or what LATEST leaves of them when they are many."""
    is_small = sum(map(len, entries)) <= MAX_FRAME_BYTES
    if subscription.delivery is Delivery.ALL or (is_small and not subscription.max_rate):
        return entries
    folds = Folds(mint)
    folds.absorb(entries)
    return folds.take()


def controls_first(parts: list[list[Entry]]) -> list[Entry]:
    """Join the beginnings of many topics so that their leading controls share a frame."""
    leading: list[Entry] = []
    rest: list[Entry] = []
    for part in parts:
        place = next((i for i, entry in enumerate(part) if entry.mark == Mark.EVENT), len(part))
        leading += part[:place]
        rest += part[place:]
    return leading + rest
