"""What the database will never take, however often it is offered."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from quarterdeck_server.marketdata.domain.source import NotOffered


@contextmanager
def refusing(subject: str) -> Iterator[None]:
    """Name whose values cannot be stored: a number out of range, a character that is none."""
    try:
        yield
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise NotOffered(subject, f"cannot be stored: {error}") from error
