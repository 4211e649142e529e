"""The table of requests that count against quotas."""

from quarterdeck_server.runtime.postgres import Postgres


class PostgresQuotaStore:
    """Remembers when vendors were asked, over restarts."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def used(self, source: str, since_ns: int) -> list[int]:
        """Return the times of requests since a time, oldest first."""
        rows = await self._postgres.fetch(
            """SELECT time_ns FROM marketdata.source_request
               WHERE source = $1 AND time_ns >= $2 ORDER BY time_ns""",
            source,
            since_ns,
        )
        return [row["time_ns"] for row in rows]

    async def use(self, source: str, time_ns: int, since_ns: int) -> None:
        """Count a request, before it is sent, and forget those before a time."""
        await self._postgres.execute(
            """WITH forgotten AS (
                 DELETE FROM marketdata.source_request WHERE source = $1 AND time_ns < $3)
               INSERT INTO marketdata.source_request (source, time_ns) VALUES ($1, $2)""",
            source,
            time_ns,
            since_ns,
        )
