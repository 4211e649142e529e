"""The table of halts."""

import asyncpg

from quarterdeck_server.marketdata.domain.status import Status, TradingPhase
from quarterdeck_server.runtime.postgres import Postgres


class PostgresHaltStore:
    """Keeps who halted which instrument."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def all(self) -> list[tuple[Status, str]]:
        """Return each halt with who ordered it."""
        rows = await self._postgres.fetch(
            "SELECT instrument, event_time_ns, note, origin FROM marketdata.halt"
        )
        return [(_status(row), row["origin"]) for row in rows]

    async def put(self, status: Status, origin: str) -> None:
        """Keep a halt."""
        await self._postgres.execute(
            """INSERT INTO marketdata.halt (instrument, origin, event_time_ns, note)
               VALUES ($1, $2, $3, $4)
               ON CONFLICT (instrument, origin) DO UPDATE SET
                 event_time_ns = excluded.event_time_ns, note = excluded.note""",
            status.instrument,
            origin,
            status.event_time_ns,
            status.note,
        )

    async def drop(self, instrument: str, origin: str) -> None:
        """Forget a halt."""
        await self._postgres.execute(
            "DELETE FROM marketdata.halt WHERE instrument = $1 AND origin = $2", instrument, origin
        )


def _status(row: asyncpg.Record) -> Status:
    halted = TradingPhase.HALTED
    return Status(row["instrument"], halted, row["event_time_ns"], note=row["note"])
