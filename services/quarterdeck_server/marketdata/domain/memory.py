"""What was answered to a request identifier, so that a repeated request changes nothing."""

from collections import OrderedDict
from dataclasses import dataclass

from quarterdeck_server.kernel.errors import InvalidField

LIFETIME_S = 24 * 3600.0
MAX_WEIGHT = 50_000
"""About 15 MB: an answer of one batch weighs 2 and takes 600 bytes."""


class RequestIdReused(InvalidField):
    """The request identifier was used before for another request."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self, field: str = "request_id") -> None:
        super().__init__(field, "was used before for another request")


@dataclass(frozen=True, slots=True)
class _Answer[T]:
    digest: bytes
    value: T
    weight: int
    time_s: float


class RequestMemory[T]:
    """Answers by key, forgotten after a day, or the oldest first when there are too many."""

    def __init__(self, lifetime_s: float = LIFETIME_S, max_weight: int = MAX_WEIGHT) -> None:
        self._lifetime_s, self._max_weight = lifetime_s, max_weight
        self._answers: OrderedDict[tuple[str, str], _Answer[T]] = OrderedDict()
        self._weight = 0

    def recall(self, key: tuple[str, str], digest: bytes, now_s: float) -> T | None:
        """Return what was answered; refuse a key that was used for other content."""
        self._forget_old(now_s)
        answer = self._answers.get(key)
        if answer is None:
            return None
        if answer.digest != digest:
            raise RequestIdReused
        return answer.value

    def remember(
        self, key: tuple[str, str], digest: bytes, value: T, *, weight: int, now_s: float
    ) -> None:
        """Keep an answer; ``weight`` says how much of the memory it takes."""
        self._answers[key] = _Answer(digest, value, weight, now_s)
        self._weight += weight
        while self._weight > self._max_weight:
            self._drop_oldest()

    def _forget_old(self, now_s: float) -> None:
        while self._answers:
            oldest = next(iter(self._answers.values()))
            if oldest.time_s + self._lifetime_s > now_s:
                return
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, answer = self._answers.popitem(last=False)
        self._weight -= answer.weight
