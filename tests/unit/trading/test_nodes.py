"""What a node is doing, and in what it differs from the log."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quarterdeck_server.trading.domain.node import (
    Difference,
    Health,
    Held,
    Node,
    NodeMode,
    NodeState,
    differences,
    state,
)

SECOND = 1_000_000_000
WELL = Health({"Ema-001": "RUNNING"}, data_connected=True, execution_connected=True)
NODE = Node("nodes/demo", "Demo", NodeMode.PAPER, "1", "h", ("SIM-001",), ("Ema-001",), SECOND)
REPORTED = replace(NODE, report_time_ns=5 * SECOND, health=WELL)
HELD = Held("SIM-001", "Ema-001", "AAPL.XNAS")


def now(node: Node, seconds: int = 6) -> NodeState:
    return state(node, seconds * SECOND, 10 * SECOND)


def test_a_node_that_reports_that_all_is_well_runs() -> None:
    assert now(REPORTED) is NodeState.RUNNING


def test_a_node_starts_until_its_strategies_do() -> None:
    assert now(NODE) is NodeState.STARTING
    ready = replace(WELL, strategy_states={"Ema-001": "READY"})
    assert now(replace(REPORTED, health=ready)) is NodeState.STARTING


@pytest.mark.parametrize(
    "change",
    [
        {"strategy_states": {"Ema-001": "RUNNING", "Ema-002": "FAULTED"}},
        {"data_connected": False},
        {"execution_connected": False},
        {"dead_letters": 1},
        {"spooled_events": 101},
        {"loop_lag_ms": 1_001.0},
    ],
)
def test_anything_that_is_not_well_shows(change: dict[str, object]) -> None:
    assert now(replace(REPORTED, health=replace(WELL, **change))) is NodeState.DEGRADED


def test_silence_means_lost_unless_the_node_said_goodbye() -> None:
    assert now(REPORTED, 15) is NodeState.RUNNING
    assert now(REPORTED, 16) is NodeState.LOST
    assert now(NODE, 12) is NodeState.LOST
    assert now(replace(REPORTED, is_stopping=True), 100) is NodeState.STOPPED


def test_equal_holdings_differ_in_nothing() -> None:
    assert differences({HELD: Decimal("10.0")}, {HELD: Decimal(10)}, ["SIM-001"]) == ()


def test_what_only_one_side_holds_is_a_difference() -> None:
    found = differences({}, {HELD: Decimal(-3)}, ["SIM-001"])
    assert found == (Difference("position Ema-001 AAPL.XNAS", "0", "-3"),)


def test_other_accounts_do_not_count() -> None:
    assert differences({}, {HELD: Decimal(3)}, ["SIM-002"]) == ()
