"""Cash flows and corporate actions of the log."""

from collections.abc import Sequence
from decimal import Decimal

import asyncpg

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading.portfolio import Action, Dividend, Flow, FlowKind, Split

_FLOW_COLUMNS = (
    *("position", "event_id", "account", "kind", "currency", "amount", "event_time_ns"),
    *("strategy", "instrument", "counter_account", "reference", "base_amount"),
)
_ACTION_COLUMNS = (
    *("position", "event_id", "kind", "instrument", "account", "numerator", "denominator"),
    *("amount", "currency", "event_time_ns"),
)
_FLOWS = """
SELECT * FROM trading.flow WHERE account = $1 AND position > $2 AND position <= $3
ORDER BY position"""
_ACTIONS = """
SELECT * FROM trading.corporate_action
WHERE position > greatest($1, 0) AND position <= $2 ORDER BY position"""


async def write_flows(
    connection: Connection, flows: Sequence[tuple[Flow, int, Decimal | None]]
) -> None:
    """Store flows, each with its position and its amount in the account's base currency.

    A flow between two accounts has a row of each.
    """
    if flows:
        await connection.copy_records_to_table(
            "flow",
            schema_name="trading",
            columns=_FLOW_COLUMNS,
            records=[_flow_row(*one) for one in flows],
        )


async def write_actions(connection: Connection, actions: Sequence[tuple[Action, int]]) -> None:
    """Store corporate actions, each with its position."""
    if actions:
        await connection.copy_records_to_table(
            "corporate_action",
            schema_name="trading",
            columns=_ACTION_COLUMNS,
            records=[_action_row(*one) for one in actions],
        )


async def actions_between(connection: Connection, after: int, until: int) -> list[Action]:
    """Return the corporate actions that the log got between two positions, in its order."""
    return [action_of(row) for row in await connection.fetch(_ACTIONS, after, until)]


async def flows_between(connection: Connection, account: str, after: int, until: int) -> list[Flow]:
    """Return the flows of an account that the log got between two positions."""
    return [flow_of(row) for row in await connection.fetch(_FLOWS, account, after, until)]


def flow_of(row: asyncpg.Record) -> Flow:
    """Read a flow."""
    return Flow(
        id=row["event_id"],
        account=row["account"],
        kind=FlowKind(row["kind"]),
        money=Money(row["amount"], row["currency"]),
        time_ns=row["event_time_ns"],
        strategy=row["strategy"],
        instrument=row["instrument"],
        counter_account=row["counter_account"],
        reference=row["reference"],
    )


def action_of(row: asyncpg.Record) -> Action:
    """Read a corporate action."""
    name, instrument, time_ns = row["event_id"], row["instrument"], row["event_time_ns"]
    if row["kind"] == "split":
        return Split(name, instrument, row["numerator"], row["denominator"], time_ns)
    return Dividend(
        name, instrument, Money(row["amount"], row["currency"]), time_ns, row["account"]
    )


def _flow_row(flow: Flow, position: int, base_amount: Decimal | None) -> tuple[object, ...]:
    return (
        *(position, flow.id, flow.account, flow.kind.value, flow.money.currency),
        *(flow.money.amount, flow.time_ns, flow.strategy, flow.instrument),
        *(flow.counter_account, flow.reference, base_amount),
    )


def _action_row(action: Action, position: int) -> tuple[object, ...]:
    head = (position, action.id)
    if isinstance(action, Split):
        ratio = (action.numerator, action.denominator)
        return (*head, "split", action.instrument, "", *ratio, None, None, action.time_ns)
    what = ("cash_dividend", action.instrument, action.account, None, None)
    return (*head, *what, action.per_unit.amount, action.per_unit.currency, action.time_ns)
