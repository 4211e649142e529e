"""The log's transaction: lock the head, read what a batch touches, write what it changed."""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass

import orjson

from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.domain.account import Account, Opening
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.domain.fill import Fill, FillKey, Holding
from quarterdeck_server.trading.domain.order import Order
from quarterdeck_server.trading.domain.topic import Publication, TopicRecord
from quarterdeck_server.trading.portfolio import EXTERNAL, FlowKind
from quarterdeck_server.trading.store.rows import (
    FILL_COLUMNS,
    ORDER_COLUMNS,
    fill_of,
    fill_row,
    order_of,
    order_row,
)

type OrderKey = tuple[str, str]


def _values(columns: str) -> str:
    return ", ".join(f"${number}" for number in range(1, columns.count(",") + 2))


_UPDATE_ORDER = f"""
UPDATE trading.order_state SET ({ORDER_COLUMNS}) = ({_values(ORDER_COLUMNS)})
WHERE account = $1 AND client_order_id = $2"""  # noqa: S608 - constants of this package
_ADVANCE_TOPICS = """
INSERT INTO trading.topic AS known (topic, last_sequence)
SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (topic) DO UPDATE SET last_sequence = known.last_sequence + excluded.last_sequence
RETURNING topic, last_sequence"""

_ADD_TRADED = """
INSERT INTO trading.traded_position (account, strategy, instrument)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING"""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log stands."""

    epoch: int
    event_position: int
    record_position: int


async def lock_head(connection: Connection) -> Head:
    """Return where the log stands, and keep every other recorder out until the commit."""
    row = await connection.fetchrow(
        "SELECT epoch, event_position, record_position FROM trading.head FOR UPDATE"
    )
    if row is None:
        raise RuntimeError("the trading log has no head: the database was not migrated")
    return Head(*row)


async def move_head(connection: Connection, head: Head) -> None:
    """Set where the log stands."""
    await connection.execute(
        "UPDATE trading.head SET event_position = $1, record_position = $2",
        head.event_position,
        head.record_position,
    )


async def known_digests(connection: Connection, ids: Collection[str]) -> dict[str, bytes]:
    """Return the content hashes of those events that the log has."""
    rows = await connection.fetch(
        "SELECT event_id, content_hash FROM trading.event WHERE event_id = ANY($1)", list(ids)
    )
    return {row["event_id"]: row["content_hash"] for row in rows}


async def orders(connection: Connection, keys: Collection[OrderKey]) -> dict[OrderKey, Order]:
    """Return the orders of accounts and client order ids, as far as they are known."""
    if not keys:
        return {}
    accounts, ids = zip(*keys, strict=True)
    rows = await connection.fetch(
        f"SELECT {ORDER_COLUMNS} FROM trading.order_state WHERE (account, client_order_id) IN "  # noqa: S608
        "(SELECT * FROM unnest($1::text[], $2::text[]))",
        accounts,
        ids,
    )
    return {(row["account"], row["client_order_id"]): order_of(row) for row in rows}


async def fills(connection: Connection, keys: Collection[FillKey]) -> dict[FillKey, Fill]:
    """Return the fills of keys, as far as they are known."""
    if not keys:
        return {}
    rows = await connection.fetch(
        f"SELECT {FILL_COLUMNS} FROM trading.fill "  # noqa: S608
        "WHERE (account, instrument, client_order_id, trade_id) IN "
        "(SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]))",
        [key.account for key in keys],
        [key.instrument for key in keys],
        [key.client_order_id for key in keys],
        [key.trade_id for key in keys],
    )
    return {(fill := fill_of(row)).key: fill for row in rows}


async def write_events(connection: Connection, events: Sequence[Event], after: int) -> None:
    """Append events to the log at the positions after one."""
    rows = (
        (
            position,
            event.event_id,
            event.digest,
            event.word.node,
            event.word.account,
            event.word.strategy,
            event.kind,
            event.word.time_ns,
            event.word.is_reconciliation,
            event.content,
            event.instrument or "",
            event.client_order_id,
            event.order_status,
        )
        for position, event in enumerate(events, after + 1)
    )
    await connection.copy_records_to_table(
        "event",
        schema_name="trading",
        columns=[
            "position",
            "event_id",
            "content_hash",
            "node",
            "account",
            "strategy",
            "kind",
            "event_time_ns",
            "reconciliation",
            "content",
            "instrument",
            "client_order_id",
            "order_status",
        ],
        records=rows,
    )


async def write_orders(
    connection: Connection,
    orders: Mapping[OrderKey, tuple[Order, int]],
    known: Container[OrderKey],
) -> None:
    """Store the new states of orders, each with the position of its last change.

    Those that are not known yet are copied, which costs a fraction: nobody else can add them while
    the head is locked.
    """
    rows = {key: order_row(order, position) for key, (order, position) in orders.items()}
    if fresh := [row for key, row in rows.items() if key not in known]:
        await connection.copy_records_to_table(
            "order_state",
            schema_name="trading",
            columns=[name.strip() for name in ORDER_COLUMNS.split(",")],
            records=fresh,
        )
    if changed := [row for key, row in rows.items() if key in known]:
        await connection.executemany(_UPDATE_ORDER, changed)


async def write_fills(connection: Connection, fills: Sequence[tuple[Fill, int]]) -> None:
    """Store fills, each with its position in the log."""
    if fills:
        await connection.copy_records_to_table(
            "fill",
            schema_name="trading",
            columns=[name.strip() for name in FILL_COLUMNS.split(",")],
            records=[fill_row(fill, position) for fill, position in fills],
        )


async def write_traded(connection: Connection, holdings: Collection[Holding]) -> None:
    """Store positions that were traded for the first time."""
    if holdings:
        await connection.execute(_ADD_TRADED, *map(list, zip(*holdings, strict=True)))


async def write_publications(
    connection: Connection, publications: Sequence[Publication], after: int, now_ns: int
) -> tuple[TopicRecord, ...]:
    """Give publications their sequence numbers and store them at the positions after one."""
    if not publications:
        return ()
    sequences = await _sequences(connection, publications)
    records = []
    for position, publication in enumerate(publications, after + 1):
        sequences[publication.topic] += 1
        sequence = sequences[publication.topic]
        records.append(
            TopicRecord(position, publication.topic, sequence, now_ns, publication.payload)
        )
    await connection.copy_records_to_table(
        "topic_record",
        schema_name="trading",
        columns=["position", "topic", "sequence", "publish_time_ns", "payload"],
        records=[(r.position, r.topic, r.sequence, r.publish_time_ns, r.payload) for r in records],
    )
    return tuple(records)


async def _sequences(connection: Connection, publications: Sequence[Publication]) -> dict[str, int]:
    """Advance the topics and return the last sequence number that each had before."""
    counts: dict[str, int] = {}
    for publication in publications:
        counts[publication.topic] = counts.get(publication.topic, 0) + 1
    rows = await connection.fetch(_ADVANCE_TOPICS, list(counts), list(counts.values()))
    return {row["topic"]: row["last_sequence"] - counts[row["topic"]] for row in rows}


async def add_account(connection: Connection, opening: Opening) -> Opening:
    """Store an account, and return it as it is stored: another recorder may have been first."""
    base_currency = await connection.fetchval(
        "INSERT INTO trading.account AS known (account, base_currency) VALUES ($1, $2) "
        "ON CONFLICT (account) DO UPDATE SET base_currency = known.base_currency "
        "RETURNING base_currency",
        opening.account,
        opening.base_currency,
    )
    return Opening(opening.account, base_currency)


async def open_account(connection: Connection, opening: Opening) -> bool:
    """Store an account that a node registers; tells whether its opening balances are still due.

    They are while no cash came from outside: the fills of an account may arrive before it is
    registered.
    """
    answer = await connection.execute(
        "INSERT INTO trading.account (account, base_currency) VALUES ($1, $2) "
        "ON CONFLICT (account) DO UPDATE SET base_currency = excluded.base_currency "
        "WHERE NOT EXISTS (SELECT FROM trading.flow WHERE flow.account = excluded.account "
        "AND kind = ANY($3))",
        opening.account,
        opening.base_currency,
        [kind.value for kind in EXTERNAL],
    )
    return bool(answer.endswith(" 1"))


async def never_opened(connection: Connection, accounts: Collection[str]) -> frozenset[str]:
    """Return those of some accounts that have no opening balance."""
    rows = await connection.fetch(
        "SELECT account FROM unnest($1::text[]) AS asked (account) WHERE NOT EXISTS "
        "(SELECT FROM trading.flow WHERE flow.account = asked.account AND kind = $2)",
        list(accounts),
        FlowKind.OPENING_BALANCE.value,
    )
    return frozenset(row["account"] for row in rows)


async def write_reports(connection: Connection, accounts: Mapping[str, Account]) -> None:
    """Store what nodes reported last of accounts."""
    rows = [
        (
            account.account,
            account.reported_time_ns,
            orjson.dumps({name: str(total) for name, total in account.reported.items()}).decode(),
        )
        for account in accounts.values()
    ]
    if rows:
        await connection.executemany(
            "UPDATE trading.account SET reported_time_ns = $2, reported = $3 WHERE account = $1",
            rows,
        )
