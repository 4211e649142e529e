"""Several recorded topics as one: the oldest row of all comes next."""

import asyncio
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from quarterdeck_server.runtime.bus import Message
from quarterdeck_server.stream.domain import Gap
from quarterdeck_server.stream.replay.track import Track

type Item = Message | Gap


class Reel:
    """Merges tracks and the holes in them by event time; a hole comes before rows of its time."""

    def __init__(self, tracks: Sequence[Track], holes: Sequence[tuple[int, Gap]]) -> None:
        self._tracks = tracks
        first = -len(holes)
        self._coming: list[tuple[int, int, Track | Gap]] = [
            (time_ns, first + place, gap) for place, (time_ns, gap) in enumerate(holes)
        ]

    async def load(self) -> None:
        """Read the first page of every track. Raises what history refuses."""
        await asyncio.gather(*(track.load() for track in self._tracks))
        for place, track in enumerate(self._tracks):
            self._expect(place, track)
        heapify(self._coming)

    @property
    def next_time_ns(self) -> int | None:
        """When what comes next happened; nothing at the end."""
        return self._coming[0][0] if self._coming else None

    async def take(self, until_ns: int) -> Item:
        """Take what comes next: the rows of one topic, as far as no other's come between."""
        _, place, source = heappop(self._coming)
        if isinstance(source, Gap):
            return source
        event = source.take(min(until_ns, self.next_time_ns or until_ns))
        await source.load()
        self._expect(place, source)
        return event

    async def close(self) -> None:
        """Read no more."""
        await asyncio.gather(*(track.close() for track in self._tracks))

    def _expect(self, place: int, track: Track) -> None:
        if (time_ns := track.next_time_ns) is not None:
            heappush(self._coming, (time_ns, place, track))
