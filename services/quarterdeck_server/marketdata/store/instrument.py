"""The table of instruments."""

from collections.abc import Mapping

import asyncpg

from quarterdeck_server.kernel.errors import NotPossibleNow
from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.marketdata.domain.instrument import Instrument, InstrumentClass
from quarterdeck_server.runtime.postgres import Connection, Postgres

COLUMNS = """instrument, display_name, instrument_class, currency, base_currency,
  price_precision, size_precision, price_increment, size_increment, multiplier, is_inverse,
  synthetic_microstructure, provenance, trading_calendar, sector"""
PUT = f"""
INSERT INTO marketdata.instrument ({COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (instrument) DO UPDATE SET
  ({COLUMNS}, update_time) = (excluded.instrument, excluded.display_name,
    excluded.instrument_class, excluded.currency, excluded.base_currency,
    excluded.price_precision, excluded.size_precision, excluded.price_increment,
    excluded.size_increment, excluded.multiplier, excluded.is_inverse,
    excluded.synthetic_microstructure, excluded.provenance, excluded.trading_calendar,
    coalesce(excluded.sector, marketdata.instrument.sector), clock_timestamp())
RETURNING id, update_time, {COLUMNS}"""  # noqa: S608 - a constant
HAS_PRICES = """
SELECT EXISTS (SELECT FROM marketdata.quote WHERE instrument_id = $1)
    OR EXISTS (SELECT FROM marketdata.trade WHERE instrument_id = $1)
    OR EXISTS (SELECT FROM marketdata.bar WHERE instrument_id = $1)
    OR EXISTS (SELECT FROM marketdata.rollup WHERE instrument_id = $1)"""
PUT_SECTORS = f"""
UPDATE marketdata.instrument SET sector = told.said, update_time = clock_timestamp()
FROM unnest($1::text[], $2::text[]) AS told (name, said)
WHERE instrument = told.name
RETURNING id, update_time, {COLUMNS}"""  # noqa: S608 - a constant
# The identifier itself, then what begins with the text, then a word that does, then the rest.
SEARCH = r"""
SELECT instrument FROM marketdata.instrument
WHERE instrument ILIKE '%' || $1 || '%' OR display_name ILIKE '%' || $1 || '%'
ORDER BY lower(instrument) <> lower($2), lower(split_part(instrument, '.', 1)) <> lower($2),
  instrument NOT ILIKE $1 || '%', display_name NOT ILIKE $1 || '%',
  display_name NOT ILIKE '% ' || $1 || '%', length(instrument), instrument
LIMIT $3"""


class PostgresInstrumentStore:
    """Keeps the instruments."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def all(self) -> dict[str, tuple[int, Instrument]]:
        """Return every instrument with its number, by identifier."""
        sql = f"SELECT id, update_time, {COLUMNS} FROM marketdata.instrument"  # noqa: S608 - a constant
        return {row["instrument"]: _numbered(row) for row in await self._postgres.fetch(sql)}

    async def put(self, instrument: Instrument) -> tuple[int, Instrument]:
        """Create or replace; raises NotPossibleNow if stored prices would change their meaning."""
        async with self._postgres.transaction() as connection:
            await _refuse_new_meaning(connection, instrument)
            row = await connection.fetchrow(PUT, *_values(instrument))
        if row is None:
            raise AssertionError("an upsert returns its row")
        return _numbered(row)

    async def put_sectors(self, sectors: Mapping[str, str]) -> dict[str, tuple[int, Instrument]]:
        """Set the sectors of instruments, and return these."""
        rows = await self._postgres.fetch(PUT_SECTORS, list(sectors), list(sectors.values()))
        return {row["instrument"]: _numbered(row) for row in rows}

    async def search(self, text: str, limit: int) -> list[str]:
        """Return the identifiers of what contains the text, best match first."""
        pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = await self._postgres.fetch(SEARCH, pattern, text, limit)
        return [row["instrument"] for row in rows]


async def _refuse_new_meaning(connection: Connection, instrument: Instrument) -> None:
    row = await connection.fetchrow(
        """SELECT id, price_precision, size_precision FROM marketdata.instrument
           WHERE instrument = $1 FOR UPDATE""",
        instrument.instrument,
    )
    if row is None or instrument.precisions == (row["price_precision"], row["size_precision"]):
        return
    if await connection.fetchval(HAS_PRICES, row["id"]):
        raise NotPossibleNow(
            instrument.instrument,
            "its precision cannot change while prices are stored that are scaled by it",
        )


def _values(instrument: Instrument) -> list[object]:
    return [
        instrument.instrument,
        instrument.display_name,
        instrument.instrument_class.value,
        instrument.currency,
        instrument.base_currency,
        instrument.price_precision,
        instrument.size_precision,
        instrument.price_increment,
        instrument.size_increment,
        instrument.multiplier,
        instrument.is_inverse,
        instrument.synthetic_microstructure,
        instrument.provenance,
        instrument.trading_calendar,
        instrument.sector,
    ]


def _numbered(row: asyncpg.Record) -> tuple[int, Instrument]:
    values = dict(row)
    number = values.pop("id")
    changed_ns = ns_from_datetime(values.pop("update_time"))
    values["instrument_class"] = InstrumentClass(values["instrument_class"])
    return number, Instrument(**values, update_time_ns=changed_ns)
