"""Days on the wire: calendar dates in requests, days since 1970-01-01 in columns."""

from datetime import date, timedelta

from google.type.date_pb2 import Date

from quarterdeck_server.kernel.errors import InvalidField

EPOCH = date(1970, 1, 1)


def day_from(message: Date, field: str) -> int:
    """Read a whole date."""
    try:
        return (date(message.year, message.month, message.day) - EPOCH).days
    except ValueError as error:
        raise InvalidField(field, "must be a whole date of the calendar") from error


def day_to(day: int | None) -> Date | None:
    """Write a date; nothing stays nothing."""
    if day is None:
        return None
    value = EPOCH + timedelta(days=day)
    return Date(year=value.year, month=value.month, day=value.day)
