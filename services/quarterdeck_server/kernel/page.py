"""Pages: how many rows, and where the next page starts.

A token is opaque to clients: it carries the position and a digest of the rpc and its other fields,
so that a token of another query is refused rather than answered with the wrong rows.
"""

import base64
import hashlib
import json
import re
from collections.abc import Sequence

from quarterdeck_server.kernel.errors import InvalidField

type Position = list[str | int]

LARGEST = 2**63 - 1
_NO_TEXT = re.compile("[\\x00\ud800-\udfff]")
"""What JSON can write into a text and no database can hold."""


class PageTokenInvalid(InvalidField):
    """The page token was not made by this rpc, or for other values of the other fields."""

    reason = "PAGE_TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("page_token", "was not made for this query")


def page_size(requested: int, default: int, maximum: int) -> int:
    """Return how many rows a page has: 0 means the default."""
    return min(requested or default, maximum)


def encode(scope: str, filters: Sequence[object], position: Position) -> str:
    """Make the token of the page after ``position``."""
    text = json.dumps([_digest(scope, filters), position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(
    token: str, scope: str, filters: Sequence[object], *shape: type[str | int]
) -> Position | None:
    """Return the position in a token, or nothing for an empty one.

    ``shape`` names the types of its parts, if they are always the same: a client can make a token
    itself, and one with other parts is refused like any that was not made here.
    """
    if not token:
        return None
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        digest, position = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise PageTokenInvalid from error
    if digest != _digest(scope, filters) or not _is_position(position):
        raise PageTokenInvalid
    if shape and tuple(map(type, position)) != shape:
        raise PageTokenInvalid
    return [*position]


def _digest(scope: str, filters: Sequence[object]) -> str:
    text = json.dumps([scope, [str(value) for value in filters]])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_position(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_part, value))


def _is_part(value: object) -> bool:
    """Tell whether a value can stand in a position, and so in a query of the database."""
    if isinstance(value, str):
        return not _NO_TEXT.search(value)
    return type(value) is int and -LARGEST <= value <= LARGEST
