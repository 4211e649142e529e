"""Dates and times in vendors' texts."""

from collections.abc import Sequence

import numpy as np

from quarterdeck_server.adapters.http.errors import Malformed
from quarterdeck_server.marketdata.domain.columns import Ints

FIRST, LAST = np.datetime64("0001-01-01"), np.datetime64("9999-12-31")


def moments(texts: Sequence[str], unit: str) -> np.ndarray:
    """Read times to the unit, "D" or "s". Raises Malformed for what is none."""
    try:
        found = np.array(texts, dtype=f"datetime64[{unit}]")
    except (TypeError, ValueError) as error:
        raise Malformed(f"a date cannot be read: {error}") from error
    # An empty text is no time, and compares as false with everything.
    if not ((found >= FIRST) & (found <= LAST)).all():
        raise Malformed("a date is empty or outside of the calendar")
    return found


def days(texts: Sequence[str]) -> Ints:
    """Read dates as days since 1970-01-01."""
    return moments(texts, "D").astype(np.int64)
