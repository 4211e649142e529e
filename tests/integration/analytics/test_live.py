"""Performance as of now, over the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from tests.integration.analytics import market
from tests.integration.analytics.conftest import Client, Deck
from tests.integration.analytics.market import ACCOUNT, CAPITAL, DAYS, PROFITS, STRATEGY
from tests.integration.trading import events
from tests.integration.trading.waiting import refusal

from quarterdeck.api.analytics.v1.performance_pb2 import Performance, Portfolio
from quarterdeck.api.analytics.v1.performance_service_pb2 import (
    WatchPerformanceRequest,
    WatchPerformanceResponse,
)

NOON_S = 43_200


async def performances(client: Client, **portfolio) -> AsyncIterator[Performance]:
    request = WatchPerformanceRequest(portfolio=Portfolio(**portfolio), max_rate=50)
    call = client.performance.WatchPerformance(request)
    try:
        async for answer in call:
            if answer.HasField("performance"):
                yield answer.performance
    finally:
        call.cancel()


def share(price: str, day: int):
    """Return a price of the share at noon of a day."""
    return events.quote("AAPL.XNAS", price, price, at=day * 86_400 + NOON_S - events.DAY_S)


async def test_metrics_follow_profit_and_the_next_day_adds_one(deck: Deck, local_bus) -> None:
    ada = await deck.client()
    await market.trade(deck, ada)
    last = int(DAYS[-1])
    await local_bus.publish([share("150.00", last)])
    async with (
        asyncio.timeout(15),
        aclosing(performances(ada, account=ACCOUNT, strategy=STRATEGY)) as stream,
    ):
        first = await anext(stream)
        assert first.metrics[0].formula
        found = first
        while found.provisional_day.profit != 500.0:
            found = await anext(stream)
        gained = (500.0 - PROFITS[-2]) / (CAPITAL + PROFITS[-2])
        assert found.provisional_day.return_so_far == pytest.approx(gained)
        await local_bus.publish([share("151.00", last + 1)])
        while found.provisional_day.date.day == first.end_date.day:
            found = await anext(stream)
        assert found.count == first.count + 1
        assert found.metrics[0].name
        assert not found.metrics[0].formula


async def test_what_cannot_be_watched_is_refused_with_its_field(deck: Deck) -> None:
    ada, bob = await deck.client(), await deck.client("bob")
    await market.trade(deck, ada)
    _, info = await refusal(anext(performances(bob, account=ACCOUNT)))
    assert info.metadata["field"] == "portfolio.account"
    _, info = await refusal(anext(performances(ada, account="SIM-404")))
    assert info.metadata["name"] == "SIM-404"


async def test_a_stream_of_performance_says_why_it_ends(deck: Deck) -> None:
    ada = await deck.client()
    await market.trade(deck, ada)
    request = WatchPerformanceRequest(portfolio=Portfolio(account=ACCOUNT))
    call = ada.performance.WatchPerformance(request)
    answers: list[WatchPerformanceResponse] = [await call.read()]
    assert answers[0].heartbeat_interval.seconds == 5
    deck.live.drain()
    answers.append(await call.read())
    assert answers[-1].error.message == "the service is stopping"
