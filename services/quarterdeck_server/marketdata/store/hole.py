"""The table of holes: what was published and is not in history."""

from collections.abc import Sequence

import asyncpg

from quarterdeck_server.marketdata import metrics
from quarterdeck_server.marketdata.ports import Hole, HoleQuery, KnownHole
from quarterdeck_server.runtime.postgres import Connection, Postgres

COLUMNS = """topic, epoch, first_sequence, last_sequence,
  first_event_time_ns, last_event_time_ns"""
# A hole is stored again when it grew.
PUT = f"""
INSERT INTO marketdata.hole ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (topic, epoch, first_sequence) DO UPDATE SET
  last_sequence = greatest(hole.last_sequence, excluded.last_sequence),
  first_event_time_ns = least(hole.first_event_time_ns, excluded.first_event_time_ns),
  last_event_time_ns = greatest(hole.last_event_time_ns, excluded.last_event_time_ns),
  fill_time = NULL"""  # noqa: S608 - a constant
LIST = f"""
SELECT {COLUMNS}, create_time, fill_time FROM marketdata.hole
WHERE ($1 = '' OR topic = $1)
  AND ($2::timestamptz IS NULL OR (create_time, topic, epoch, first_sequence) < ($2, $3, $4, $5))
ORDER BY create_time DESC, topic DESC, epoch DESC, first_sequence DESC LIMIT $6"""  # noqa: S608
FILL = """
WITH filled AS (
  UPDATE marketdata.hole SET fill_time = clock_timestamp()
  WHERE topic = $1 AND fill_time IS NULL
    AND first_event_time_ns >= $2 AND last_event_time_ns < $3 AND first_event_time_ns > 0
  RETURNING last_sequence - first_sequence + 1 AS rows)
SELECT coalesce(sum(rows), 0)::bigint FROM filled"""
UNFILLED_ROWS = """
SELECT coalesce(sum(last_sequence - first_sequence + 1), 0)::bigint
FROM marketdata.hole WHERE fill_time IS NULL"""


async def put_holes(connection: Connection, holes: Sequence[Hole]) -> None:
    """Store holes, new ones and those that grew."""
    if holes:
        await connection.executemany(PUT, [_row(hole) for hole in holes])


async def list_holes(postgres: Postgres, query: HoleQuery) -> list[KnownHole]:
    """Return holes, newest first."""
    position = query.position or (None, "", 0, 0)
    rows = await postgres.fetch(LIST, query.topic, *position, query.limit)
    return [_known(row) for row in rows]


async def fill_holes(postgres: Postgres, topic: str, start_ns: int, end_ns: int) -> int:
    """Mark what lies wholly within the range as filled; return how many rows that is."""
    async with postgres.connection() as connection:
        rows = await connection.fetchval(FILL, topic, start_ns, end_ns)
    await measure_holes(postgres)
    return int(rows)


async def measure_holes(postgres: Postgres) -> None:
    """Show how many rows are missing."""
    metrics.HOLE_ROWS.set(await postgres.fetchval(UNFILLED_ROWS))


def _row(hole: Hole) -> tuple[str, int, int, int, int, int]:
    return (
        hole.topic,
        hole.epoch,
        hole.first_sequence,
        hole.last_sequence,
        hole.first_event_time_ns,
        hole.last_event_time_ns,
    )


def _known(row: asyncpg.Record) -> KnownHole:
    values = dict(row)
    create_time, fill_time = values.pop("create_time"), values.pop("fill_time")
    return KnownHole(Hole(**values), create_time, fill_time)
