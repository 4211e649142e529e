"""How a reader comes back: what it gets before the live events, and that both meet exactly."""

from collections.abc import Collection, Iterable, Mapping

from quarterdeck_server.kernel import topics as grammar
from quarterdeck_server.stream.domain import DURABLE, Cursor, GapCause
from quarterdeck_server.stream.engine import resume
from quarterdeck_server.stream.engine.entry import Entry
from quarterdeck_server.stream.engine.feed import Feed
from quarterdeck_server.stream.engine.group import Group
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.resume import Hole, Start
from quarterdeck_server.stream.engine.seam import Seams
from quarterdeck_server.stream.engine.topic import Topic
from quarterdeck_server.stream.ports import TopicRecords


class Resumption:
    """The beginnings of a reader's topics, the holes in them, and the seams to the live log."""

    def __init__(self, hub: Hub) -> None:
        self.holes: list[Hole] = []
        self.seams = Seams(hub.mint)
        self._hub = hub
        self._parts: dict[str, list[Entry]] = {}

    def begin(self, group: Group, known: Collection[str], cursors: Mapping[str, Cursor]) -> None:
        """Prepare the beginnings of a group's topics, but of those the reader knows already."""
        resuming = {one.topic for name in cursors if (one := group.plan.route(name)) is not None}
        self.seams.keep_only(lambda name: group.plan.route(name) is not None)
        for name, topic in group.topics.items():
            if name not in known:
                self.seams.remove(name)
                self._take(name, self._start(group, topic, cursors.get(name), resuming))
                self._add_staleness(topic)
            log = group.log_of(name)
            if log is not None and log.holds_back(name):
                self.seams.place(topic.cursor)
        for name, cursor in cursors.items():
            if name not in self._hub.topics and group.plan.route(name) is not None:
                durable = grammar.kind(name) in DURABLE
                self._take(name, resume.unknown(cursor, durable=durable))
        for name in group.plan.exact.keys() - known:
            if (stale := self._hub.absentees.stale(name)) is not None:
                part = self._parts.setdefault(name, [])
                part.append(self._hub.mint.control(name, stale, 0.0))

    def take_ready(self) -> list[Entry]:
        """Return the beginnings once no hole is left in them."""
        if self.holes:
            return []
        parts, self._parts = self._parts, {}
        return resume.controls_first(list(parts.values()))

    def concerns(self, feed: Feed) -> bool:
        """Tell whether something the reader has not taken is of a topic in doubt."""
        if not self.seams:
            return False
        return any(entry.topic in self.seams for entry in feed.log.since(feed.cursor))

    def passed_on(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the entries without what the reader has."""
        return [one for entry in entries for one in self.seams.pass_on(entry)]

    def stitch(self, feed: Feed) -> list[Entry]:
        """Take entries, dropping what the reader has and stopping where records are missing."""
        found: list[Entry] = []
        for entry in tuple(feed.log.since(feed.cursor)):
            missing = self.seams.missing(entry)
            if missing is not None and grammar.kind(entry.topic) in DURABLE:
                self.holes.append(Hole(entry.topic, entry.epoch, missing[0] - 1, missing[1]))
                break
            found += self.seams.pass_on(entry)
            feed.take_one()
        return found

    def fill(self, hole: Hole, records: TopicRecords, now: float) -> None:
        """Take what the durable log has for a hole; what it has not becomes a gap."""
        self.holes.remove(hole)
        until = records.last if hole.until is None else hole.until
        if records.epoch == hole.epoch:
            found = self._entries_of(hole, records, until, now)
        elif hole.until is None:
            cause = GapCause.EPOCH_CHANGED
            found = [self._hub.mint.gap(hole.topic, records.epoch, (0, 0), cause, now)]
        else:
            found = [self._too_old(hole, (hole.after + 1, until), now)]
        self._parts.setdefault(hole.topic, [])[0:0] = found
        if hole.until is None:
            self._meet(Cursor(hole.topic, records.epoch, until), now)
        elif self.seams.is_before(hole.topic, until):
            self._meet(Cursor(hole.topic, hole.epoch, until), now)

    def _start(
        self, group: Group, topic: Topic, cursor: Cursor | None, resuming: Collection[str]
    ) -> Start:
        subscription = group.plan.route(topic.name)
        if subscription is None:
            return Start()
        if cursor is not None:
            return resume.resumed(topic, cursor, subscription, self._hub.mint)
        if subscription.topic in resuming:
            return resume.newborn(topic, subscription, self._hub.mint)
        return resume.fresh(topic)

    def _add_staleness(self, topic: Topic) -> None:
        if topic.stale is not None:
            entry = self._hub.mint.control(topic.name, topic.stale, topic.last_arrival)
            self._parts[topic.name].append(entry)

    def _take(self, name: str, start: Start) -> None:
        self._parts[name] = start.entries
        if start.hole is not None:
            self.holes.append(start.hole)
        if start.seam is not None:
            self.seams.place(start.seam)

    def _entries_of(self, hole: Hole, records: TopicRecords, until: int, now: float) -> list[Entry]:
        mint = self._hub.mint
        run = mint.run(hole.topic, hole.epoch)
        kind = grammar.kind(hole.topic)
        found: list[Entry] = []
        expected = hole.after + 1
        for message in records.messages:
            if not expected <= message.sequence <= until:
                continue
            if message.sequence > expected:
                found.append(self._too_old(hole, (expected, message.sequence - 1), now))
            found.append(mint.event(run, kind, message, now))
            expected = message.sequence + 1
        if expected <= until:
            found.append(self._too_old(hole, (expected, until), now))
        return found

    def _too_old(self, hole: Hole, lost: tuple[int, int], now: float) -> Entry:
        cause = GapCause.CURSOR_TOO_OLD
        return self._hub.mint.gap(hole.topic, hole.epoch, lost, cause, now)

    def _meet(self, seam: Cursor, now: float) -> None:
        """Trust the live log if it surely goes on at the seam, else keep watching it."""
        if seam.sequence:
            self._hub.learn(seam.topic, seam.epoch, seam.sequence, now)
        topic = self._hub.topics.get(seam.topic)
        # Live events of the topic may wait in the log: only without any is the seam surely met.
        if topic is not None and topic.cursor == seam and topic.newest is None:
            self.seams.remove(seam.topic)
        else:
            self.seams.place(seam)
