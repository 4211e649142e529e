"""Nodes and their commands."""

from collections.abc import Callable, Sequence

import asyncpg
import orjson

from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.command import (
    Command,
    CommandKind,
    CommandResult,
    CommandState,
)
from quarterdeck_server.trading.domain.errors import RequestIdReused
from quarterdeck_server.trading.domain.node import Difference, Health, Node, NodeMode

REQUEST_MEMORY_NS = 24 * 3_600 * 1_000_000_000
_UPSERT = """
INSERT INTO trading.node
  (node, display_name, mode, engine_version, code_hash, accounts, strategies, register_time_ns,
   report_time_ns, is_stopping, health, differences)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, false, '', $9)
ON CONFLICT (node) DO UPDATE SET
  (display_name, mode, engine_version, code_hash, accounts, strategies, register_time_ns,
   report_time_ns, is_stopping, health, differences)
    = (excluded.display_name, excluded.mode, excluded.engine_version, excluded.code_hash,
       excluded.accounts, excluded.strategies, excluded.register_time_ns, NULL, false, '',
       excluded.differences)"""
_INSERT_COMMAND = """
INSERT INTO trading.command
  (name, node, kind, strategy, state, sender, request_id, create_time_ns)
VALUES ($1 || '/commands/' || gen_random_uuid(), $1, $2, $3, 1, $4, $5, $6)
RETURNING *"""

type HealthReader = Callable[[bytes], Health]


class NodeStore:
    """Nodes and commands in PostgreSQL; ``read_health`` reads what a node reported."""

    def __init__(self, postgres: Postgres, read_health: HealthReader) -> None:
        self._postgres, self._read_health = postgres, read_health

    async def all(self) -> list[Node]:
        """Return the nodes by name."""
        rows = await self._postgres.fetch("SELECT * FROM trading.node ORDER BY node")
        return [self._node(row) for row in rows]

    async def register(self, node: Node) -> None:
        """Store a node at its start."""
        differences = [[d.subject, d.node_value, d.log_value] for d in node.differences]
        await self._postgres.execute(
            _UPSERT,
            node.name,
            node.display_name,
            int(node.mode),
            node.engine_version,
            node.code_hash,
            node.accounts,
            node.strategies,
            node.register_time_ns,
            orjson.dumps(differences).decode(),
        )

    async def report(self, node: Node, results: Sequence[CommandResult]) -> None:
        """Store a node's health and what came of its commands."""
        async with self._postgres.transaction() as connection:
            await connection.execute(
                "UPDATE trading.node SET report_time_ns = $2, is_stopping = $3, health = $4 "
                "WHERE node = $1",
                node.name,
                node.report_time_ns,
                node.is_stopping,
                node.health.content,
            )
            await connection.executemany(
                "UPDATE trading.command SET state = $3, result = $4, finish_time_ns = $5 "
                "WHERE name = $1 AND node = $2 AND finish_time_ns IS NULL",
                [
                    (one.name, node.name, int(one.state), one.result, node.report_time_ns)
                    for one in results
                ],
            )

    async def pending(self, node: str, after: int) -> list[Command]:
        """Return the unfinished commands of a node after a number, oldest first."""
        rows = await self._postgres.fetch(
            "SELECT * FROM trading.command "
            "WHERE node = $1 AND finish_time_ns IS NULL AND number > $2 ORDER BY number",
            node,
            after,
        )
        return [_command(row) for row in rows]

    async def send(
        self, command: tuple[str, CommandKind, str], sender: str, request_id: str, now_ns: int
    ) -> Command:
        """Store a command, or return the one that the same request stored before."""
        async with self._postgres.transaction() as connection:
            if request_id:
                await connection.execute(
                    "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                    f"command/{sender}/{request_id}",
                )
                row = await connection.fetchrow(
                    "SELECT * FROM trading.command WHERE sender = $1 AND request_id = $2 "
                    "AND create_time_ns > $3 ORDER BY number DESC LIMIT 1",
                    sender,
                    request_id,
                    now_ns - REQUEST_MEMORY_NS,
                )
                if row is not None:
                    return _same(_command(row), command)
            node, kind, strategy = command
            row = await connection.fetchrow(
                _INSERT_COMMAND, node, int(kind), strategy, sender, request_id, now_ns
            )
        if row is None:
            raise RuntimeError("an inserted command was not returned")
        return _command(row)

    def _node(self, row: asyncpg.Record) -> Node:
        return Node(
            name=row["node"],
            display_name=row["display_name"],
            mode=NodeMode(row["mode"]),
            engine_version=row["engine_version"],
            code_hash=row["code_hash"],
            accounts=tuple(row["accounts"]),
            strategies=tuple(row["strategies"]),
            register_time_ns=row["register_time_ns"],
            report_time_ns=row["report_time_ns"],
            is_stopping=row["is_stopping"],
            health=self._read_health(row["health"]),
            differences=tuple(Difference(*found) for found in orjson.loads(row["differences"])),
        )


def _same(known: Command, asked: tuple[str, CommandKind, str]) -> Command:
    if (known.node, known.kind, known.strategy) != asked:
        raise RequestIdReused
    return known


def _command(row: asyncpg.Record) -> Command:
    return Command(
        number=row["number"],
        name=row["name"],
        node=row["node"],
        kind=CommandKind(row["kind"]),
        strategy=row["strategy"],
        state=CommandState(row["state"]),
        result=row["result"],
        sender=row["sender"],
        create_time_ns=row["create_time_ns"],
        finish_time_ns=row["finish_time_ns"],
    )
