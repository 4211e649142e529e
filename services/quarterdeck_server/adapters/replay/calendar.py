"""When trading days begin and end, as far as recorded daily bars need it."""

NS = 1_000_000_000
DAY_NS = 86_400 * NS
# New York closes at 21:00 UTC in winter; one clock for the whole year keeps every day as long.
CLOSE_OF_DAY_NS = 21 * 3_600 * NS
SESSION_NS = int(6.5 * 3_600) * NS


def close_of(day: int) -> int:
    """Return the time at which a day closes, the day counted from 1970."""
    return day * DAY_NS + CLOSE_OF_DAY_NS


def open_of(close_ns: int, interval_ns: int) -> int:
    """Return when a bar began: a daily one with the session, others with their interval."""
    return close_ns - (SESSION_NS if interval_ns >= DAY_NS else interval_ns)
