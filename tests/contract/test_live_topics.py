"""Topics that are made while somebody reads them, through a whole deck."""

import asyncio
from contextlib import aclosing

import pytest
from tests.contract.conftest import PASSWORD, Deck
from tests.examples import INSTRUMENT, Session, instrument, nodes, publish, trading
from tests.protocols import Grpc

from quarterdeck import AsyncClient, Event, topic
from quarterdeck.api.analytics.v1.performance_pb2 import Performance

pytestmark = pytest.mark.asyncio(loop_scope="session")
LIMIT = 20.0


async def test_performance_of_a_strategy_is_a_topic_while_it_is_read(deck: Deck) -> None:
    session = Session(Grpc(deck.address), deck.tokens["ADMIN"])

    def trade() -> None:
        described = {"instrument": instrument(INSTRUMENT, "EQUITY")}
        session.call("InstrumentService/UpsertInstrument", described)
        for step in (nodes, trading):
            step(session)

    await asyncio.to_thread(trade)
    name = topic("performance", session.known["account"], "S-1")
    async with (
        AsyncClient(deck.address, password=("admin", PASSWORD)) as client,
        client.watch(name) as watch,
        asyncio.timeout(LIMIT),
    ):
        first = await anext(watch.events())
        assert isinstance(first.payload, Performance)
        assert first.payload.metrics[0].name == "total_return"
        assert not first.payload.metrics[0].formula
        await asyncio.to_thread(publish, session)
        second = await anext(watch.events())
        assert isinstance(second, Event)
        assert (second.topic, second.sequence) == (name, first.sequence + 1)
        async with aclosing(client.watch_performance(session.known["account"], "S-1")) as stream:
            now = await anext(stream)
            await asyncio.to_thread(publish, session)
            later = await anext(stream)
    for found in (now, later):
        assert found["total_return"].formula == "Π (1 + r) - 1"
    assert later.message.performance.HasField("provisional_day")
