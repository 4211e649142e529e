"""Strikes a fault while somebody reads, somebody records and somebody publishes."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.faults.afflictions import FAULTS, Fault
from tests.faults.pace import PATIENCE_S
from tests.faults.publisher import Place, Publisher
from tests.faults.table import Table
from tests.faults.witnesses import (
    Follower,
    Reader,
    Recorder,
    answer_that,
    heads,
    log,
    longest_pause,
    portfolio,
    quiet_account,
    until,
)
from tests.protocols import Fields
from tests.system.deck import PARTS, Deck, client_of

from quarterdeck import AsyncClient
from quarterdeck.api.stream.v1.control_pb2 import GapCause
from quarterdeck.api.trading.v1.node_pb2 import NODE_STATE_RUNNING, Node
from quarterdeck.api.trading.v1.node_service_pb2 import ListNodesResponse
from quarterdeck.events import Disconnected, Gap, Stale

NODE = "nodes/demo-node"
LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was seen and kept while a fault struck and passed."""

    restarted: Sequence[str]
    reader: Reader
    publisher: Publisher
    follower: Follower
    recorder: Recorder
    kept: set[Place]
    began: Mapping[str, int]
    logged: Mapping[str, Sequence[int]]
    orders: Sequence[str]
    fills: Sequence[str]
    profit_before: Fields
    profit_after: Fields
    node: Node
    reader_waited_s: float
    writer_waited_s: float

    def row(self) -> tuple[str, str, str]:
        """Say for the table what was seen, what is stored and how long it took."""
        reader = self.reader
        gaps = Counter(
            GapCause.Name(item.cause).removeprefix("GAP_CAUSE_")
            for item in reader.items
            if isinstance(item, Gap)
        )
        broke = sum(isinstance(item, Disconnected) for item in reader.items)
        seen = [f"`Disconnected` ({broke})"] if broke else []
        seen += [f"`Gap` `{cause}` ({count})" for cause, count in sorted(gaps.items())]
        if any(isinstance(i, Stale) and i.topic == self.publisher.topic for i in reader.items):
            seen.append("`Stale`, then `Recovered`")
        refused = f", {self.publisher.refused} refused" if self.publisher.refused else ""
        recorded = len(self.recorder.acknowledged)
        stored = (
            f"{recorded} of {recorded} orders and fills, "
            f"{len(self.publisher.acknowledged)} of {len(self.publisher.acknowledged)} quotes"
            f"{refused}"
        )
        waited = f"reader {self.reader_waited_s:.1f} s, writer {self.writer_waited_s:.1f} s"
        return "; ".join(seen) or "a pause, nothing missing", stored, waited


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who looks on while a fault strikes."""

    reader: Reader
    recorder: Recorder
    publisher: Publisher

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with self.recorder.recording(), self.publisher.publishing():
            yield

    async def are_served(self) -> None:
        """Wait until each got what it asked for after this moment."""
        await self.recorder.records()
        await self.publisher.publishes()
        await self.reader.sees_quotes()


async def survive(deck: Deck, fault: Fault, quiet: str) -> Aftermath:
    """Strike, wait until everybody is served again, and look at what is left."""
    async with client_of(deck) as client:
        profit_before = await portfolio(client, quiet)
        watchers = Watchers(Reader(client), Recorder(client), Publisher(client))
        follower = Follower(client.watch_trading(live_only=True))
        reader, recorder, publisher = watchers.reader, watchers.recorder, watchers.publisher
        restarts = {name: deck.component(name).restarts for name in PARTS}
        async with reader.reading(), follower.following():
            began = await heads(client)
            async with watchers.at_work():
                struck = datetime.now(UTC)
                await asyncio.to_thread(fault.strike, deck, fault.part)
                await watchers.are_served()
                node = await running_node(client, struck, fault.part)
            ended = await heads(client)
            await until(lambda: reader.has_read(began, ended))
            await until(lambda: reader.is_beyond(publisher.topic, publisher.acknowledged[-1]))
            newest = recorder.event_ids(recorder.acknowledged[-1])[-1]
            await until(lambda: follower.has_seen(newest))
        return Aftermath(
            restarted=[n for n in PARTS if deck.component(n).restarts > restarts[n]],
            reader=reader,
            publisher=publisher,
            follower=follower,
            recorder=recorder,
            kept=await publisher.kept(),
            began=began,
            logged={topic: await log(client, topic, last) for topic, last in ended.items()},
            orders=await recorder.orders(),
            fills=await recorder.fills(),
            profit_before=profit_before,
            profit_after=await portfolio(client, quiet),
            node=node,
            reader_waited_s=longest_pause(reader.heard_at),
            writer_waited_s=longest_pause(recorder.answered_at),
        )


async def running_node(client: AsyncClient, since: datetime = LONG_AGO, part: str = "") -> Node:
    """Wait until the demonstration's node has said since then that all is well."""

    def is_well(node: Node) -> bool:
        born = node.register_time if part == "node" else node.report_time
        reported = min(stamp.ToDatetime(UTC) for stamp in (born, node.report_time))
        connected = node.health.data_connected and node.health.execution_connected
        return node.state == NODE_STATE_RUNNING and connected and reported > since

    def those_well(answer: ListNodesResponse) -> list[Node]:
        return [node for node in answer.nodes if node.name == NODE and is_well(node)]

    return those_well(await answer_that(client.nodes.list_nodes, those_well))[0]


class Laboratory:
    """Strikes each fault once, however many tests ask what happened then."""

    def __init__(self, deck: Deck, table: Table) -> None:
        self._deck, self._table = deck, table
        self._quiet = asyncio.run(self._prepare())
        self._known: dict[str, Aftermath] = {}

    async def _prepare(self) -> str:
        async with client_of(self._deck) as client:
            await running_node(client)
            return await quiet_account(client)

    def after(self, fault: Fault) -> Aftermath:
        """What happened when the fault struck."""
        if fault.name not in self._known:
            for other in FAULTS:
                if other.name in fault.follows:
                    self.after(other)
            seen = asyncio.run(
                asyncio.wait_for(survive(self._deck, fault, self._quiet), 2 * PATIENCE_S)
            )
            self._known[fault.name] = seen
            self._table.add(fault.name, *seen.row(), "test_outages.py")
        return self._known[fault.name]
