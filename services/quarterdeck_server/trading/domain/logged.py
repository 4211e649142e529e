"""Events as the log holds them, and places in the log."""

from dataclasses import dataclass

from quarterdeck_server.kernel.errors import InvalidField


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of the log; ``content`` is the encoded event, as it was reported."""

    position: int
    record_time_ns: int
    node: str
    account: str
    strategy: str
    content: bytes


@dataclass(frozen=True, slots=True)
class LogCursor:
    """A place in a log: everything up to it was seen."""

    epoch: int
    position: int


class CursorInvalid(InvalidField):
    """A cursor that cannot be continued from."""

    reason = "CURSOR_INVALID"


def start(cursor: LogCursor | None, newest: LogCursor, *, live_only: bool) -> int:
    """Return the position after which a reader begins; fails with CursorInvalid."""
    if cursor is None:
        return newest.position if live_only else 0
    if live_only:
        raise InvalidField("live_only", "must not be given together with cursor")
    if cursor.epoch != newest.epoch:
        raise CursorInvalid("cursor.epoch", f"is of another log, this one is {newest.epoch}")
    if cursor.position > newest.position:
        raise CursorInvalid(
            "cursor.position", f"must not be beyond the newest event, {newest.position}"
        )
    return cursor.position
