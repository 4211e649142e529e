"""What the stream needs from others."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from quarterdeck_server.stream.domain import Control


class Published(Protocol):
    """A message of the bus, as far as the engine looks into it."""

    @property
    def topic(self) -> str:
        """The topic."""
        ...

    @property
    def epoch(self) -> int:
        """The run of sequence numbers."""
        ...

    @property
    def sequence(self) -> int:
        """The sequence number of the first row."""
        ...

    @property
    def rows(self) -> int:
        """How many sequence numbers it takes."""
        ...

    @property
    def publish_time_ns(self) -> int:
        """When it was published."""
        ...

    @property
    def payload(self) -> bytes:
        """The encoded noun of its kind."""
        ...


class Encoder(Protocol):
    """Makes the bytes that go to readers, each piece once."""

    def prefix(self, topic: str, epoch: int) -> bytes:
        """Return the part of an event that all events of a topic and epoch share."""
        ...

    def event(self, prefix: bytes, kind: str, message: Published) -> bytes:
        """Return an event, ready to be joined into a frame."""
        ...

    def control(self, control: Control) -> bytes:
        """Return a control, ready to be joined into a frame."""
        ...


class Records(Protocol):
    """Reads what a durable topic published, from where it is stored."""

    async def after(
        self, topic: str, sequence: int, until: int | None, token: str
    ) -> "TopicRecords":
        """Return the records after a sequence number, up to ``until``. Raises Unavailable."""
        ...


class TopicRecords(Protocol):
    """Records of a durable topic, oldest first."""

    @property
    def epoch(self) -> int:
        """The epoch of the topic."""
        ...

    @property
    def last(self) -> int:
        """The last sequence number of the topic; 0 if it has no record."""
        ...

    @property
    def messages(self) -> Sequence[Published]:
        """The records."""
        ...


class Makers(Protocol):
    """Makes the events of topics that exist while somebody reads them."""

    def events(self, topic: str, token: str) -> AsyncGenerator[bytes]:
        """Yield the encoded nouns of a topic as long as the token holds."""
        ...
