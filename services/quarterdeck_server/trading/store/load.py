"""What a start needs: accounts, facts, prices, the newest checkpoint, and the log after it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

import asyncpg
import orjson

from quarterdeck_server.runtime.postgres import Connection, Postgres
from quarterdeck_server.trading.domain.account import Account
from quarterdeck_server.trading.domain.fill import Fill, Holding
from quarterdeck_server.trading.domain.price import Newest
from quarterdeck_server.trading.portfolio import (
    BookState,
    Flow,
    Instrument,
    Settlement,
)
from quarterdeck_server.trading.store.adjustments import flow_of
from quarterdeck_server.trading.store.log import Head
from quarterdeck_server.trading.store.rows import FILL_COLUMNS, fill_of

PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Amended:
    """A fill of a position was corrected or busted."""

    holding: Holding


type Moved = Fill | Flow | Amended
type Movement = tuple[int, Moved]


_ADD_FACT = """
INSERT INTO trading.instrument_fact
  (instrument, currency, base_currency, quote_currency, multiplier, price_precision,
   size_precision, is_inverse, is_margined)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING"""
_SOME_FACTS = """
SELECT * FROM trading.instrument_fact WHERE instrument = ANY($1) ORDER BY create_time, instrument"""


async def head(postgres: Postgres) -> Head:
    """Return where the log stands."""
    row = await postgres.fetchrow("SELECT epoch, event_position, record_position FROM trading.head")
    if row is None:
        raise RuntimeError("the trading log has no head: the database was not migrated")
    return Head(*row)


async def accounts(source: Postgres | Connection) -> list[Account]:
    """Return the accounts by name."""
    rows = await source.fetch("SELECT * FROM trading.account ORDER BY account")
    return [_account(row) for row in rows]


async def facts(source: Postgres | Connection) -> list[Instrument]:
    """Return what the log knows of instruments, in the order in which it learned it."""
    rows = await source.fetch(
        "SELECT * FROM trading.instrument_fact ORDER BY create_time, instrument"
    )
    return [_instrument(row) for row in rows]


async def add_facts(postgres: Postgres, instruments: Sequence[Instrument]) -> Sequence[Instrument]:
    """Store what the log will always know of instruments, and return what it knows of them now.

    The first to tell is right.
    """
    await postgres.executemany(_ADD_FACT, [_fact_row(one) for one in instruments])
    rows = await postgres.fetch(_SOME_FACTS, [one.id for one in instruments])
    return [_instrument(row) for row in rows]


async def movements(
    connection: Connection, after: int, until: int
) -> AsyncIterator[Sequence[Movement]]:
    """Yield, page by page in the order of the log, what changed the portfolio between positions."""
    while page := await _page(connection, after, until):
        yield page
        after = page[-1][0]


async def _page(connection: Connection, *within: int) -> list[Movement]:
    limited = (*within, PAGE + 1)
    fills = await connection.fetch(_select(FILL_COLUMNS, "trading.fill"), *limited)
    flows = await connection.fetch(_select("*", "trading.flow"), *limited)
    amended = await connection.fetch(
        _select("position, account, strategy, instrument", "trading.amendment"), *limited
    )
    found: list[Movement] = [(row["position"], fill_of(row)) for row in fills]
    found += [(row["position"], flow_of(row)) for row in flows]
    found += [(row["position"], Amended(tuple(row)[1:])) for row in amended]
    # The first so many of each kind are surely the first so many of all. A transfer is two at one
    # place, which must not be parted: the next page begins after it.
    found.sort(key=lambda movement: movement[0])
    return [*found[:PAGE], *(one for one in found[PAGE : PAGE + 1] if one[0] == found[PAGE - 1][0])]


def _select(columns: str, table: str) -> str:
    return (
        f"SELECT {columns} FROM {table} "  # noqa: S608 - constants
        "WHERE position > greatest($1, 0) AND position <= $2 ORDER BY position LIMIT $3"
    )


async def newest_checkpoint(postgres: Postgres) -> tuple[int, BookState, BookState] | None:
    """Return the newest saved portfolio, with its position in the log."""
    row = await postgres.fetchrow(
        "SELECT position, average, fifo FROM trading.checkpoint ORDER BY position DESC LIMIT 1"
    )
    if row is None:
        return None
    average, fifo = orjson.loads(row["average"]), orjson.loads(row["fifo"])
    return row["position"], cast("BookState", average), cast("BookState", fifo)


async def save_checkpoint(postgres: Postgres, position: int, average: bytes, fifo: bytes) -> None:
    """Store a portfolio, and drop all saved ones but the newest two."""
    async with postgres.transaction() as connection:
        await connection.execute(
            "INSERT INTO trading.checkpoint (position, average, fifo) VALUES ($1, $2, $3) "
            "ON CONFLICT (position) DO UPDATE SET average = excluded.average, "
            "fifo = excluded.fifo",
            position,
            average.decode(),
            fifo.decode(),
        )
        await connection.execute(
            "DELETE FROM trading.checkpoint WHERE position NOT IN "
            "(SELECT position FROM trading.checkpoint ORDER BY position DESC LIMIT 2)"
        )


async def marks(postgres: Postgres) -> list[Newest]:
    """Return the stored prices."""
    rows = await postgres.fetch(
        "SELECT instrument, bid, ask, quote_time_ns, last, last_time_ns FROM trading.mark"
    )
    return [Newest(*row) for row in rows]


async def save_marks(postgres: Postgres, marks: Sequence[Newest]) -> None:
    """Store prices."""
    await postgres.executemany(
        """
        INSERT INTO trading.mark (instrument, bid, ask, quote_time_ns, last, last_time_ns)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (instrument) DO UPDATE SET
          (bid, ask, quote_time_ns, last, last_time_ns)
            = (excluded.bid, excluded.ask, excluded.quote_time_ns, excluded.last,
               excluded.last_time_ns)""",
        [(m.instrument, m.bid, m.ask, m.quote_time_ns, m.last, m.last_time_ns) for m in marks],
    )


def _account(row: asyncpg.Record) -> Account:
    reported = orjson.loads(row["reported"])
    return Account(
        account=row["account"],
        base_currency=row["base_currency"],
        reported_time_ns=row["reported_time_ns"],
        reported={currency: Decimal(total) for currency, total in reported.items()},
    )


def _fact_row(instrument: Instrument) -> tuple[object, ...]:
    return (
        instrument.id,
        instrument.currency,
        instrument.base_currency,
        instrument.quote_currency,
        instrument.multiplier,
        instrument.price_precision,
        instrument.size_precision,
        instrument.is_inverse,
        instrument.settlement is Settlement.MARGINED,
    )


def _instrument(row: asyncpg.Record) -> Instrument:
    return Instrument(
        id=row["instrument"],
        currency=row["currency"],
        multiplier=row["multiplier"],
        price_precision=row["price_precision"],
        size_precision=row["size_precision"],
        is_inverse=row["is_inverse"],
        settlement=Settlement.MARGINED if row["is_margined"] else Settlement.PAID,
        base_currency=row["base_currency"],
        quote_currency=row["quote_currency"],
    )
