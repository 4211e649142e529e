"""Forgets ended sessions, old failures and old request identifiers."""

import asyncio

from quarterdeck_server.auth.store.leftovers import delete_leftovers
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.postgres import Postgres

INTERVAL_S = 3600.0
RETRY_S = 60.0


async def clean_up(postgres: Postgres, clock: Clock) -> None:
    """Clean up once an hour; when the database is away, try again after a minute."""
    while True:
        try:
            await delete_leftovers(postgres, clock.now_ns())
        except Unavailable:
            await asyncio.sleep(RETRY_S)
        else:
            await asyncio.sleep(INTERVAL_S)
