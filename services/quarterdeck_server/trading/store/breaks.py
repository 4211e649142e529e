"""Breaks: written by comparisons, listed, resolved, told of."""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

import asyncpg

from quarterdeck_server.runtime.postgres import Connection, Postgres
from quarterdeck_server.trading.domain.reconciliation import (
    Break,
    BreakKind,
    Difference,
    Settlement,
)
from quarterdeck_server.trading.domain.statement import Item, Subject, Terms

_ITEM = "subject, account, strategy, instrument, currency, reference"
_INSERT = f"""
INSERT INTO trading.break
  (source, {_ITEM}, kind, source_quantity, source_price, log_quantity, log_price,
   create_time_ns, seen_time_ns)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) RETURNING *"""  # noqa: S608 - constants
_SEE = """
UPDATE trading.break SET
  kind = $2, source_quantity = $3, source_price = $4, log_quantity = $5, log_price = $6,
  seen_time_ns = $7, seen_count = seen_count + 1
WHERE number = $1"""
_KNOWN = f"""
SELECT DISTINCT ON ({_ITEM}, is_open) * FROM trading.break
WHERE source = $1 AND (is_open OR resolver <> '')
ORDER BY {_ITEM}, is_open, number DESC"""  # noqa: S608 - constants
_PAGE = """
SELECT * FROM trading.break
WHERE ($1 = '' OR account = $1) AND ($2 = '' OR source = $2)
  AND ($3::boolean IS NULL OR is_open = $3)
  AND ($4::text[] IS NULL OR account = ANY($4))
  AND ($5::text[] IS NULL OR strategy = '' OR strategy = ANY($5))
  AND ($6::bigint IS NULL OR number < $6)
ORDER BY number DESC LIMIT $7"""
_TELL = """
UPDATE trading.break SET is_told = true
WHERE number IN (SELECT number FROM trading.break WHERE NOT is_told
                 ORDER BY number LIMIT 10000 FOR UPDATE SKIP LOCKED)
RETURNING number, source"""


async def lock(connection: Connection, source: str) -> None:
    """Keep every other comparison with a source out until the commit."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"reconciliation/{source}"
    )


async def known(source: Connection | Postgres, of: str) -> list[Break]:
    """Return the open breaks of a source, and the last that somebody resolved of each item."""
    return [break_of(row) for row in await source.fetch(_KNOWN, of)]


async def open_of_nodes(connection: Connection) -> list[Break]:
    """Return the open breaks with nodes."""
    rows = await connection.fetch(
        "SELECT * FROM trading.break WHERE is_open AND source LIKE 'nodes/%'"
    )
    return [break_of(row) for row in rows]


async def write(
    connection: Connection, source: str, settled: Settlement, now_ns: int
) -> list[Break]:
    """Store what a comparison came to; returns the new breaks."""
    opened = await connection.fetchmany(
        _INSERT, [(source, *_written(one), now_ns) for one in settled.opened]
    )
    await connection.executemany(
        _SEE, [(kept.number, *_said(now), now_ns) for kept, now in settled.seen]
    )
    await connection.execute(
        "UPDATE trading.break SET is_open = false, reason = $2, resolve_time_ns = $3 "
        "WHERE number = ANY($1) AND is_open",
        [kept.number for kept in settled.closed],
        "a later comparison found no difference",
        now_ns,
    )
    return [break_of(row) for row in opened]


async def page(
    postgres: Postgres,
    account: str,
    source: str,
    seen: tuple[Collection[str] | None, Collection[str] | None],
    place: tuple[int | None, int],
    *,
    is_open: bool | None,
) -> list[Break]:
    """Return breaks before a number, newest first, of the accounts and strategies one may see."""
    accounts, strategies = (None if names is None else sorted(names) for names in seen)
    rows = await postgres.fetch(_PAGE, account, source, is_open, accounts, strategies, *place)
    return [break_of(row) for row in rows]


async def one(postgres: Postgres, number: int) -> Break | None:
    """Return a break."""
    row = await postgres.fetchrow("SELECT * FROM trading.break WHERE number = $1", number)
    return None if row is None else break_of(row)


async def resolve(postgres: Postgres, number: int, reason: str, resolver: str, now_ns: int) -> bool:
    """Resolve a break if it is open; tells whether it was."""
    answer = await postgres.execute(
        "UPDATE trading.break SET is_open = false, reason = $2, resolver = $3, "
        "resolve_time_ns = $4 WHERE number = $1 AND is_open",
        number,
        reason,
        resolver,
        now_ns,
    )
    return answer.endswith(" 1")


async def told(connection: Connection) -> dict[str, list[int]]:
    """Mark all breaks as told of that are not; returns their numbers by source."""
    found: dict[str, list[int]] = {}
    for row in await connection.fetch(_TELL):
        found.setdefault(row["source"], []).append(row["number"])
    return {source: sorted(numbers) for source, numbers in found.items()}


async def open_counts(postgres: Postgres) -> dict[BreakKind, int]:
    """Return how many breaks of each kind are open."""
    rows = await postgres.fetch(
        "SELECT kind, count(*) AS found FROM trading.break WHERE is_open GROUP BY kind"
    )
    return {BreakKind(row["kind"]): row["found"] for row in rows}


def break_of(row: asyncpg.Record) -> Break:
    """Read a break."""
    item = Item(
        Subject(row["subject"]),
        row["account"],
        row["strategy"],
        row["instrument"],
        row["currency"],
        row["reference"],
    )
    difference = Difference(
        item,
        BreakKind(row["kind"]),
        _terms(row["source_quantity"], row["source_price"]),
        _terms(row["log_quantity"], row["log_price"]),
    )
    return Break(
        number=row["number"],
        source=row["source"],
        difference=difference,
        is_open=row["is_open"],
        seen_count=row["seen_count"],
        create_time_ns=row["create_time_ns"],
        seen_time_ns=row["seen_time_ns"],
        reason=row["reason"],
        resolver=row["resolver"],
        resolve_time_ns=row["resolve_time_ns"],
    )


def _terms(quantity: Decimal | None, price: Decimal | None) -> Terms | None:
    return None if quantity is None else Terms(quantity, price)


def _written(one: Difference) -> Iterable[object]:
    item = one.item
    names = (item.account, item.strategy, item.instrument, item.currency, item.reference)
    return (int(item.subject), *names, *_said(one))


def _said(one: Difference) -> Sequence[object]:
    theirs, ours = one.source, one.log
    return (
        int(one.kind),
        theirs and theirs.quantity,
        theirs and theirs.price,
        ours and ours.quantity,
        ours and ours.price,
    )
