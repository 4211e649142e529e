"""Who waits for news, and how it is woken: once for all that a turn of the loop brought."""

from collections.abc import Callable, Collection
from typing import Protocol

from quarterdeck_server.stream.engine.topic import Topic


class Waiter(Protocol):
    """A reader that may wait."""

    is_waiting: bool
    wake: Callable[[], None]


class Bell:
    """Wakes the readers of a group; armed while at least one of them waits."""

    __slots__ = ("_armed", "_waiting")

    def __init__(self, armed: set["Bell"]) -> None:
        self._armed = armed
        self._waiting: list[Waiter] = []

    def await_news(self, reader: Waiter) -> None:
        """Wake a reader at the next ring."""
        if not reader.is_waiting:
            reader.is_waiting = True
            self._waiting.append(reader)
            self._armed.add(self)

    def leave(self, reader: Waiter) -> None:
        """Wake a reader no more."""
        if reader.is_waiting:
            reader.is_waiting = False
            self._waiting.remove(reader)
            if not self._waiting:
                self._armed.discard(self)

    def ring(self) -> None:
        """Wake the readers that wait."""
        self._armed.discard(self)
        waiting, self._waiting = self._waiting, []
        for reader in waiting:
            reader.is_waiting = False
            reader.wake()


class Bells:
    """The bells of every group, and which of them are to ring at the end of this turn.

    An event costs one entry in a set, however many groups want it: which readers wait for it is
    found out once a turn, by intersecting sets. Under load nobody waits, and nothing is looked for.
    """

    def __init__(self, on_dirty: Callable[[], None]) -> None:
        self.on_dirty = on_dirty
        self._armed: set[Bell] = set()
        self._topics: set[Topic] = set()
        self._bells: set[Bell] = set()

    def new(self) -> Bell:
        """Make the bell of a group."""
        return Bell(self._armed)

    def touch(self, topic: Topic) -> None:
        """Remember that a topic has something new."""
        if not self._topics and not self._bells:
            self.on_dirty()
        self._topics.add(topic)

    def pull(self, bells: Collection[Bell]) -> None:
        """Remember that there is something new for some groups."""
        if bells and not self._topics and not self._bells:
            self.on_dirty()
        self._bells.update(bells)

    def ring(self) -> None:
        """Wake every reader that waits for what is new."""
        topics, self._topics = self._topics, set()
        bells, self._bells = self._bells, set()
        rung = bells & self._armed
        for topic in topics:
            if len(rung) == len(self._armed):
                break
            rung |= self._armed & topic.bells
        for bell in rung:
            bell.ring()
