"""The limits of each publisher."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain.rate import Bucket, Rate
from quarterdeck_server.runtime.clock import Clock

MOST_BUCKETS = 10_000


class Rates:
    """Every publisher's bucket and calls; who sends nothing for a while has none."""

    def __init__(self, rate: Rate, most_streams: int, clock: Clock) -> None:
        self._rate, self._most_streams, self._clock = rate, most_streams, clock
        self._buckets: dict[str, Bucket] = {}
        self._streams: Counter[str] = Counter()

    @contextmanager
    def stream(self, principal: str) -> Iterator[None]:
        """Count a call that publishes request after request. Raises Exhausted for one too many.

        Each has some MB on their way, which flow control alone bounds.
        """
        if self._streams[principal] >= self._most_streams:
            metrics.THROTTLED.inc()
            limit = str(self._most_streams)
            message = f"{principal} publishes on {limit} streams already"
            raise Exhausted("publishing streams per principal", message, 1.0, limit=limit)
        self._streams[principal] += 1
        try:
            yield
        finally:
            self._streams[principal] -= 1
            if not self._streams[principal]:
                del self._streams[principal]

    def admit(self, principal: str, rows: int) -> None:
        """Count rows of a publisher. Raises Exhausted when it sends too many."""
        now_s = self._clock.monotonic()
        bucket = self._buckets.get(principal)
        if bucket is None:
            self._make_room(now_s)
            bucket = self._buckets[principal] = Bucket(self._rate, now_s)
        wait_s = bucket.take(rows, now_s)
        if wait_s:
            metrics.THROTTLED.inc()
            per_s = f"{self._rate.per_s:.0f}"
            message = f"{principal} publishes more than {per_s} rows a second"
            raise Exhausted("rows per second", message, wait_s, limit=per_s)

    def _make_room(self, now_s: float) -> None:
        if len(self._buckets) >= MOST_BUCKETS:
            held = {name: each for name, each in self._buckets.items() if not each.is_full(now_s)}
            self._buckets = held
