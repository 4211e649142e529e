"""The events of the log, in its order."""

from collections.abc import Sequence

import asyncpg

from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.logged import LoggedEvent

# A span of positions bounds the work of a reader that wants few of many events.
_SPAN = """
SELECT position, record_time, node, account, strategy, content FROM trading.event
WHERE position > $1 AND position <= $2
  AND ($3 = '' OR account = $3) AND ($4 = '' OR strategy = $4)
ORDER BY position LIMIT $5"""


async def between(
    postgres: Postgres, after: int, through: int, limit: int, account: str = "", strategy: str = ""
) -> Sequence[LoggedEvent]:
    """Return events after a position up to another, of an account and strategy if given."""
    rows = await postgres.fetch(_SPAN, after, through, account, strategy, limit)
    return [logged_of(row) for row in rows]


def logged_of(row: asyncpg.Record) -> LoggedEvent:
    """Read an event of the log."""
    return LoggedEvent(
        position=row["position"],
        record_time_ns=ns_from_datetime(row["record_time"]),
        node=row["node"],
        account=row["account"],
        strategy=row["strategy"],
        content=row["content"],
    )
