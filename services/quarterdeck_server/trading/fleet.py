"""The fleet: the nodes as they are now, what people are told of them, and their commands."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import structlog

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import NotFound, Unavailable
from quarterdeck_server.runtime.bus import Bus, Message
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.command import Command, CommandKind, CommandResult
from quarterdeck_server.trading.domain.node import (
    Difference,
    Health,
    Held,
    Node,
    NodeState,
    differences,
    state,
)
from quarterdeck_server.trading.mapping.node import node_to
from quarterdeck_server.trading.portfolio import Scope
from quarterdeck_server.trading.store.nodes import NodeStore

log = structlog.get_logger()

CHECK_EVERY_S = 1.0
HEARTBEAT_S = 5.0


class Fleet:
    """Nodes in memory, written through to the store."""

    def __init__(
        self,
        store: NodeStore,
        desk: Desk,
        bus: Bus,
        clock: Clock,
        lost_after: timedelta,
        *,
        epoch: int,
    ) -> None:
        self._store, self._desk, self._bus, self._clock = store, desk, bus, clock
        self._lost_after_ns = int(lost_after.total_seconds() * 1e9)
        self._nodes: dict[str, Node] = {}
        self._shown: dict[str, NodeState] = {}
        self._changed: set[str] = set()
        self._sent = asyncio.Event()
        self._sequences: dict[str, int] = {}
        self._epoch = epoch

    async def load(self) -> None:
        """Read the nodes that are known."""
        self._nodes = {node.name: node for node in await self._store.all()}

    def all(self) -> list[Node]:
        """Return the nodes by name."""
        return [self._nodes[name] for name in sorted(self._nodes)]

    def node(self, name: str) -> Node:
        """Return a node; fails with NotFound."""
        node = self._nodes.get(name)
        if node is None:
            raise NotFound("node", name)
        return node

    def state(self, node: Node) -> NodeState:
        """Tell what a node is doing now."""
        return state(node, self._clock.now_ns(), self._lost_after_ns)

    async def register(self, node: Node, cached: Mapping[Held, Decimal]) -> Node:
        """Take a node that starts, and compare its cache with the log."""
        registered = replace(node, differences=self._differences(node, cached))
        await self._store.register(registered)
        self._nodes[node.name] = registered
        await self._tell([node.name])
        log.info("node_registered", node=node.name, differences=len(registered.differences))
        return registered

    async def report(
        self, name: str, health: Health, results: Sequence[CommandResult], *, stopping: bool
    ) -> None:
        """Take a node's health and what came of its commands."""
        node = replace(
            self.node(name),
            health=health,
            report_time_ns=self._clock.now_ns(),
            is_stopping=stopping,
        )
        await self._store.report(node, results)
        self._nodes[name] = node
        self._changed.add(name)
        if self._shown.get(name) != self.state(node):
            await self._tell([name])

    async def send(
        self, name: str, kind: CommandKind, strategy: str, sender: str, request_id: str
    ) -> Command:
        """Send a command to a node."""
        node = self.node(name)
        now_ns = self._clock.now_ns()
        command = await self._store.send((node.name, kind, strategy), sender, request_id, now_ns)
        sent, self._sent = self._sent, asyncio.Event()
        sent.set()
        return command

    async def commands(self, name: str) -> AsyncIterator[list[Command]]:
        """Yield the pending commands of a node, then new ones; nothing now and then."""
        self.node(name)
        last = 0
        while True:
            sent = self._sent
            commands = await self._store.pending(name, last)
            last = commands[-1].number if commands else last
            yield commands
            await _within(sent, HEARTBEAT_S)

    async def watch_over(self) -> None:
        """Tell of changed nodes once a second, for ever; of lost ones too."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            states = {name: self.state(node) for name, node in self._nodes.items()}
            changed = {name for name, now in states.items() if self._shown.get(name) != now}
            told, self._changed = self._changed | changed, set()
            for one in NodeState:
                count = sum(now is one for now in states.values())
                metrics.NODES.labels(one.name.lower()).set(count)
            await self._tell(sorted(told))

    def _differences(self, node: Node, cached: Mapping[Held, Decimal]) -> tuple[Difference, ...]:
        mine = set(node.strategies) | {held.strategy for held in cached}
        logged = {
            Held(p.key.account, p.key.strategy, p.key.instrument): p.quantity
            for account in node.accounts
            for p in self._desk.average.positions(Scope(account))
            if p.key.strategy in mine
        }
        return differences(cached, logged, node.accounts)

    async def _tell(self, names: Sequence[str]) -> None:
        messages = []
        for name in names:
            node = self._nodes[name]
            self._shown[name] = now = self.state(node)
            self._changed.discard(name)
            topic = topics.topic("nodes", name.removeprefix("nodes/"))
            sequence = self._sequences[topic] = self._sequences.get(topic, 0) + 1
            payload = node_to(node, now).SerializeToString()
            messages.append(Message(topic, self._epoch, sequence, 1, self._clock.now_ns(), payload))
        try:
            await self._bus.publish(messages)
        except Unavailable as error:
            log.warning("nodes_not_published", error=str(error))
            self._changed.update(names)


async def _within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
