"""Nodes: how they are, and in what their caches differ from the log."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum

MOST_SPOOLED = 100
"""More events than this waiting in a node's spool is a delay, not a moment."""

MOST_LAG_MS = 1_000.0
"""An event loop that runs its probes later than this does not keep up."""


class NodeMode(IntEnum):
    """Whether a node trades with real money; the numbers are those of the contract."""

    PAPER = 1
    LIVE = 2


class NodeState(IntEnum):
    """What a node is doing; the numbers are those of the contract."""

    STARTING = 1
    RUNNING = 2
    DEGRADED = 3
    STOPPED = 4
    LOST = 5


@dataclass(frozen=True, slots=True)
class Health:
    """What a node measured in its own loop; ``content`` is the whole of it, for readers."""

    strategy_states: Mapping[str, str] = field(default_factory=dict)
    data_connected: bool = False
    execution_connected: bool = False
    loop_lag_ms: float = 0.0
    spooled_events: int = 0
    dead_letters: int = 0
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which a node's cache and the log differ."""

    subject: str
    node_value: str
    log_value: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a node's cache or the log holds of an instrument."""

    account: str
    strategy: str
    instrument: str


@dataclass(frozen=True, slots=True)
class Node:
    """A NautilusTrader process that trades."""

    name: str
    display_name: str
    mode: NodeMode
    engine_version: str
    code_hash: str
    accounts: tuple[str, ...]
    strategies: tuple[str, ...]
    register_time_ns: int
    report_time_ns: int | None = None
    is_stopping: bool = False
    health: Health = Health()
    differences: tuple[Difference, ...] = ()


def state(node: Node, now_ns: int, lost_after_ns: int) -> NodeState:
    """Tell what a node is doing from what it reported and when."""
    if node.is_stopping:
        return NodeState.STOPPED
    if now_ns - (node.report_time_ns or node.register_time_ns) > lost_after_ns:
        return NodeState.LOST
    states = set(node.health.strategy_states.values())
    if node.report_time_ns is None or states <= {"READY", "STARTING", "PRE_INITIALIZED"}:
        return NodeState.STARTING
    return NodeState.RUNNING if _is_well(node.health) else NodeState.DEGRADED


def _is_well(health: Health) -> bool:
    return (
        set(health.strategy_states.values()) == {"RUNNING"}
        and health.data_connected
        and health.execution_connected
        and health.dead_letters == 0
        and health.spooled_events <= MOST_SPOOLED
        and health.loop_lag_ms <= MOST_LAG_MS
    )


def differences(
    cached: Mapping[Held, Decimal], logged: Mapping[Held, Decimal], accounts: Collection[str]
) -> tuple[Difference, ...]:
    """Compare a node's positions with those of the log in the node's accounts.

    A strategy that the node does not hold anything for counts as holding nothing.
    """
    zero = Decimal(0)
    keys = {key for key in (*cached, *logged) if key.account in accounts}
    found = []
    for key in sorted(keys, key=lambda key: (key.account, key.strategy, key.instrument)):
        mine, ours = cached.get(key, zero), logged.get(key, zero)
        if mine != ours:
            subject = f"position {key.strategy} {key.instrument}"
            found.append(Difference(subject, format(mine, "f"), format(ours, "f")))
    return tuple(found)
