"""The few values that every mapping converts between protobuf and the domain."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Literal, Protocol

import numpy as np
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal as DecimalMessage
from numpy.typing import NDArray

from quarterdeck_server.kernel.errors import InvalidField

MAX_DIGITS = 40
LATEST_NS = 2**63 - 1


class Ranged(Protocol):
    """A request for a range of times."""

    @property
    def start_time(self) -> Timestamp:
        """The inclusive start."""

    @property
    def end_time(self) -> Timestamp:
        """The exclusive end."""

    def HasField(self, name: Literal["start_time", "end_time"], /) -> bool:  # noqa: N802 - theirs
        """Tell whether a time is given."""


def decimal_from(message: DecimalMessage, field: str) -> Decimal:
    """Read an exact number, refusing what is empty, not a number, not finite or too long."""
    try:
        value = Decimal(message.value)
    except InvalidOperation as error:
        raise InvalidField(field, f"must be a decimal number, was {message.value!r}") from error
    if not value.is_finite():
        raise InvalidField(field, f"must be finite, was {message.value!r}")
    if _may_be_long(message.value) and (
        len(value.as_tuple().digits) > MAX_DIGITS or abs(value.adjusted()) > MAX_DIGITS
    ):
        raise InvalidField(field, f"must have at most {MAX_DIGITS} digits")
    return value


def decimal_to(value: Decimal) -> DecimalMessage:
    """Write an exact number in plain notation, never with an exponent."""
    text = str(value)
    return DecimalMessage(value=format(value, "f") if "E" in text else text)


def _may_be_long(text: str) -> bool:
    # Asked of every number that comes in: counting digits costs more than reading them.
    return len(text) > MAX_DIGITS or "e" in text or "E" in text


def timestamp_from(message: Timestamp, field: str) -> int:
    """Read a time as nanoseconds since the Unix epoch."""
    ns = message.seconds * 1_000_000_000 + message.nanos
    if not 0 <= ns <= LATEST_NS:
        raise InvalidField(field, "must be between 1970 and 2262")
    return ns


def range_from(request: Ranged) -> tuple[int, int]:
    """Read a half-open range of times; what is absent has no end."""
    start_ns, end_ns = 0, LATEST_NS
    if request.HasField("start_time"):
        start_ns = timestamp_from(request.start_time, "start_time")
    if request.HasField("end_time"):
        end_ns = timestamp_from(request.end_time, "end_time")
    if end_ns <= start_ns:
        raise InvalidField("end_time", "must be after start_time")
    return start_ns, end_ns


def timestamp_to(ns: int) -> Timestamp:
    """Write nanoseconds since the Unix epoch as a time."""
    return Timestamp(seconds=ns // 1_000_000_000, nanos=ns % 1_000_000_000)


def duration_to(seconds: float) -> Duration:
    """Write seconds as a duration."""
    message = Duration()
    message.FromNanoseconds(round(seconds * 1_000_000_000))
    return message


def floats(column: Iterable[float]) -> NDArray[np.float64]:
    """Read a column of doubles; protobuf hands over the whole buffer."""
    return np.array(column, dtype=np.float64)


def ints(column: Iterable[int]) -> NDArray[np.int64]:
    """Read a column of integers; protobuf hands over the whole buffer."""
    return np.array(column, dtype=np.int64)
