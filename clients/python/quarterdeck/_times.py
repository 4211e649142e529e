"""Times and durations of messages from those of Python."""

from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(value: Timestamp | datetime | None) -> Timestamp | None:
    """Make a timestamp; one without a time zone is refused, since nobody knows when it is."""
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        message = f"a time needs a time zone, was {value.isoformat()}"
        raise ValueError(message)
    made = Timestamp()
    made.FromDatetime(value)
    return made


def duration(value: Duration | timedelta | None) -> Duration | None:
    """Make a duration."""
    if not isinstance(value, timedelta):
        return value
    made = Duration()
    made.FromTimedelta(value)
    return made
