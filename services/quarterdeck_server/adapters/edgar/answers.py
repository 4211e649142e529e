"""Reading JSON of EDGAR: what is not as it should be is malformed."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from quarterdeck_server.adapters.http.errors import Malformed

SOURCE = "sources/edgar"
CIK_DIGITS = 10


def mapping(body: bytes) -> Mapping[str, Any]:
    """Read an object."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(str(error)) from error
    return part(answer)


def part(value: object) -> Mapping[str, Any]:
    """Return what must be an object."""
    if not isinstance(value, dict):
        raise Malformed("something is no object")
    return value


def rows(value: object) -> Sequence[Any]:
    """Return what must be a list."""
    if not isinstance(value, list):
        raise Malformed("something is no list")
    return value


def cik_of(value: object) -> str:
    """Write a company's number with all its digits."""
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > CIK_DIGITS:
        raise Malformed(f"{value!r} is no number of a company")
    return text.zfill(CIK_DIGITS)
