"""A reader: its place in the logs of its group, and what it gets before them."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck_server.stream.domain import Control, Cursor, Delivery, Heartbeat
from quarterdeck_server.stream.engine.entry import Entry
from quarterdeck_server.stream.engine.feed import Feed
from quarterdeck_server.stream.engine.frame import Frame, joined
from quarterdeck_server.stream.engine.group import Group
from quarterdeck_server.stream.engine.hub import Hub
from quarterdeck_server.stream.engine.plan import Plan
from quarterdeck_server.stream.engine.resume import Hole
from quarterdeck_server.stream.engine.resumption import Resumption
from quarterdeck_server.stream.ports import TopicRecords


@dataclass(slots=True)
class Sent:
    """What a reader was sent."""

    events: int = 0
    frames: int = 0
    bytes: int = 0
    skipped: int = 0
    lost: int = 0

    def add(self, frame: Frame) -> None:
        """Count a frame."""
        self.events += frame.events
        self.frames += 1
        self.bytes += frame.size
        self.skipped += frame.skipped
        self.lost += frame.lost

    def include(self, other: "Sent") -> None:
        """Add what another reader was sent."""
        self.events += other.events
        self.frames += other.frames
        self.bytes += other.bytes
        self.skipped += other.skipped
        self.lost += other.lost


class Reader:
    """Takes frames: first its own backlog, then the shared ones of its group."""

    def __init__(self, hub: Hub, wake: Callable[[], None], on_cut: Callable[[int], None]) -> None:
        self.wake = wake
        self.is_waiting = False
        self.heartbeat_is_due = False
        self.sent = Sent()
        self.group: Group | None = None
        self.feeds: list[Feed] = []
        self._hub = hub
        self._on_cut = on_cut
        self._resumption = Resumption(hub)
        self._backlog: list[Entry] = []
        self._place = 0
        self._queued: deque[Frame] = deque()
        self._beat_at = 0.0

    @property
    def holes(self) -> Sequence[Hole]:
        """What must be read from the durable log before the reader can go on."""
        return tuple(self._resumption.holes)

    @property
    def behind_bytes(self) -> int:
        """How many bytes wait for the reader."""
        return self.backlog_bytes + sum(feed.behind_bytes + feed.folds.size for feed in self.feeds)

    @property
    def backlog_bytes(self) -> int:
        """How many bytes of that are its own, which nothing conflates and no log bounds."""
        return sum(map(len, self._backlog[self._place :]))

    def behind_s(self, now: float) -> float:
        """Return how long the oldest event that waits for the reader has waited."""
        return max((feed.behind_s(now) for feed in self.feeds), default=0.0)

    @property
    def is_settled(self) -> bool:
        """Tell whether the subscriptions can change: nothing is awaited from the durable log."""
        doubts = any(self._resumption.concerns(feed) for feed in self.feeds)
        return not doubts and not self._resumption.holes

    def attach(
        self, plan: Plan, cursors: Mapping[str, Cursor], controls: Sequence[Control], now: float
    ) -> None:
        """Read by a plan from now on; topics that were read before go on where they are."""
        known = self._leave()
        group = self.group = self._hub.group(plan)
        group.readers.add(self)
        mint = self._hub.mint
        self.feeds = [Feed(log, delivery, mint) for (delivery, _), log in group.logs.items()]
        self.say(controls, now)
        self._resumption.begin(group, known, cursors)
        self._backlog += self._resumption.take_ready()

    def detach(self) -> None:
        """Read no more."""
        self._forget_group()
        self.feeds, self._backlog, self._place = [], [], 0

    def cut(self, behind_bytes: int) -> None:
        """Give up a reader that cannot keep up."""
        self.detach()
        self._on_cut(behind_bytes)

    def say(self, controls: Sequence[Control], now: float) -> None:
        """Tell the reader something after what it was sent so far."""
        self._backlog += [self._hub.mint.control("", control, now) for control in controls]

    def fill(self, hole: Hole, records: TopicRecords, now: float) -> None:
        """Take what the durable log has for a hole."""
        self._resumption.fill(hole, records, now)
        self._backlog += self._resumption.take_ready()

    def take(self, now: float, now_ns: int) -> Frame | None:
        """Return what to write next, or nothing if the reader has everything."""
        frame = self._queued.popleft() if self._queued else self._next(now)
        if self.heartbeat_is_due and not self._queued:
            self.heartbeat_is_due = False
            self._queued.append(self._heartbeat(now, now_ns))
            frame = frame or self._queued.popleft()
        if frame is not None:
            self.sent.add(frame)
        return frame

    def wait(self) -> None:
        """Ask to be woken when there is something."""
        if self.group is not None:
            self.group.bell.await_news(self)

    def relieve(self, place: int, now: float, cut_bytes: int) -> None:
        """Keep a log from growing: conflate what the reader did not take, or give it up."""
        feed = self.feeds[place]
        if feed.delivery is Delivery.LATEST:
            if feed.behind_bytes > cut_bytes:
                feed.absorb()
        elif feed.is_too_far_behind(now, cut_bytes):
            self.cut(feed.behind_bytes)

    def cut_if_late(self, now: float, cut_after_s: float, cut_bytes: int) -> None:
        """Give the reader up if what it must get has waited for too long."""
        for feed in self.feeds:
            if feed.delivery is Delivery.LATEST:
                continue
            if feed.is_too_far_behind(now, cut_bytes) or feed.behind_s(now) > cut_after_s:
                self.cut(feed.behind_bytes)
                return

    def _next(self, now: float) -> Frame | None:
        if self._backlog:
            return self._next_of_backlog()
        for feed in self.feeds:
            if self._resumption.holes:
                return None
            frame = self._next_of(feed, now)
            if frame is not None:
                return frame
        return None

    def _next_of(self, feed: Feed, now: float) -> Frame | None:
        if feed.is_caught_up:
            return None
        if self._resumption.concerns(feed):
            self._backlog = self._resumption.stitch(feed)
        elif feed.is_slow(now):
            self._backlog = feed.take_newest()
        else:
            return feed.frame()
        return self._next_of_backlog() if self._backlog else None

    def _next_of_backlog(self) -> Frame:
        frame = joined(self._backlog, self._place)
        self._place += frame.count
        if self._place >= len(self._backlog):
            self._backlog, self._place = [], 0
        return frame

    def _leave(self) -> set[str]:
        """Take along what the present group still has; return the topics that were read."""
        group = self.group
        if group is None:
            return set()
        rest = [entry for feed in self.feeds for entry in feed.take_rest()]
        rest += [one for log in group.paced() for one in log.folds.peek_all()]
        self._backlog += self._resumption.passed_on(rest)
        known = set(group.topics)
        self._forget_group()
        return known

    def _forget_group(self) -> None:
        group, self.group = self.group, None
        if group is not None:
            group.bell.leave(self)
            group.readers.discard(self)
            self._hub.release_group(group)

    def _heartbeat(self, now: float, now_ns: int) -> Frame:
        entry = self._hub.mint.control("", Heartbeat(now_ns, self._progress()), now)
        self._beat_at = now
        return joined([entry])

    def _progress(self) -> tuple[Cursor, ...]:
        """Return how far the reader came, of the topics with events since the last heartbeat."""
        group = self.group
        if group is None or self._backlog or self._resumption.holes:
            return ()
        if not all(feed.is_caught_up for feed in self.feeds):
            return ()
        waiting = {name for log in group.paced() for name in log.folds.topics()}
        waiting.update(name for name in group.topics if name in self._resumption.seams)
        return tuple(
            topic.cursor
            for name, topic in group.topics.items()
            if topic.last_arrival > self._beat_at and name not in waiting
        )
