"""Times between the tables, which have microseconds, and the domain, which has nanoseconds."""

from datetime import datetime

from quarterdeck_server.kernel.time import datetime_from_ns, ns_from_datetime


def ns_or_none(moment: datetime | None) -> int | None:
    """Read a time that may be absent."""
    return None if moment is None else ns_from_datetime(moment)


def moment_or_none(ns: int | None) -> datetime | None:
    """Write a time that may be absent."""
    return None if ns is None else datetime_from_ns(ns)
