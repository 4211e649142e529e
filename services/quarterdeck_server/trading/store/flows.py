"""Cash from outside: an event of the log of its own."""

import hashlib

import orjson

from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.portfolio import Flow

_INSERT_EVENT = """
INSERT INTO trading.event
  (position, event_id, content_hash, node, account, strategy, kind, event_time_ns,
   reconciliation, content)
VALUES ($1, $2, $3, '', $4, '', 'flow', $5, false, $6)"""
_INSERT_FLOW = """
INSERT INTO trading.flow (position, event_id, account, kind, currency, amount, event_time_ns)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""


async def write(connection: Connection, flow: Flow, position: int) -> None:
    """Store cash from outside at a position of the log."""
    amount, currency = flow.money.amount, flow.money.currency
    content = orjson.dumps([flow.kind.value, flow.account, currency, str(amount)])
    digest = hashlib.sha256(content).digest()
    await connection.execute(
        _INSERT_EVENT, position, flow.id, digest, flow.account, flow.time_ns, content
    )
    await connection.execute(
        _INSERT_FLOW,
        position,
        flow.id,
        flow.account,
        flow.kind.value,
        currency,
        amount,
        flow.time_ns,
    )
