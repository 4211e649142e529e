"""What was told of fills, and what is left of them: the fills of a position as they count."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import asyncpg

from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.domain.amendment import Bust, Correction, FillTerms, History
from quarterdeck_server.trading.domain.fill import Fill, FillKey, Holding
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
# By account and instrument there is an index; a strategy is a part of what it finds.
_OF_POSITIONS = f"""
SELECT {FILL_COLUMNS} FROM trading.fill
WHERE account = $1 AND instrument = $3 AND strategy = $2 AND position <= $4
ORDER BY position"""  # noqa: S608 - constants


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


async def fills_of(
    connection: Connection, holdings: Collection[Holding], until: int
) -> dict[Holding, list[Fill]]:
    """Return all fills of positions up to a place in the log, as they are now, busted ones too."""
    found: dict[Holding, list[Fill]] = {}
    for holding in holdings:
        rows = await connection.fetch(_OF_POSITIONS, *holding, until)
        found[holding] = [fill_of(row) for row in rows]
    return found


async def fills_as_of(connection: Connection, holding: Holding, until: int) -> list[Fill]:
    """Return the fills of a position as they were known at a place of the log."""
    fills = (await fills_of(connection, [holding], until))[holding]
    told = await histories(connection, fills)
    return [
        told[fill.key].until(until).applied(fill) if fill.key in told else fill for fill in fills
    ]


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
