"""What a replay is asked for, checked."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.topics import TopicInvalid
from quarterdeck_server.runtime.convert import timestamp_from
from quarterdeck_server.stream.domain import LimitExceeded
from quarterdeck_server.stream.replay.history import Window

PARTS = {"quotes": 2, "trades": 2, "bars": 3}
"""The kinds that history keeps, and how many parts their topics have."""


def window_from(request: pb.ReplayRequest, now_ns: int) -> Window:
    """Read the window; without an end it is what is recorded up to now."""
    start_ns = timestamp_from(request.start_time, "start_time")
    end_ns = now_ns
    if request.HasField("end_time"):
        end_ns = timestamp_from(request.end_time, "end_time")
    if end_ns <= start_ns:
        raise InvalidField("end_time", "must be after start_time")
    return Window(start_ns, end_ns)


def check_topics(request: pb.ReplayRequest) -> None:
    """Refuse topics that cannot be played."""
    for place, topic in enumerate(request.topics):
        field = f"topics[{place}]"
        topics.check(topic, list(PARTS), field)
        if topics.is_pattern(topic):
            raise TopicInvalid(field, topic, "may have no *")
        if len(topics.split(topic)) != PARTS[topics.kind(topic)]:
            raise TopicInvalid(field, topic, "must be as quotes/AAPL.XNAS or bars/1d/AAPL.XNAS")


class Seats:
    """How many replays each principal has at this worker."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, principal: str) -> Iterator[None]:
        """Hold a seat while the block runs. Raises LimitExceeded."""
        if self._taken[principal] >= self._most:
            raise LimitExceeded("replays per principal", self._most)
        self._taken[principal] += 1
        try:
            yield
        finally:
            self._taken[principal] -= 1
            self._taken += Counter()  # forgets who has none
