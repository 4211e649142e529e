"""The tables of quotes and trades: written by COPY, once."""

from collections.abc import Callable, Sequence

from quarterdeck_server.marketdata.domain.columns import Quotes, Trades
from quarterdeck_server.marketdata.ports import Sequenced
from quarterdeck_server.marketdata.store import rows
from quarterdeck_server.marketdata.store.binary import copy_source
from quarterdeck_server.runtime.postgres import Connection

type Number = Callable[[str], int]
type Key = tuple[int, int, int]


async def put_ticks(
    connection: Connection, items: Sequence[Sequenced], number: Number, *, again: bool
) -> list[Sequenced]:
    """Store the quotes and trades among the batches; return those that were not there before.

    Unless it is said to be ``again``, none may be there.
    """
    quotes = [item for item in items if isinstance(item.batch, Quotes)]
    trades = [item for item in items if isinstance(item.batch, Trades)]
    stored: list[Sequenced] = []
    for table, group in ((rows.QUOTE, quotes), (rows.TRADE, trades)):
        if group and again:
            fresh = await _merge(connection, table, rows.tick_rows(table, group, number))
            stored += [item for item in group if _key(item, number) in fresh]
        elif group:
            await _copy(connection, table, rows.tick_rows(table, group, number))
            stored += group
    return stored


def _key(item: Sequenced, number: Number) -> Key:
    """Return the key of the first row: a batch is stored as a whole or not at all."""
    return (number(item.batch.instrument), item.epoch, item.first_sequence)


async def _copy(connection: Connection, table: rows.Table, encoded: bytes) -> None:
    await connection.copy_to_table(
        table.name,
        schema_name="marketdata",
        columns=table.columns,
        source=copy_source(encoded),
        format="binary",
    )


async def _merge(connection: Connection, table: rows.Table, encoded: bytes) -> set[Key]:
    """Write rows of which some may be there: their key is natural, so they are the same rows.

    Returns the keys of those that were not there.
    """
    incoming = f"incoming_{table.name}"
    await connection.execute(
        f"CREATE TEMP TABLE {incoming} (LIKE marketdata.{table.name}) ON COMMIT DROP"
    )
    await connection.copy_to_table(
        incoming, columns=table.columns, source=copy_source(encoded), format="binary"
    )
    columns = ", ".join(table.columns)
    stored = await connection.fetch(
        f"""INSERT INTO marketdata.{table.name} ({columns})
            SELECT {columns} FROM {incoming} ON CONFLICT DO NOTHING
            RETURNING instrument_id, epoch, sequence"""  # noqa: S608 - constants
    )
    return {(row["instrument_id"], row["epoch"], row["sequence"]) for row in stored}
