"""Failed sign-ins in PostgreSQL, so that every replica counts the same."""

from quarterdeck_server.auth.domain.throttle import FORGET_AFTER_S, Failures
from quarterdeck_server.kernel.time import NS, datetime_from_ns, ns_from_datetime
from quarterdeck_server.runtime.postgres import Postgres


class PostgresFailureStore:
    """A FailureStore."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def find(self, principal_id: str) -> Failures | None:
        """Return the failures since the last success, if there are any."""
        row = await self._postgres.fetchrow(
            "SELECT count, last_time FROM auth.failure WHERE principal = $1", principal_id
        )
        return Failures(row["count"], ns_from_datetime(row["last_time"])) if row else None

    async def add(self, principal_id: str, now_ns: int) -> None:
        """Count a failure, from one again if the last was long ago."""
        await self._postgres.execute(
            """INSERT INTO auth.failure AS f (principal, count, last_time) VALUES ($1, 1, $2)
               ON CONFLICT (principal) DO UPDATE
               SET count = CASE WHEN f.last_time < $3 THEN 1 ELSE f.count + 1 END,
                   last_time = excluded.last_time""",
            principal_id,
            datetime_from_ns(now_ns),
            datetime_from_ns(now_ns - FORGET_AFTER_S * NS),
        )

    async def forget(self, principal_id: str) -> None:
        """Begin anew after a success."""
        await self._postgres.execute("DELETE FROM auth.failure WHERE principal = $1", principal_id)
