"""Nodes: how they are, and what they are told."""

import asyncio

from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck
from tests.integration.trading.waiting import refusal, until

from quarterdeck.api.trading.v1 import node_pb2
from quarterdeck.api.trading.v1 import node_service_pb2 as pb

NAME = "nodes/demo"


def health(state: str = "RUNNING") -> node_pb2.NodeHealth:
    return node_pb2.NodeHealth(
        strategy_states={"Ema-001": state}, data_connected=True, execution_connected=True
    )


async def node(client: Client) -> node_pb2.Node:
    return (await client.nodes.GetNode(pb.GetNodeRequest(name=NAME))).node


async def test_a_node_starts_then_runs_then_stops(ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    assert (await node(ada)).state == node_pb2.NODE_STATE_STARTING
    await ada.nodes.ReportNode(pb.ReportNodeRequest(name=NAME, health=health()))
    assert (await node(ada)).state == node_pb2.NODE_STATE_RUNNING
    await ada.nodes.ReportNode(pb.ReportNodeRequest(name=NAME, health=health("FAULTED")))
    assert (await node(ada)).state == node_pb2.NODE_STATE_DEGRADED
    last = pb.ReportNodeRequest(name=NAME, health=health("STOPPED"), stopping=True)
    await ada.nodes.ReportNode(last)
    assert (await node(ada)).state == node_pb2.NODE_STATE_STOPPED


async def test_a_node_must_register_first(ada: Client) -> None:
    call = ada.nodes.ReportNode(pb.ReportNodeRequest(name=NAME, health=health()))
    _, info = await refusal(call)
    assert info.reason == "RESOURCE_NOT_FOUND"


async def test_differences_between_cache_and_log_are_told(ada: Client) -> None:
    await ada.events.RecordEvents(events.batch(events.fill(quantity="10")))
    cached = node_pb2.CachedPosition(
        account="SIM-001", strategy="Ema-001", instrument="AAPL.XNAS", quantity=events.number(7)
    )
    answer = await ada.nodes.RegisterNode(events.registration(positions=[cached]))
    assert [*answer.node.differences] == [
        node_pb2.CacheDifference(
            subject="position Ema-001 AAPL.XNAS", node_value="7", log_value="10"
        )
    ]


async def test_a_restarted_node_that_holds_nothing_differs_from_the_log(ada: Client) -> None:
    await ada.events.RecordEvents(events.batch(events.fill(quantity="10")))
    answer = await ada.nodes.RegisterNode(events.registration())
    assert answer.node.differences[0].node_value == "0"


async def test_commands_wait_for_the_node_and_new_ones_follow(ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    first = await send(ada, node_pb2.COMMAND_KIND_SAVE_STATE)
    stream = ada.nodes.WatchCommands(pb.WatchCommandsRequest(name=NAME))
    assert [one.name for one in (await stream.read()).commands] == [first.name]
    second = await send(ada, node_pb2.COMMAND_KIND_MARKET_EXIT)
    assert [one.name for one in (await stream.read()).commands] == [second.name]
    stream.cancel()


async def send(client: Client, kind: node_pb2.CommandKind.ValueType, **more) -> node_pb2.Command:
    request = pb.SendCommandRequest(name=NAME, kind=kind, **more)
    return (await client.nodes.SendCommand(request)).command


async def test_a_finished_command_is_not_sent_again(ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    command = await send(ada, node_pb2.COMMAND_KIND_SAVE_STATE)
    result = node_pb2.CommandResult(
        name=command.name, state=node_pb2.COMMAND_STATE_DONE, result="saved"
    )
    await ada.nodes.ReportNode(
        pb.ReportNodeRequest(name=NAME, health=health(), command_results=[result])
    )
    stream = ada.nodes.WatchCommands(pb.WatchCommandsRequest(name=NAME))
    assert not (await stream.read()).commands
    stream.cancel()


async def test_a_repeated_request_sends_one_command(ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    kind = node_pb2.COMMAND_KIND_STOP_NODE
    first = await send(ada, kind, request_id="r")
    assert await send(ada, kind, request_id="r") == first
    other = send(ada, node_pb2.COMMAND_KIND_SAVE_STATE, request_id="r")
    _, info = await refusal(other)
    assert info.reason == "REQUEST_ID_REUSED"


async def test_a_node_of_a_foreign_account_is_hidden_and_closed(deck: Deck, ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    bob = await deck.client("bob@SIM-002")
    assert not (await bob.nodes.ListNodes(pb.ListNodesRequest())).nodes
    for call in (node(bob), send(bob, node_pb2.COMMAND_KIND_STOP_NODE)):
        _, info = await refusal(call)
        assert info.reason == "SCOPE_FORBIDDEN"
    _, info = await refusal(bob.nodes.RegisterNode(events.registration()))
    assert info.metadata["field"] == "accounts[0].account"


async def test_changed_nodes_are_published(deck: Deck, ada: Client) -> None:
    async with deck.shared.bus.subscribe(("nodes",)) as batches:
        await ada.nodes.RegisterNode(events.registration())
        await ada.nodes.ReportNode(pb.ReportNodeRequest(name=NAME, health=health()))
        states: list[int] = []
        async with asyncio.timeout(5):
            while node_pb2.NODE_STATE_RUNNING not in states:
                batch = await anext(batches)
                states += [node_pb2.Node.FromString(m.payload).state for m in batch.messages]
    assert states[0] == node_pb2.NODE_STATE_STARTING


async def test_a_silent_node_is_lost(deck: Deck, ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    await deck.shared.postgres.execute("UPDATE trading.node SET register_time_ns = 1")
    await deck.area.fleet.load()

    async def is_lost() -> bool:
        return (await node(ada)).state == node_pb2.NODE_STATE_LOST

    await until(is_lost)


async def test_nodes_survive_a_restart(deck: Deck, ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    await ada.nodes.ReportNode(pb.ReportNodeRequest(name=NAME, health=health()))
    before = await node(ada)
    await deck.area.fleet.load()
    assert await node(ada) == before
