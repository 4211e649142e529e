"""The tables of sources, of what was done to raw prices, and of epochs."""

from collections.abc import Sequence
from dataclasses import replace

import asyncpg

from quarterdeck_server.marketdata.domain.source import (
    Adjustment,
    LiveOptions,
    ReplayOptions,
    SourceRecord,
    SourceState,
)
from quarterdeck_server.runtime.postgres import Postgres

COLUMNS = """name, state, failure, instruments, dataset, seconds_per_day, asked_start_ns,
  derive_quotes, instrument, first_time_ns, event_time_ns, end_time_ns, published_rows,
  last_publish_ns, start_ns, live_instruments, live_quotes, live_trades, live_bar_interval,
  live_book_depth"""
PLACES = ", ".join(f"${place}" for place in range(1, COLUMNS.count(",") + 2))
PUT = f"""
INSERT INTO marketdata.source ({COLUMNS}) VALUES ({PLACES})
ON CONFLICT (name) DO UPDATE SET ({COLUMNS}) = ({PLACES})"""  # noqa: S608 - constants
NEW_EPOCH = """
INSERT INTO marketdata.epoch (epoch) VALUES ($1)
ON CONFLICT (single) DO UPDATE SET epoch = greatest(epoch.epoch + 1, excluded.epoch)
RETURNING epoch"""


class PostgresSourceStore:
    """Keeps what sources do and how far they are."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def get(self, name: str) -> SourceRecord | None:
        """Return what is known of a source, without the words its adapter has for it."""
        sql = f"SELECT {COLUMNS} FROM marketdata.source WHERE name = $1"  # noqa: S608 - a constant
        row = await self._postgres.fetchrow(sql, name)
        return None if row is None else _record(row)

    async def put(self, record: SourceRecord) -> None:
        """Store what is known of a source."""
        await self._postgres.execute(PUT, *_values(record))

    async def adjust(self, adjustments: Sequence[Adjustment]) -> None:
        """Store what was done to raw prices."""
        await self._postgres.executemany(
            """INSERT INTO marketdata.adjustment (instrument_id, before_ns, factor)
               SELECT id, $2, $3 FROM marketdata.instrument WHERE instrument = $1
               ON CONFLICT (instrument_id, before_ns) DO UPDATE SET factor = excluded.factor""",
            [(each.instrument, each.before_ns, each.factor) for each in adjustments],
        )

    async def new_epoch(self, now_s: int) -> int:
        """Return an epoch that no process had before."""
        return int(await self._postgres.fetchval(NEW_EPOCH, now_s))


def _values(record: SourceRecord) -> list[object]:
    options = record.replay
    return [
        record.name,
        record.state.name,
        record.failure,
        list(record.instruments),
        options and options.dataset,
        options and options.seconds_per_day,
        options and options.start_time_ns,
        options and options.derive_quotes,
        options and options.instrument,
        record.first_time_ns,
        record.event_time_ns,
        record.end_time_ns,
        record.published_rows,
        record.last_publish_time_ns,
        record.start_time_ns,
        *_live_values(record.live),
    ]


def _live_values(live: LiveOptions | None) -> list[object]:
    if live is None:
        return [None] * 5
    return [
        list(live.instruments),
        live.quotes,
        live.trades,
        live.bar_interval,
        live.book_depth,
    ]


def _record(row: asyncpg.Record) -> SourceRecord:
    record = SourceRecord(
        name=row["name"],
        display_name="",
        provenance="",
        state=SourceState[row["state"]],
        failure=row["failure"],
        instruments=tuple(row["instruments"]),
        first_time_ns=row["first_time_ns"],
        event_time_ns=row["event_time_ns"],
        end_time_ns=row["end_time_ns"],
        published_rows=row["published_rows"],
        last_publish_time_ns=row["last_publish_ns"],
        start_time_ns=row["start_ns"],
        live=_live(row),
    )
    return record if row["dataset"] is None else replace(record, replay=_options(row))


def _live(row: asyncpg.Record) -> LiveOptions | None:
    if row["live_instruments"] is None:
        return None
    return LiveOptions(
        instruments=tuple(row["live_instruments"]),
        quotes=row["live_quotes"],
        trades=row["live_trades"],
        bar_interval=row["live_bar_interval"],
        book_depth=row["live_book_depth"],
    )


def _options(row: asyncpg.Record) -> ReplayOptions:
    return ReplayOptions(
        dataset=row["dataset"],
        seconds_per_day=row["seconds_per_day"],
        start_time_ns=row["asked_start_ns"],
        derive_quotes=row["derive_quotes"],
        instrument=row["instrument"],
    )
