"""What was told of fills, and what is left of them: the fills of a position as they count."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import cast

import asyncpg

from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.domain.amendment import Bust, Correction, FillTerms, History
from quarterdeck_server.trading.domain.fill import Fill, FillKey, Holding
from quarterdeck_server.trading.store.replayed import row_pages
from quarterdeck_server.trading.store.rows import FILL_COLUMNS, fill_of

FIRST = 0
"""The place of what was told first, before every amendment."""

_HISTORIES = """
SELECT fill_position, position, is_bust, event_time_ns, quantity, price, fee, fee_currency
FROM trading.amendment WHERE fill_position = ANY($1) ORDER BY fill_position, position"""
_INSERT = """
INSERT INTO trading.amendment
  (fill_position, position, is_bust, account, strategy, instrument, event_time_ns, quantity, price,
   fee, fee_currency)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING"""
_UPDATE = """
UPDATE trading.fill SET (quantity, price, fee, fee_currency, correction_count, bust_time_ns)
  = ($2, $3, $4, $5, $6, $7) WHERE position = $1"""
_OF_POSITION = f"""
SELECT {FILL_COLUMNS} FROM trading.fill
WHERE account = $1 AND strategy = $2 AND instrument = $3 AND event_time_ns > $4 AND position <= $5
ORDER BY event_time_ns, position"""  # noqa: S608 - constants
_FIRST_TOLD = """
SELECT min(event_time_ns) FROM (
  SELECT event_time_ns FROM trading.fill
  WHERE account = $1 AND strategy = $2 AND instrument = $3 AND position > $4
  UNION ALL
  SELECT fill.event_time_ns FROM trading.amendment AS told
  JOIN trading.fill ON fill.position = told.fill_position
  WHERE told.account = $1 AND told.strategy = $2 AND told.instrument = $3
    AND told.position > $4 AND told.position > 0
  UNION ALL
  SELECT event_time_ns FROM trading.corporate_action WHERE instrument = $3 AND position > $4
) AS told"""


async def histories(connection: Connection, fills: Iterable[Fill]) -> dict[FillKey, History]:
    """Return what was told of those fills that were amended."""
    amended = {fill.position: fill for fill in fills if fill.correction_count or fill.is_busted}
    if not amended:
        return {}
    told: dict[int, list[asyncpg.Record]] = defaultdict(list)
    for row in await connection.fetch(_HISTORIES, list(amended)):
        told[row["fill_position"]].append(row)
    return {
        (fill := amended[position]).key: _history(fill, rows) for position, rows in told.items()
    }


async def write(
    connection: Connection, amended: Mapping[FillKey, Fill], told: Mapping[FillKey, History]
) -> None:
    """Store what was told of fills, and what it makes of them."""
    if not told:
        return
    rows = [row for key, history in told.items() for row in _rows(amended[key], history)]
    await connection.executemany(_INSERT, rows)
    await connection.executemany(_UPDATE, [_present(amended[key]) for key in told])


async def told_of(
    connection: Connection, holding: Holding, after_ns: int, until: int
) -> AsyncIterator[tuple[list[Fill], dict[FillKey, History]]]:
    """Yield the fills of a position after a time, and what was told of those that were amended.

    They come in the order in which they count. ``until`` is the place of the log up to which fills
    are read; amendments are read to its end.
    """
    async for rows in row_pages(connection, _OF_POSITION, *holding, after_ns, until):
        fills = [fill_of(row) for row in rows]
        yield fills, await histories(connection, fills)


async def first_told_since(connection: Connection, holding: Holding, after: int) -> int | None:
    """Return the first time of which a position was told anything after a place of the log."""
    return cast("int | None", await connection.fetchval(_FIRST_TOLD, *holding, after))


def _history(fill: Fill, rows: Iterable[asyncpg.Record]) -> History:
    first, *later = rows
    history = History(fill.position, _terms(first))
    for row in later:
        time_ns = row["event_time_ns"]
        bust, key = row["is_bust"], fill.key
        told = Bust(key, time_ns) if bust else Correction(key, _terms(row), time_ns)
        history = history.amended(row["position"], told)
    return history


def _terms(row: asyncpg.Record) -> FillTerms:
    return FillTerms(row["quantity"], row["price"], row["fee"], row["fee_currency"])


def _rows(fill: Fill, history: History) -> Iterable[tuple[object, ...]]:
    place, first = fill.holding, history.first
    yield (
        *(history.position, FIRST, False, *place, fill.event_time_ns),
        *(first.quantity, first.price, first.fee, first.fee_currency),
    )
    for position, told in history.amendments:
        about = (history.position, position, isinstance(told, Bust), *place, told.time_ns)
        if isinstance(told, Correction):
            terms = told.terms
            yield (*about, terms.quantity, terms.price, terms.fee, terms.fee_currency)
        else:
            yield (*about, None, None, None, "")


def _present(fill: Fill) -> tuple[object, ...]:
    return (
        *(fill.position, fill.quantity, fill.price, fill.fee, fill.fee_currency),
        *(fill.correction_count, fill.bust_time_ns),
    )
