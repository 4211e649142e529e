"""Tells every process which tokens no longer count: at each change, and again and again.

The whole list travels each time, so a process that missed one, or that has just started, needs no
other source. It is short: what was revoked longer ago than an access token lives has expired.
"""

import asyncio
from contextlib import suppress

import structlog

from quarterdeck_server.auth.domain.revocation import encode
from quarterdeck_server.auth.ports import SessionStore
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.bus import Bus, Message
from quarterdeck_server.runtime.clock import Clock

log = structlog.get_logger()

TOPIC = "_revocations/auth"
INTERVAL_S = 2.0
LEEWAY_NS = 10 * NS
"""The clocks of several machines differ a little."""


class RevocationBroadcast:
    """Publishes revocations on the bus."""

    def __init__(self, sessions: SessionStore, bus: Bus, clock: Clock, access_ns: int) -> None:
        self._sessions, self._bus, self._clock = sessions, bus, clock
        self._window_ns = access_ns + LEEWAY_NS
        self._epoch = clock.now_ns() // NS
        self._sequence = 0

    async def changed(self) -> None:
        """Tell of a change at once; if the bus is away, the next repetition tells."""
        with suppress(Unavailable):
            await self._publish()

    async def repeat(self) -> None:
        """Tell everything, again and again."""
        while True:
            try:
                await self._publish()
            except Unavailable as error:
                log.warning("revocations_not_published", problem=str(error))
            await asyncio.sleep(INTERVAL_S)

    async def _publish(self) -> None:
        now_ns = self._clock.now_ns()
        revocations = await self._sessions.revocations(now_ns - self._window_ns, now_ns)
        self._sequence += 1
        message = Message(TOPIC, self._epoch, self._sequence, 1, now_ns, encode(revocations))
        await self._bus.publish([message])
