"""What a user keeps when any one process of a running deck is killed."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from tests.protocols import Fields
from tests.system.deck import PARTS, Deck, client_of
from tests.system.witnesses import (
    Reader,
    Recorder,
    answer_that,
    heads,
    log,
    portfolio,
    quiet_account,
    until,
)

from quarterdeck import AsyncClient
from quarterdeck.api.trading.v1.node_pb2 import NODE_STATE_RUNNING, Node
from quarterdeck.api.trading.v1.node_service_pb2 import ListNodesResponse
from quarterdeck.errors import UnannouncedGap
from quarterdeck.events import Disconnected

pytestmark = pytest.mark.system

NODE = "nodes/demo-node"
LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was seen and kept while a part was killed and came back."""

    restarted: Sequence[str]
    reader: Reader
    began: dict[str, int]
    logged: dict[str, list[int]]
    acknowledged: Sequence[str]
    orders: Sequence[str]
    fills: Sequence[str]
    profit_before: Fields
    profit_after: Fields
    node: Node


async def survive(deck: Deck, part: str, quiet: str) -> Aftermath:
    """Kill a part while somebody reads and somebody records."""
    async with client_of(deck) as client:
        profit_before = await portfolio(client, quiet)
        reader, recorder = Reader(client), Recorder(client)
        restarts = {name: deck.component(name).restarts for name in PARTS}
        async with reader.reading():
            began = await heads(client)
            async with recorder.recording():
                killed = datetime.now(UTC)
                await asyncio.to_thread(deck.kill, part)
                await recorder.records()
                await reader.sees_quotes()
                node = await running_node(client, killed, part)
            ended = await heads(client)
            await until(lambda: reader.has_read(began, ended))
        return Aftermath(
            restarted=[n for n in PARTS if deck.component(n).restarts > restarts[n]],
            reader=reader,
            began=began,
            logged={topic: await log(client, topic, last) for topic, last in ended.items()},
            acknowledged=recorder.acknowledged,
            orders=await recorder.orders(),
            fills=await recorder.fills(),
            profit_before=profit_before,
            profit_after=await portfolio(client, quiet),
            node=node,
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
    """Kills each part once, however many tests ask what happened then."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._quiet = asyncio.run(self._prepare())
        self._known: dict[str, Aftermath] = {}

    async def _prepare(self) -> str:
        async with client_of(self._deck) as client:
            await running_node(client)
            return await quiet_account(client)

    def killed(self, part: str) -> Aftermath:
        if part not in self._known:
            self._known[part] = asyncio.run(
                asyncio.wait_for(survive(self._deck, part, self._quiet), 90)
            )
        return self._known[part]


@pytest.fixture(scope="module")
def laboratory(suite: Deck) -> Laboratory:
    return Laboratory(suite)


@pytest.fixture(params=PARTS)
def part(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def aftermath(part: str, laboratory: Laboratory) -> Aftermath:
    """What happened when a part was killed."""
    return laboratory.killed(part)


def test_only_the_killed_part_is_started_again(aftermath: Aftermath, part: str) -> None:
    assert aftermath.restarted == [part]


def test_readers_get_the_topics_of_trading_without_gap_or_duplicate(aftermath: Aftermath) -> None:
    assert aftermath.logged
    for topic, logged in aftermath.logged.items():
        read = [event.sequence for event in aftermath.reader.events(topic)]
        first = min([aftermath.began.get(topic, 0) + 1, *read])
        assert read[: len(logged) - first + 1] == logged[first - 1 :]


@pytest.mark.parametrize("part", ["stream", "envoy"])
def test_a_broken_stream_says_so_and_is_opened_again(aftermath: Aftermath) -> None:
    assert any(isinstance(item, Disconnected) for item in aftermath.reader.items)


def test_readers_hear_of_every_gap_in_market_data(aftermath: Aftermath) -> None:
    reader = aftermath.reader
    assert not [item for item in reader.items if isinstance(item, UnannouncedGap)]
    assert reader.quoted()
    for topic in reader.quoted():
        assert not list(reader.breaks(topic))


def test_no_acknowledged_order_or_fill_is_lost_or_counted_twice(aftermath: Aftermath) -> None:
    for stored in (Counter(aftermath.orders), Counter(aftermath.fills)):
        assert set(aftermath.acknowledged) <= stored.keys()
        assert set(stored.values()) == {1}


def test_positions_and_profit_stay_what_they_were(aftermath: Aftermath) -> None:
    assert aftermath.profit_before["positions"]["unrealisedProfit"] != ["0"]
    assert aftermath.profit_after == aftermath.profit_before


def test_the_node_goes_on_and_agrees_with_the_log(aftermath: Aftermath) -> None:
    assert not aftermath.node.differences
