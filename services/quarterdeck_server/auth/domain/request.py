"""Requests that may be repeated without being carried out twice."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck_server.kernel.errors import Conflict

REMEMBERED_S = 24 * 3600


class RequestIdReused(Conflict):
    """The request identifier was used before for another request."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self) -> None:
        super().__init__("request_id was used before for another request", field="request_id")


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Who asked for what, under which identifier."""

    caller: str
    id: str
    digest: bytes


def digest(*parts: Sequence[str] | str) -> bytes:
    """Condense a request's fields. Never pass a password: a fast hash of it could be guessed."""
    return hashlib.sha256(repr(parts).encode()).digest()


def check_same(key: RequestKey, stored_digest: bytes) -> None:
    """Refuse an identifier that stands for another request."""
    if key.digest != stored_digest:
        raise RequestIdReused
