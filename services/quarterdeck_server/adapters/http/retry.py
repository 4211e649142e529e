"""When to ask again. Pure."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from quarterdeck_server.kernel.time import NS, ns_from_datetime

_SECONDS = re.compile(r"[0-9]{1,9}")
TOO_MANY = 429
PASSING = frozenset({408, 425, TOO_MANY, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Answers that another attempt may not get; above 511 are those of a well-known edge."""


def retry_after(header: str | None, now_ns: int) -> float | None:
    """Read a Retry-After header, seconds or a date; nothing if there is none that can be read."""
    if header is None:
        return None
    text = header.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((ns_from_datetime(moment) - now_ns) / NS, 0.0)


def pause(attempt: int, first_s: float, longest_s: float, chance: float) -> float:
    """Return how long to wait after an attempt, the first being 1; chance from 0 to 1 spreads."""
    return min(first_s * 2.0 ** (attempt - 1), longest_s) * (0.5 + chance / 2)
