"""The hub: every topic, its ring, and the groups its events go to."""

from collections.abc import Callable, Iterable

from quarterdeck_server.kernel import topics as grammar
from quarterdeck_server.stream.domain import Control, Cursor, GapCause
from quarterdeck_server.stream.engine.absent import Absentees
from quarterdeck_server.stream.engine.bell import Bells
from quarterdeck_server.stream.engine.entry import Entry, Mint
from quarterdeck_server.stream.engine.group import Group
from quarterdeck_server.stream.engine.index import Index
from quarterdeck_server.stream.engine.phases import Phase, ReadPhase
from quarterdeck_server.stream.engine.plan import Plan
from quarterdeck_server.stream.engine.ring import Budget
from quarterdeck_server.stream.engine.rounds import Rounds
from quarterdeck_server.stream.engine.silence import Silence
from quarterdeck_server.stream.engine.terms import Counts, Limits, Loss
from quarterdeck_server.stream.engine.topic import Topic
from quarterdeck_server.stream.ports import Published


class Hub:
    """Takes what is published, keeps the recent part of it, and appends it to the groups' logs."""

    def __init__(
        self,
        mint: Mint,
        limits: Limits,
        kinds: Iterable[str],
        *,
        on_dirty: Callable[[], None] = lambda: None,
        on_loss: Callable[[Loss], None] | None = None,
        read_phase: ReadPhase = lambda _: Phase(True, 0),
    ) -> None:
        self.mint = mint
        self.topics: dict[str, Topic] = {}
        self.index = Index(self._begin_group)
        self.counts = Counts()
        self.bells = Bells(on_dirty)
        self.on_loss = on_loss
        self._kinds = frozenset(kinds)
        self._budget = Budget(limits.window_s, limits.ring_bytes)
        self._silence = Silence(limits.stale_after_s, read_phase)
        self.absentees = Absentees(self._silence)
        self._rounds = Rounds(self.index, limits.cut_bytes)
        self._published_bytes = 0
        self._now = 0.0

    @property
    def kept_bytes(self) -> int:
        """How many bytes the rings hold."""
        return self._budget.kept_bytes

    def publish(self, message: Published, now: float) -> None:
        """Take a message from the bus."""
        self._now = now
        topic = self.topics.get(message.topic)
        if topic is None:
            topic = self._appear(message, now)
            if topic is None:
                return
        if topic.held is not None:
            topic.held.append(message)
        elif message.epoch == topic.epoch and message.sequence == topic.head + 1:
            self._accept(topic, message, now)
        else:
            self._accept_irregular(topic, message, now)

    def suspect_loss(self, concerns: Callable[[str], bool] = lambda _: True) -> None:
        """Look after the durable topics that are read: the bus says that it may have lost some."""
        for topic in self.topics.values():
            is_read = topic.durable and topic.logs and topic.held is None and concerns(topic.name)
            if is_read and self.on_loss is not None:
                self._hold(topic, None)

    def mend(self, name: str, records: Iterable[Published], now: float) -> None:
        """Fill a hole with what its owner stored; what is still missing becomes a gap."""
        topic = self.topics[name]
        held, topic.held = topic.held or [], None
        for message in records:
            if message.epoch == topic.epoch and message.sequence == topic.head + 1:
                self._accept(topic, message, now)
        if held and held[0].epoch == topic.epoch and held[0].sequence > topic.head + 1:
            self._lose(topic, held[0].sequence - 1, now)
        for message in held:
            self.publish(message, now)

    def learn(self, name: str, epoch: int, head: int, now: float) -> None:
        """Take over where a topic without recent events stands, as its owner says."""
        if name not in self.topics and grammar.kind(name) in self._kinds:
            self._add(name, epoch, head, now)

    def group(self, plan: Plan) -> Group:
        """Return the group of a plan, a new one if no reader has the same."""
        return self.index.group(plan)

    def release_group(self, group: Group) -> None:
        """Forget a group that no reader is in."""
        if not group.readers:
            self.index.remove(group)

    def is_before(self, cursor: Cursor) -> bool:
        """Tell whether a topic is known and has not come as far as a cursor claims."""
        topic = self.topics.get(cursor.topic)
        return topic is not None and topic.epoch == cursor.epoch and topic.head < cursor.sequence

    def watch_silence(self, now: float) -> None:
        """Announce the topics whose source went silent."""
        for topic, control in self._silence.fallen_silent(self.topics, now):
            self._tell(topic, self.mint.control(topic.name, control, now))
        for stale in self.absentees.look(self.index.exact_names(), self.topics, now):
            entry = self.mint.control(stale.topic, stale, now)
            groups = self.index.candidates(stale.topic)
            for log in filter(None, (group.log_of(stale.topic) for group in groups)):
                log.append(entry)
            self.bells.pull([group.bell for group in groups])

    def announce(self, topic: Topic, control: Control, now: float) -> None:
        """Tell everybody who reads a topic something about it."""
        self._tell(topic, self.mint.control(topic.name, control, now))

    def release_paced(self, now: float) -> bool:
        """Append what waited for its turn; tell whether more waits."""
        holding = [group for group in self.index.paced if any(log.folds for log in group.paced())]
        for group in holding:
            for log in group.paced():
                log.release(now)
        self.bells.pull([group.bell for group in holding])
        return any(log.folds for group in holding for log in group.paced())

    def flush(self) -> None:
        """Wake the readers for whom there is something new, and look after some groups."""
        self.bells.ring()
        published, self._published_bytes = self._published_bytes, 0
        self._rounds.go(published, len(self.index), self._now)

    def evict(self, now: float) -> None:
        """Forget what is older than the window."""
        self._budget.evict(self.topics, now)

    def _begin_group(self, plan: Plan) -> Group:
        group = Group(plan, self.mint, self.bells.new())
        for name in plan.exact:
            if (topic := self.topics.get(name)) is not None:
                group.connect(topic)
        for stem in plan.stems:
            for name, topic in self.topics.items():
                if name.startswith(stem) and name not in group.topics:
                    group.connect(topic)
        return group

    def _appear(self, message: Published, now: float) -> Topic | None:
        if grammar.kind(message.topic) not in self._kinds:
            self.counts.unknown_kind += 1
            return None
        return self._add(message.topic, message.epoch, message.sequence - 1, now)

    def _add(self, name: str, epoch: int, head: int, now: float) -> Topic:
        topic = Topic(name, epoch, head, self.mint.run(name, epoch))
        topic.stale_after_ns = self._silence.allowed_ns(name)
        self.absentees.appear(topic)
        self.topics[name] = topic
        for group in self.index.candidates(name):
            log = group.connect(topic)
            subscription = group.plan.route(name)
            if log is not None and subscription is not None and name not in group.plan.exact:
                log.append(self.mint.appeared(name, subscription.delivery, now))
        self.bells.touch(topic)
        return topic

    def _accept(self, topic: Topic, message: Published, now: float) -> None:
        entry = self.mint.event(topic.run, topic.kind, message, now)
        if topic.stale is not None:
            self._recover(topic, entry)
        topic.accept(entry)
        self._budget.add(entry, self.topics)
        self.counts.published += 1
        self._published_bytes += len(entry)
        for tap in topic.taps:
            tap(entry)
        self.bells.touch(topic)

    def _accept_irregular(self, topic: Topic, message: Published, now: float) -> None:
        if message.epoch != topic.epoch:
            if message.epoch < topic.epoch and not topic.durable:
                self.counts.outdated += 1
                return
            self._restart(topic, message, now)
        elif message.sequence <= topic.head:
            self.counts.duplicate += 1
            return
        elif topic.durable and topic.logs and self.on_loss is not None:
            self._hold(topic, message)
            return
        elif topic.durable and self.on_loss is not None:
            # Nobody reads it here: who resumes later gets what is missing from its owner's log.
            topic.skip_to(message.sequence - 1)
        else:
            self._lose(topic, message.sequence - 1, now)
        self._accept(topic, message, now)

    def _hold(self, topic: Topic, message: Published | None) -> None:
        topic.held = [] if message is None else [message]
        until = None if message is None else message.sequence - 1
        if self.on_loss is not None:
            self.on_loss(Loss(topic.name, topic.head, until))

    def _lose(self, topic: Topic, last: int, now: float) -> None:
        lost = (topic.head + 1, last)
        self._announce_gap(topic, lost, GapCause.BUS_LOSS, now)
        topic.head = last
        self.counts.lost += lost[1] - lost[0] + 1

    def _restart(self, topic: Topic, message: Published, now: float) -> None:
        topic.restart(self.mint.run(topic.name, message.epoch))
        topic.head = message.sequence - 1
        cause = GapCause.EPOCH_CHANGED
        self._tell(topic, self.mint.gap(topic.name, topic.epoch, (0, 0), cause, now))

    def _announce_gap(
        self, topic: Topic, lost: tuple[int, int], cause: GapCause, now: float
    ) -> None:
        entry = self.mint.gap(topic.name, topic.epoch, lost, cause, now)
        # The ring keeps it too: who resumes across the hole must learn of it.
        topic.entries.append(entry)
        self._budget.add(entry, self.topics)
        self._tell(topic, entry)

    def _recover(self, topic: Topic, entry: Entry) -> None:
        control = self._silence.recovered(topic, entry.arrived)
        self._tell(topic, self.mint.control(topic.name, control, entry.arrived))

    def _tell(self, topic: Topic, entry: Entry) -> None:
        for log in topic.logs:
            log.append(entry)
        self.bells.touch(topic)
