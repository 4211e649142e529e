"""Passwords: hashed with argon2id, in threads, a few at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.runtime.compute import Compute

PARAMETERS = profiles.RFC_9106_LOW_MEMORY
AT_ONCE = 2
"""Each hash takes 64 MiB and a core for a while."""
MAX_WAITING = 100
"""More would wait for longer than callers do."""


class TooManySignIns(Exhausted):
    """More people sign in at once than can be served."""

    def __init__(self) -> None:
        subject = "sign-ins at the same time"
        super().__init__(subject, "too many sign-ins at once", 1.0, limit=str(MAX_WAITING))


class Passwords:
    """Hashes and verifies passwords."""

    def __init__(self, compute: Compute, hasher: PasswordHasher | None = None) -> None:
        self._compute = compute
        self._hasher = hasher or PasswordHasher.from_parameters(PARAMETERS)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._decoy = self._hasher.hash("decoy")

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn to hash. Raises TooManySignIns."""
        if self._waiting >= MAX_WAITING:
            raise TooManySignIns
        self._waiting += 1
        try:
            async with self._slots:
                yield
        finally:
            self._waiting -= 1

    async def hash(self, password: str) -> str:
        """Return what is stored of a password. Needs a turn."""
        return await self._compute.thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the one; an absent hash takes as long and is never it.

        Needs a turn.
        """
        known = stored or self._decoy
        matches = await self._compute.thread(_matches, self._hasher, known, password)
        return matches and stored is not None

    def is_weak(self, stored: str) -> bool:
        """Tell whether a hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def _matches(hasher: PasswordHasher, stored: str, password: str) -> bool:
    try:
        return hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
