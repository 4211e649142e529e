"""The fills that positions are replayed from: those that count, as the portfolio takes them."""

from collections.abc import AsyncIterator, Sequence

import asyncpg

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.domain.fill import Holding, OrderSide
from quarterdeck_server.trading.portfolio import Fill, Side

PAGE = 200
"""So many are taken at once: some milliseconds."""

# The last condition says nothing new. By it the planner sees that there is little to read by time.
_AFTER = """
SELECT wanted.number, fill.event_id, wanted.account, wanted.strategy, wanted.instrument, fill.side,
       fill.quantity, fill.price, fill.fee, fill.fee_currency, fill.event_time_ns
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY
  AS wanted (account, strategy, instrument, known_ns, number)
JOIN trading.fill ON fill.account = wanted.account AND fill.strategy = wanted.strategy
  AND fill.instrument = wanted.instrument AND fill.event_time_ns > wanted.known_ns
WHERE fill.position <= $5 AND fill.bust_time_ns IS NULL AND fill.event_time_ns > $6
ORDER BY wanted.number, fill.event_time_ns, fill.position"""


async def pages(
    connection: Connection, wanted: Sequence[tuple[Holding, int]], until: int
) -> AsyncIterator[list[tuple[int, Fill]]]:
    """Yield the fills of positions that count after a time of each, with the number of each.

    One position after the other, in the order in which they count; ``until`` is the place of the
    log up to which they are read.
    """
    accounts, strategies, instruments = zip(*(holding for holding, _ in wanted), strict=True)
    times = [time_ns for _, time_ns in wanted]
    arguments = (accounts, strategies, instruments, times, until, min(times))
    async for rows in row_pages(connection, _AFTER, *arguments):
        yield [(row["number"] - 1, _fill(row)) for row in rows]


async def row_pages(
    connection: Connection, sql: str, *arguments: object
) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """Yield the rows of a query, so few at a time that others have their turn."""
    cursor = await connection.cursor(sql, *arguments)
    rows: Sequence[asyncpg.Record] = await cursor.fetch(PAGE)
    while rows:
        yield rows
        rows = await cursor.fetch(PAGE) if len(rows) == PAGE else ()


def _fill(row: asyncpg.Record) -> Fill:
    fee = row["fee"]
    return Fill(
        id=row["event_id"],
        account=row["account"],
        instrument=row["instrument"],
        strategy=row["strategy"],
        side=Side.BUY if row["side"] == OrderSide.BUY else Side.SELL,
        quantity=row["quantity"],
        price=row["price"],
        time_ns=row["event_time_ns"],
        fee=None if fee is None else Money(fee, row["fee_currency"]),
    )
