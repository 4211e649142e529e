"""One who publishes quotes while something breaks, and remembers what was acknowledged."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults.witnesses import PAUSE_S, Reader, meanwhile, until
from tests.instruments import share

from quarterdeck import AsyncClient
from quarterdeck.errors import Unavailable
from quarterdeck.events import Gap
from quarterdeck.pages import async_pages
from quarterdeck.publishing import Quotes

STORING_S = 15.0

type Place = tuple[int, int]
"""An epoch and a sequence number."""


@dataclass(slots=True)
class Publisher:
    """Publishes a quote again and again; what the deck does not take it counts, and goes on."""

    client: AsyncClient
    instrument: str = field(default_factory=lambda: f"W{uuid.uuid4().hex[:8].upper()}.XNAS")
    acknowledged: list[Place] = field(default_factory=list)
    refused: int = 0

    @property
    def topic(self) -> str:
        return f"quotes/{self.instrument}"

    async def begin(self) -> None:
        """Make known what is published."""
        await self.client.instruments.upsert_instrument(instrument=share(self.instrument))

    @contextlib.asynccontextmanager
    async def publishing(self) -> AsyncIterator[None]:
        await self.begin()
        async with meanwhile(asyncio.ensure_future(self._publish())):
            await self.publishes()
            yield

    async def publishes(self) -> None:
        """Wait until something published after this moment is acknowledged."""
        seen = len(self.acknowledged)
        await until(lambda: len(self.acknowledged) > seen + 1)

    async def _publish(self) -> None:
        while True:
            await self.publish_one()
            await asyncio.sleep(PAUSE_S)

    async def publish_one(self, rows: int = 1) -> None:
        try:
            answer = await self.client.publish(quotes=[quotes(self.instrument, rows)])
        except Unavailable:
            self.refused += 1
            return
        (told,) = answer.acknowledgements
        sequences = range(told.first_sequence, told.last_sequence + 1)
        self.acknowledged += [(told.epoch, sequence) for sequence in sequences]

    async def kept(self) -> set[Place]:
        """What history holds, or says that it does not hold, once nothing is open or in time."""
        deadline = time.monotonic() + STORING_S
        while not set(self.acknowledged) <= (found := await self._kept()):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(PAUSE_S)
        return found

    async def _kept(self) -> set[Place]:
        pages = async_pages(
            self.client.history.list_quotes, instrument=self.instrument, page_size=10_000
        )
        found: set[Place] = set()
        async for page in pages:
            found |= set(zip(page.epoch, page.sequence, strict=True))
        if set(self.acknowledged) <= found:
            return found
        return found | {place for hole in await self.holes() for place in hole}

    async def holes(self) -> list[list[Place]]:
        """What history says that it does not hold of the topic."""
        answer = await self.client.history.list_holes(topic=self.topic, page_size=1000)
        return [
            [(hole.epoch, n) for n in range(hole.first_sequence, hole.last_sequence + 1)]
            for hole in answer.holes
        ]


def quotes(instrument: str, rows: int = 1, **columns: Sequence[int]) -> Quotes:
    """Make quotes at this moment, or with other columns as given."""
    values: dict[str, Sequence[int]] = {
        "event_time_ns": [time.time_ns()] * rows,
        "bid_price": [100] * rows,
        "ask_price": [101] * rows,
        "bid_size": [1] * rows,
        "ask_size": [1] * rows,
    }
    return Quotes(
        instrument=instrument, price_precision=2, size_precision=0, **{**values, **columns}
    )


def unexplained(reader: Reader, topic: str, places: Sequence[Place]) -> list[Place]:
    """Return what a reader neither got nor was told to be lost."""
    explained = set(read(reader, topic))
    gaps = [item for item in reader.items if isinstance(item, Gap) and item.topic == topic]
    return [
        place
        for place in places
        if place not in explained and not any(covers(g, place) for g in gaps)
    ]


def read(reader: Reader, topic: str) -> Iterator[Place]:
    for event in reader.events(topic):
        yield from ((event.epoch, event.sequence + row) for row in range(event.row_count))


def covers(gap: Gap, place: Place) -> bool:
    """Tell whether a gap announces a place; one without numbers ends an epoch."""
    epoch, sequence = place
    if not gap.last_lost_sequence:
        return epoch <= gap.epoch
    return epoch == gap.epoch and gap.first_lost_sequence <= sequence <= gap.last_lost_sequence
