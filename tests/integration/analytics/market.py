"""A market and an account with a year of days."""

import numpy as np
from tests.instruments import upsert
from tests.integration.analytics.conftest import Client, Deck
from tests.integration.trading import events

from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck_server.marketdata.domain.observation import Observations, Series
from quarterdeck_server.marketdata.store.observation import PostgresObservationStore
from quarterdeck_server.trading.domain.equity import EquityPoint
from quarterdeck_server.trading.store.curve import save_points

ACCOUNT, STRATEGY, RATES = "SIM-001", "Ema-001", "series/fred/DGS3MO"
INDEX = "SPY.ARCX"
FIRST = 15_341
"""2012-01-02, a Monday."""
DAY_NS = 86_400 * 10**9
NOON_NS = DAY_NS // 2
DAYS = np.array([day for day in range(FIRST, FIRST + 400) if (day + 3) % 7 < 5])
RANDOM = np.random.default_rng(7)
PRICES = 100 * np.cumprod(1 + RANDOM.normal(0.0004, 0.01, len(DAYS)))
PROFITS = np.cumsum(RANDOM.normal(20, 400, len(DAYS)))
CAPITAL = 100_000.0


async def publish(client: Client) -> None:
    """Publish the index's closes."""
    await client.instruments.UpsertInstrument(upsert(INDEX))
    closes = (DAYS * DAY_NS + NOON_NS).tolist()
    prices = dict.fromkeys(("open", "high", "low", "close"), PRICES)
    batch = BarBatch(
        instrument=INDEX, interval="1d", close_time_ns=closes, volume=[1.0] * len(DAYS), **prices
    )
    await client.ingest.Publish(PublishRequest(bars=[batch]))


async def trade(deck: Deck, client: Client) -> None:
    """Open an account with a strategy and give both a curve, two points a day."""
    await client.nodes.RegisterNode(events.registration(balance="100000"))
    await client.instruments.UpsertInstrument(upsert())
    await client.events.RecordEvents(events.batch(events.fill()))
    points = [
        EquityPoint(
            account=ACCOUNT,
            strategy=strategy,
            event_time_ns=int(day * DAY_NS + at),
            publish_time_ns=0,
            equity=None if strategy else CAPITAL + profit,
            realised_profit=profit,
            unrealised_profit=0.0,
            fees=0.0,
        )
        for day, last in zip(DAYS.tolist(), PROFITS.tolist(), strict=True)
        for at, profit in ((NOON_NS // 2, last + 1.0), (NOON_NS, last))
        for strategy in ("", STRATEGY)
    ]
    # The opening fill above is of 2004; the curve alone counts here.
    for table in ("equity_point", "equity_rollup"):
        await deck.postgres.execute(f"DELETE FROM trading.{table}")  # noqa: S608 - constants
    await save_points(deck.postgres, points)


async def observe(deck: Deck, percent: float = 2.0) -> None:
    """Record a rate for every day, with a value that is absent now and then."""
    values = np.full(len(DAYS), percent)
    values[::50] = np.nan
    found = Observations(RATES, DAYS, values, DAYS)

    async def told(_: Observations) -> None:
        return None

    await PostgresObservationStore(deck.postgres).put(Series(RATES, "A rate"), found, told)
