"""From the answers of a stream to what a reader gets."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from quarterdeck._plan import Plan
from quarterdeck._positions import Positions
from quarterdeck.api.stream.v1.control_pb2 import GAP_CAUSE_CURSOR_TOO_OLD
from quarterdeck.api.stream.v1.control_pb2 import Control as ControlMessage
from quarterdeck.api.stream.v1.event_pb2 import Event as EventMessage
from quarterdeck.api.stream.v1.stream_service_pb2 import ReplayResponse, WatchResponse
from quarterdeck.api.stream.v1.subscription_pb2 import Cursor
from quarterdeck.events import Control, Gap, Heartbeat, Item, event_from


def controls_of(message: ControlMessage) -> Sequence[Control]:
    """Read what a stream says about itself; its end is told by an error instead."""
    which = message.WhichOneof("message")
    return () if which in {"error", None} else (getattr(message, which or ""),)


def items_of(answer: WatchResponse | ReplayResponse) -> Iterator[Item]:
    """Read an answer as it is, without a place to compare it with."""
    for message in answer.controls:
        yield from controls_of(message)
    for event in answer.events:
        yield event_from(event)


@dataclass(slots=True)
class Inbox:
    """Sorts answers into new events, repeated ones, and what is missing."""

    positions: Positions
    plan: Plan
    duplicates: int = 0
    """How many rows came twice after a reconnection and were left out."""
    began_unseen: bool = False
    """Whether a topic began while the stream was down, so that it must be read from its start."""

    def take(self, answer: WatchResponse) -> Iterator[Item]:
        """Take controls first, since they concern what came before the events of the answer.

        A heartbeat says how far the stream has come, so it is compared after the events.
        """
        for message in answer.controls:
            yield from self._control(message)
        for event in answer.events:
            yield from self._event(event)
        for message in answer.controls:
            if message.HasField("heartbeat"):
                yield from self._missing(message.heartbeat)

    def restart(self) -> Iterator[Gap]:
        """Give up every position, and say so for each topic."""
        for topic in self.positions.forget_all():
            yield Gap(topic=topic, cause=GAP_CAUSE_CURSOR_TOO_OLD)

    def _control(self, message: ControlMessage) -> Iterable[Control]:
        match message.WhichOneof("message"):
            case "gap":
                self.positions.gap(message.gap)
            case "skipped":
                self.positions.skipped(message.skipped)
            case "unsubscribed":
                self.positions.forget(message.unsubscribed.topic)
        return controls_of(message)

    def _event(self, event: EventMessage) -> Iterator[Item]:
        if self._began_unseen(event):
            return
        arrival = self.positions.event(event)
        self.duplicates += arrival.seen_rows
        if arrival.gap:
            yield arrival.gap
        if arrival.seen_rows < max(event.rows, 1):
            yield event_from(event, arrival.seen_rows)

    def _began_unseen(self, event: EventMessage) -> bool:
        if event.sequence <= 1 or self.positions.knows(event.topic):
            return False
        if not self.plan.goes_on_with(event.topic):
            return False
        self.positions.start([Cursor(topic=event.topic, epoch=event.epoch, sequence=0)])
        self.began_unseen = True
        return True

    def _missing(self, heartbeat: Heartbeat) -> Iterator[Item]:
        gaps = (self.positions.reached(cursor) for cursor in heartbeat.cursors)
        yield from (gap for gap in gaps if gap)
