"""Times are nanoseconds since the Unix epoch, as integers; ``datetime`` stays at the edges."""

import re
from datetime import UTC, datetime, timedelta

from quarterdeck_server.kernel.errors import InvalidField

NS = 1_000_000_000
MICROSECOND_NS = 1_000
LATEST_NS = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_INTERVAL = re.compile(r"([1-9][0-9]{0,3})([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def datetime_from_ns(ns: int) -> datetime:
    """Return the moment in UTC, cut to microseconds."""
    return EPOCH + timedelta(microseconds=ns // MICROSECOND_NS)


def text_from_ns(ns: int) -> str:
    """Write a moment in UTC with all of its digits: "2004-01-02T15:00:00.000000007Z"."""
    whole = datetime_from_ns(ns - ns % NS)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{ns % NS:09d}Z"


def ns_from_datetime(moment: datetime) -> int:
    """Return the nanoseconds since the Unix epoch, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1) * MICROSECOND_NS


def ns(length: timedelta) -> int:
    """Return a length of time in nanoseconds, exactly."""
    return length // timedelta(microseconds=1) * MICROSECOND_NS


def parse_interval(text: str, field: str = "interval") -> int:
    """Return the length of a bar in nanoseconds: "1d", "15m", "5s"."""
    match = _INTERVAL.fullmatch(text)
    if match is None:
        raise InvalidField(field, f"must be a number and one of s, m, h, d, was {text!r}")
    return int(match[1]) * _UNIT_S[match[2]] * NS
