"""NodeService."""

from collections.abc import AsyncIterator, Callable

from quarterdeck.api.trading.v1 import node_service_pb2 as pb
from quarterdeck.api.trading.v1.node_service_pb2_grpc import NodeServiceServicer
from quarterdeck_server.kernel import page
from quarterdeck_server.runtime.caller import Caller, current
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.trading.domain.command import CommandKind
from quarterdeck_server.trading.domain.node import Node
from quarterdeck_server.trading.fleet import Fleet
from quarterdeck_server.trading.mapping import node as mapping
from quarterdeck_server.trading.reconciler import Reconciler
from quarterdeck_server.trading.recorder import Recorder

DEFAULT_NODES, MOST_NODES = 100, 1_000


class NodeServicer(NodeServiceServicer):
    """Serves the nodes that trade."""

    def __init__(
        self,
        fleet: Fleet,
        recorder: Recorder,
        reconciler: Reconciler,
        clock: Clock,
        lend: Callable[[Caller], None],
    ) -> None:
        self._fleet, self._recorder, self._clock = fleet, recorder, clock
        self._reconciler, self._lend = reconciler, lend

    async def RegisterNode(
        self, request: pb.RegisterNodeRequest, context: Context
    ) -> pb.RegisterNodeResponse:
        _require_scope(request)
        await self._recorder.open_accounts(mapping.openings_from(request))
        node = mapping.node_from(request, self._clock.now_ns())
        cached = mapping.cached_from(request)
        registered = await self._fleet.register(node, cached)
        await self._reconciler.node_registered(registered, cached)
        return pb.RegisterNodeResponse(
            node=mapping.node_to(registered, self._fleet.state(registered))
        )

    async def ReportNode(
        self, request: pb.ReportNodeRequest, context: Context
    ) -> pb.ReportNodeResponse:
        self._owned(request.name)
        # A node reports each second: what waits for past prices need not wait for a trade as well.
        self._lend(current())
        await self._fleet.report(
            request.name,
            mapping.health_from(request.health),
            mapping.results_from(request),
            stopping=request.stopping,
        )
        return pb.ReportNodeResponse()

    async def WatchCommands(
        self, request: pb.WatchCommandsRequest, context: Context
    ) -> AsyncIterator[pb.WatchCommandsResponse]:
        self._owned(request.name)
        async for commands in self._fleet.commands(request.name):
            messages = [mapping.command_to(command) for command in commands]
            yield pb.WatchCommandsResponse(commands=messages)

    async def ListNodes(
        self, request: pb.ListNodesRequest, context: Context
    ) -> pb.ListNodesResponse:
        after = page.decode(request.page_token, "ListNodes", (), str)
        size = page.page_size(request.page_size, DEFAULT_NODES, MOST_NODES)
        found = [
            node
            for node in self._fleet.all()
            if _is_seen(node) and (after is None or node.name > str(after[0]))
        ]
        token = page.encode("ListNodes", (), [found[size - 1].name]) if found[size:] else ""
        nodes = [mapping.node_to(node, self._fleet.state(node)) for node in found[:size]]
        return pb.ListNodesResponse(nodes=nodes, next_page_token=token)

    async def GetNode(self, request: pb.GetNodeRequest, context: Context) -> pb.GetNodeResponse:
        node = self._fleet.node(request.name)
        if not _is_seen(node):
            current().require_scope(node.accounts[0], field="name")
        return pb.GetNodeResponse(node=mapping.node_to(node, self._fleet.state(node)))

    async def SendCommand(
        self, request: pb.SendCommandRequest, context: Context
    ) -> pb.SendCommandResponse:
        node = self._owned(request.name)
        current().require_scope(node.accounts[0], request.strategy, "strategy")
        command = await self._fleet.send(
            node.name,
            CommandKind(request.kind),
            request.strategy,
            current().principal,
            request.request_id,
        )
        return pb.SendCommandResponse(command=mapping.command_to(command))

    def _owned(self, name: str) -> Node:
        """Return a node all of whose accounts are the caller's to use."""
        node = self._fleet.node(name)
        for account in node.accounts:
            current().require_scope(account, field="name")
        return node


def _require_scope(request: pb.RegisterNodeRequest) -> None:
    caller = current()
    for index, registration in enumerate(request.accounts):
        caller.require_scope(registration.account, field=f"accounts[{index}].account")
    for index, strategy in enumerate(request.strategies):
        account = request.accounts[0].account
        caller.require_scope(account, strategy, f"strategies[{index}]")
    for index, position in enumerate(request.positions):
        path = f"positions[{index}].account"
        caller.require_scope(position.account, position.strategy, path)


def _is_seen(node: Node) -> bool:
    caller = current()
    return any(caller.sees(account) for account in node.accounts)
