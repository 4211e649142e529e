"""The limit of each publisher."""

from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.domain.rate import Bucket, Rate
from quarterdeck_server.runtime.clock import Clock

MOST_BUCKETS = 10_000


class Rates:
    """Every publisher's bucket; who sends nothing for a while has none."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate, self._clock = rate, clock
        self._buckets: dict[str, Bucket] = {}

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
