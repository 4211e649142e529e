"""The tables of series and observations: one row for each value that a day ever had."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import numpy as np

from quarterdeck_server.kernel.errors import NotFound
from quarterdeck_server.marketdata.domain.observation import (
    FIRST_DAY,
    LAST_DAY,
    ObservationQuery,
    Observations,
    Series,
)
from quarterdeck_server.marketdata.ports import Announce
from quarterdeck_server.marketdata.store.refusal import refusing
from quarterdeck_server.runtime.postgres import Connection, Postgres

COLUMNS = """name, title, unit, frequency, seasonal_adjustment, first_day, last_day, note,
  provenance, source_update_ns, update_ns"""
PUT_SERIES = f"""
INSERT INTO marketdata.series ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (name) DO UPDATE SET ({COLUMNS}) = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING id, is_whole"""  # noqa: S608 - a constant
# A value that was known before is no news, however often it is read.
PUT_VALUES = """
INSERT INTO marketdata.observation AS known (series_id, day, vintage_day, value)
SELECT DISTINCT ON (day, vintage_day) $1::int, day, vintage_day, value
FROM unnest($2::int[], $3::int[], $4::float8[]) WITH ORDINALITY
  AS incoming (day, vintage_day, value, place)
WHERE value IS DISTINCT FROM (
  SELECT value FROM marketdata.observation AS last
  WHERE series_id = $1 AND last.day = incoming.day AND last.vintage_day <= incoming.vintage_day
  ORDER BY last.vintage_day DESC LIMIT 1)
ORDER BY day, vintage_day, place DESC
ON CONFLICT (series_id, day, vintage_day) DO UPDATE SET value = excluded.value
RETURNING day, vintage_day, value"""
# Windows of vintages overlap, and older ones may come later: what repeats the value before goes.
DROP_REPEATED = """
DELETE FROM marketdata.observation AS known USING (
  SELECT day, vintage_day, value, lag(value) OVER vintages AS last,
    row_number() OVER vintages AS place
  FROM marketdata.observation WHERE series_id = $1 AND day = ANY($2::int[])
  WINDOW vintages AS (PARTITION BY day ORDER BY vintage_day)) AS each
WHERE known.series_id = $1 AND known.day = each.day AND known.vintage_day = each.vintage_day
  AND each.place > 1 AND each.value IS NOT DISTINCT FROM each.last
RETURNING known.day, known.vintage_day"""
AS_KNOWN = """
SELECT DISTINCT ON (day) day, vintage_day, value FROM marketdata.observation
WHERE series_id = $1 AND day >= $2 AND day < $3 AND vintage_day <= $4 AND day > $5
ORDER BY day, vintage_day DESC LIMIT $6"""
EVERY_VINTAGE = """
SELECT day, vintage_day, value FROM marketdata.observation
WHERE series_id = $1 AND day >= $2 AND day < $3 AND (day, vintage_day) > ($4, $5)
ORDER BY day, vintage_day LIMIT $6"""


class PostgresObservationStore:
    """Keeps series and every vintage of what was observed."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def put(
        self, series: Series, observations: Observations, announce: Announce[Observations]
    ) -> None:
        """Store what is new, and announce it before it counts as stored.

        Of a series that was never read to its end nothing is announced: it is all new.
        """
        with refusing(series.name):
            await self._put(series, observations, announce)

    async def _put(
        self, series: Series, observations: Observations, announce: Announce[Observations]
    ) -> None:
        async with self._postgres.transaction() as connection:
            row = await connection.fetchrow(PUT_SERIES, *_values(series))
            if row is None:
                raise AssertionError("an upsert returns its row")
            new = await _put_values(connection, row["id"], observations)
            if row["is_whole"] and len(new):
                await announce(new)

    async def finish(self, name: str) -> None:
        """Note that a series was read to its end: what comes from now on is news."""
        await self._postgres.execute(
            "UPDATE marketdata.series SET is_whole = true WHERE name = $1", name
        )

    async def stale(self, source: str, before_ns: int) -> list[str]:
        """Return the vendor's identifiers of whole series last read before a time."""
        rows = await self._postgres.fetch(
            """SELECT name FROM marketdata.series
               WHERE starts_with(name, $1) AND is_whole AND update_ns < $2 ORDER BY name""",
            f"series/{source.removeprefix('sources/')}/",
            before_ns,
        )
        return [row["name"].rpartition("/")[2] for row in rows]

    async def get(self, name: str) -> Series:
        """Return a series. Raises NotFound."""
        sql = f"SELECT {COLUMNS} FROM marketdata.series WHERE name = $1"  # noqa: S608 - a constant
        row = await self._postgres.fetchrow(sql, name)
        if row is None:
            raise NotFound("series", name)
        return _series(row)

    async def list(self, query: str, after: str, limit: int) -> list[Series]:
        """Return series by name that contain a text."""
        sql = f"""SELECT {COLUMNS} FROM marketdata.series
                  WHERE name > $1 AND position(lower($2) IN lower(name || ' ' || title)) > 0
                  ORDER BY name LIMIT $3"""  # noqa: S608 - a constant
        return [_series(row) for row in await self._postgres.fetch(sql, after, query, limit)]

    async def observations(self, query: ObservationQuery) -> Observations:
        """Return observations, oldest first. Raises NotFound."""
        number = await self._postgres.fetchval(
            "SELECT id FROM marketdata.series WHERE name = $1", query.series
        )
        if number is None:
            raise NotFound("series", query.series)
        start: list[object] = [number, query.first_day, query.end_day]
        if query.all_vintages:
            after = query.position or (FIRST_DAY, FIRST_DAY)
            rows = await self._postgres.fetch(EVERY_VINTAGE, *start, *after, query.limit)
        else:
            known = LAST_DAY if query.as_of_day is None else query.as_of_day
            day = query.position[0] if query.position else FIRST_DAY
            rows = await self._postgres.fetch(AS_KNOWN, *start, known, day, query.limit)
        return _observations(query.series, [tuple(row) for row in rows])


async def _put_values(
    connection: Connection, number: int, observations: Observations
) -> Observations:
    """Store values; return those that were not known."""
    columns = (observations.day, observations.vintage_day, observations.value)
    rows = await connection.fetch(PUT_VALUES, number, *(column.tolist() for column in columns))
    days = sorted({row["day"] for row in rows})
    repeated = await connection.fetch(DROP_REPEATED, number, days) if days else []
    dropped = {(row["day"], row["vintage_day"]) for row in repeated}
    kept = [tuple(row) for row in rows if (row["day"], row["vintage_day"]) not in dropped]
    return _observations(observations.series, sorted(kept, key=lambda row: row[:2]))


def _observations(series: str, rows: Sequence[tuple[Any, ...]]) -> Observations:
    days, vintages, values = zip(*rows, strict=True) if rows else ((), (), ())
    return Observations(
        series,
        np.array(days, dtype=np.int64),
        np.array(values, dtype=np.float64),
        np.array(vintages, dtype=np.int64),
    )


def _values(series: Series) -> list[object]:
    return [
        series.name,
        series.title,
        series.unit,
        series.frequency,
        series.seasonal_adjustment,
        series.first_day,
        series.last_day,
        series.note,
        series.provenance,
        series.source_update_time_ns,
        series.update_time_ns,
    ]


def _series(row: asyncpg.Record) -> Series:
    values = dict(row)
    return Series(
        source_update_time_ns=values.pop("source_update_ns"),
        update_time_ns=values.pop("update_ns"),
        **values,
    )
