"""Nodes and commands to messages and back."""

from collections.abc import Mapping
from decimal import Decimal

from quarterdeck.api.trading.v1 import node_pb2, node_service_pb2
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import currency_code
from quarterdeck_server.runtime.convert import decimal_from, timestamp_to
from quarterdeck_server.trading.domain.account import Opening
from quarterdeck_server.trading.domain.command import Command, CommandResult, CommandState
from quarterdeck_server.trading.domain.node import Health, Held, Node, NodeMode, NodeState
from quarterdeck_server.trading.mapping.event import opening_balances


def node_from(request: node_service_pb2.RegisterNodeRequest, now_ns: int) -> Node:
    """Read a registration."""
    return Node(
        name=f"nodes/{request.node_id}",
        display_name=request.display_name or request.node_id,
        mode=NodeMode(request.mode),
        engine_version=request.engine_version,
        code_hash=request.code_hash,
        accounts=tuple(registration.account for registration in request.accounts),
        strategies=tuple(request.strategies),
        register_time_ns=now_ns,
    )


def openings_from(request: node_service_pb2.RegisterNodeRequest) -> tuple[Opening, ...]:
    """Read what the log starts from in each account."""
    found = []
    for index, registration in enumerate(request.accounts):
        path = f"accounts[{index}]"
        currency_code(f"{path}.base_currency", registration.base_currency)
        balances = opening_balances(registration.opening_balances, f"{path}.opening_balances")
        currencies = [balance.currency for balance in balances]
        if len(set(currencies)) < len(currencies):
            raise InvalidField(f"{path}.opening_balances", "must have each currency once")
        found.append(Opening(registration.account, registration.base_currency, balances))
    return tuple(found)


def cached_from(request: node_service_pb2.RegisterNodeRequest) -> Mapping[Held, Decimal]:
    """Read the positions in a node's cache."""
    found: dict[Held, Decimal] = {}
    for index, message in enumerate(request.positions):
        quantity = decimal_from(message.quantity, f"positions[{index}].quantity")
        held = Held(message.account, message.strategy, message.instrument)
        found[held] = found.get(held, Decimal(0)) + quantity
    return found


def health_from(message: node_pb2.NodeHealth) -> Health:
    """Read what a node measured."""
    return Health(
        strategy_states=dict(message.strategy_states),
        data_connected=message.data_connected,
        execution_connected=message.execution_connected,
        loop_lag_ms=message.loop_lag_ms,
        spooled_events=message.spooled_events,
        dead_letters=message.dead_letters,
        content=message.SerializeToString(deterministic=True),
    )


def health_of(content: bytes) -> Health:
    """Read what was stored of a node's health."""
    return health_from(node_pb2.NodeHealth.FromString(content))


def node_to(node: Node, state: NodeState) -> node_pb2.Node:
    """Write a node."""
    message = node_pb2.Node(
        name=node.name,
        display_name=node.display_name,
        mode=node_pb2.NodeMode.ValueType(node.mode),
        state=node_pb2.NodeState.ValueType(state),
        engine_version=node.engine_version,
        code_hash=node.code_hash,
        accounts=node.accounts,
        strategies=node.strategies,
        register_time=timestamp_to(node.register_time_ns),
        health=node_pb2.NodeHealth.FromString(node.health.content),
        differences=[
            node_pb2.CacheDifference(
                subject=found.subject, node_value=found.node_value, log_value=found.log_value
            )
            for found in node.differences
        ],
    )
    if node.report_time_ns is not None:
        message.report_time.CopyFrom(timestamp_to(node.report_time_ns))
    return message


def command_to(command: Command) -> node_pb2.Command:
    """Write a command."""
    message = node_pb2.Command(
        name=command.name,
        kind=node_pb2.CommandKind.ValueType(command.kind),
        strategy=command.strategy,
        state=node_pb2.CommandState.ValueType(command.state),
        result=command.result,
        sender=command.sender,
        create_time=timestamp_to(command.create_time_ns),
    )
    if command.finish_time_ns is not None:
        message.finish_time.CopyFrom(timestamp_to(command.finish_time_ns))
    return message


def results_from(request: node_service_pb2.ReportNodeRequest) -> tuple[CommandResult, ...]:
    """Read what came of commands, refusing those of another node."""
    found = []
    for index, message in enumerate(request.command_results):
        if not message.name.startswith(f"{request.name}/commands/"):
            problem = f"must be a command of {request.name}"
            raise InvalidField(f"command_results[{index}].name", problem)
        found.append(CommandResult(message.name, CommandState(message.state), message.result))
    return tuple(found)
