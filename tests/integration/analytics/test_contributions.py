"""Profit told apart, and returns held against a benchmark, over the wire: the guide's example."""

import math
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from google.type.date_pb2 import Date
from tests.conftest import Servers, database
from tests.instruments import share
from tests.integration.analytics.conftest import Client, Deck, deck_on
from tests.integration.trading import events
from tests.integration.trading.waiting import refusal, until

from quarterdeck.api.analytics.v1 import attribution_service_pb2 as pb
from quarterdeck.api.analytics.v1 import brinson_pb2, contribution_pb2, performance_pb2
from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.history_service_pb2 import ListBarsRequest
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck.api.marketdata.v1.instrument_pb2 import (
    INSTRUMENT_CLASS_CURRENCY_PAIR,
    Instrument,
)
from quarterdeck.api.marketdata.v1.instrument_service_pb2 import UpsertInstrumentRequest
from quarterdeck_server.analytics import attribution_peers
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.runtime.postgres import postgres
from quarterdeck_server.settings import PostgresSettings
from quarterdeck_server.trading.domain.equity import EquityPoint
from quarterdeck_server.trading.store.curve import save_points

pytestmark = pytest.mark.asyncio(loop_scope="module")

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/attribution.md"
MONDAY = 15_341
"""2012-01-02."""
HOUR_S, DAY_S = 3_600, 86_400
ACCOUNT, LONG, SHORT = "SIM-001", "Long-001", "Short-001"
CLOSES = {
    "AAPL.XNAS": ("Information Technology", [100.0, 110.0, 121.0]),
    "XOM.XNYS": ("Energy", [50.0, 45.0, 54.0]),
}
KEYS = [one for one in contribution_pb2.ContributionKey.values() if one]
FIELDS = ("profit", "realised_profit", "unrealised_profit", "income", "fees", "fill_count")


async def listed(client: Client, described: Instrument, closes: list[float], first: int) -> None:
    """Describe an instrument and publish daily closes at 21:00, and wait until they are history."""
    await client.instruments.UpsertInstrument(UpsertInstrumentRequest(instrument=described))
    name, count = described.instrument, len(closes)
    times = [((first + day) * DAY_S + 21 * HOUR_S) * 10**9 for day in range(count)]
    prices = dict.fromkeys(("open", "high", "low", "close"), closes)
    bars = BarBatch(
        instrument=name, interval="1d", close_time_ns=times, volume=[1.0] * count, **prices
    )
    await client.ingest.Publish(PublishRequest(bars=[bars]))

    async def is_stored() -> bool:
        found = await client.history.ListBars(ListBarsRequest(instrument=name, interval="1d"))
        return len(found.bars.close) == count

    await until(is_stored)


async def market(client: Client) -> None:
    """Two instruments with closes of Monday to Wednesday."""
    for name, (sector, closes) in CLOSES.items():
        await listed(client, share(name, sector=sector), closes, MONDAY)


def at(day: int, hour: int) -> float:
    return (MONDAY + day) * DAY_S + hour * HOUR_S - events.DAY_S


async def traded(deck: Deck, client: Client) -> None:
    """The example: 10 AAPL bought on Monday, 4 sold on Wednesday; 20 XOM sold short on Tuesday."""
    await client.nodes.RegisterNode(events.registration(balance="10000"))
    await client.events.RecordEvents(
        events.batch(
            events.fill("10", "98", at=at(0, 15), strategy=LONG, fee="1"),
            events.fill(
                *("20", "48"),
                side="SELL",
                at=at(1, 16),
                instrument="XOM.XNYS",
                strategy=SHORT,
                client_order_id="O-2",
                fee="2",
            ),
            events.fill(
                "4", "115", side="SELL", at=at(2, 15), strategy=LONG, client_order_id="O-3"
            ),
        )
    )
    await deck.postgres.execute("DELETE FROM trading.equity_point")
    equities = (10_000.0, 10_019.0, 10_177.0, 10_083.0)
    points = [
        EquityPoint(
            account=ACCOUNT,
            strategy=strategy,
            event_time_ns=((MONDAY - 1 + day) * DAY_S + 22 * HOUR_S) * 10**9,
            publish_time_ns=0,
            equity=None if strategy else equity,
            realised_profit=equity - 10_000,
            unrealised_profit=0.0,
            fees=0.0,
        )
        for day, equity in enumerate(equities)
        for strategy in ("", LONG, SHORT)
    ]
    await save_points(deck.postgres, points)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deck(servers: Servers, template: str) -> AsyncIterator[Deck]:
    """One deck for all of these tests: what they ask changes nothing of it."""
    async with (
        database(servers, template) as dsn,
        postgres(dsn, PostgresSettings()) as store,
        deck_on(store, LocalBus()) as opened,
    ):
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(deck: Deck) -> Client:
    """Somebody who may do everything, after the example's trades."""
    client = await deck.client()
    await market(client)
    await traded(deck, client)
    return client


async def told(client: Client, key: str, **more: object) -> contribution_pb2.Contributions:
    number = contribution_pb2.ContributionKey.Value(f"CONTRIBUTION_KEY_{key}")
    request = pb.ComputeContributionsRequest(key=number, **more)
    return (await client.attribution.ComputeContributions(request)).contributions


def profits(found: contribution_pb2.Contributions) -> dict[str, float]:
    return {one.group: round(one.profit, 9) for one in found.groups}


async def test_the_guides_example_is_told_apart_by_every_key(ada: Client) -> None:
    whole = {}
    for key in ("STRATEGY", "INSTRUMENT", "SECTOR", "SIDE", "WEEKDAY", "HOUR", "ACCOUNT"):
        whole[key] = profits(found := await told(ada, key, account=ACCOUNT))
        for field in FIELDS:
            parts = math.fsum(getattr(one, field) for one in found.groups)
            assert parts == pytest.approx(getattr(found.total, field), rel=1e-12, abs=1e-12)
        assert (found.total.profit, found.total.realised_profit) == (83, 68)
        assert (found.total.fees, found.total.fill_count) == (3, 3)
        assert (found.currency, list(found.unpriced_instruments)) == ("USD", [])
    assert whole["STRATEGY"] == {LONG: 205, SHORT: -122}
    assert whole["SECTOR"] == {"Information Technology": 205, "Energy": -122}
    assert whole["SIDE"] == {"long": 205, "short": -122}
    assert whole["WEEKDAY"] == {"monday": 19, "tuesday": 158, "wednesday": -94}
    assert whole["HOUR"] == {"15": 49, "16": -2, "20": 36}
    assert whole["ACCOUNT"] == {ACCOUNT: 83}
    assert whole["INSTRUMENT"] == {"AAPL.XNAS": 205, "XOM.XNYS": -122}


async def test_windows_follow_each_other_and_pages_too(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await told(ada, "INSTRUMENT")
    days = [Date(year=2012, month=1, day=2 + day) for day in range(3)]
    monkeypatch.setattr(attribution_peers, "PAGE", 1)
    parts = [await told(ada, "STRATEGY", start_date=day, end_date=day) for day in days]
    assert await told(ada, "INSTRUMENT") == whole
    assert [round(part.total.profit, 9) for part in parts] == [19, 158, -94]
    for field in FIELDS:
        total = math.fsum(getattr(part.total, field) for part in parts)
        assert total == pytest.approx(getattr(whole.total, field), rel=1e-12, abs=1e-12)
    assert [parts[1].start_date, parts[1].end_date] == [days[1], days[1]]


async def test_what_cannot_be_told_is_said(deck: Deck, ada: Client) -> None:
    request = pb.ComputeContributionsRequest(key=KEYS[0], account=ACCOUNT, currency="JPY")
    _, info = await refusal(ada.attribution.ComputeContributions(request))
    assert (info.reason, info.metadata["subject"]) == ("STATE_FORBIDS", "USD")
    unknown = pb.ComputeContributionsRequest(key=KEYS[0], account="SIM-404")
    _, info = await refusal(ada.attribution.ComputeContributions(unknown))
    assert (info.reason, info.metadata["name"]) == ("RESOURCE_NOT_FOUND", "SIM-404")
    bob = await deck.client("bob")
    request.currency = ""
    _, info = await refusal(bob.attribution.ComputeContributions(request))
    assert (info.reason, info.metadata["field"]) == ("SCOPE_FORBIDDEN", "account")
    assert not (await told(bob, "STRATEGY")).groups
    eve = await deck.client("eve")
    assert profits(await told(eve, "STRATEGY")) == {SHORT: -122}
    for account in ("", ACCOUNT):
        _, info = await refusal(told(eve, "STRATEGY", account=account, strategy=LONG))
        assert (info.reason, info.metadata["field"]) == ("SCOPE_FORBIDDEN", "strategy")


async def test_profit_is_converted_at_the_rate_of_its_moment(ada: Client) -> None:
    euro = {"instrument_class": INSTRUMENT_CLASS_CURRENCY_PAIR, "base_currency": "EUR"}
    pair = share("EUR/USD.IDEALPRO", **euro)
    await listed(ada, pair, [2.0, 1.25, 1.25, 1.6], MONDAY - 1)
    found = await told(ada, "WEEKDAY", currency="EUR")
    days = {"monday": 20 / 1.25 - 1 / 2, "tuesday": 160 / 1.25 - 2 / 1.25, "wednesday": 40 - 90}
    assert profits(found) == pytest.approx(days)
    assert found.currency == "EUR"


def guide_rows() -> list[tuple[str, *tuple[float, ...]]]:
    """Return the rows of the guide's table of effects; it writes numbers with a real minus."""
    text = GUIDE.read_text().replace("\N{MINUS SIGN}", "-")
    rows = re.findall(r"^\| ([A-Za-z ]+) ((?:\| -?[0-9.]+ ){7})\|$", text, re.MULTILINE)
    assert len(rows) == 3
    return [(group, *map(float, numbers.split("|")[1:])) for group, numbers in rows]


def weighted(*weights: float) -> brinson_pb2.Composition:
    return brinson_pb2.Composition(
        instruments=brinson_pb2.WeightedInstruments(instruments=CLOSES, weights=weights)
    )


def held(strategy: str = "", **more: float) -> brinson_pb2.Composition:
    portfolio = performance_pb2.Portfolio(account=ACCOUNT, strategy=strategy, **more)
    return brinson_pb2.Composition(portfolio=portfolio)


async def explained(
    client: Client, portfolio: brinson_pb2.Composition, **more: object
) -> pb.ComputeBrinsonResponse:
    request = pb.ComputeBrinsonRequest(portfolio=portfolio, with_columns=True, **more)
    return await client.attribution.ComputeBrinson(request)


async def test_an_account_is_held_against_weighted_instruments(ada: Client) -> None:
    start = Date(year=2012, month=1, day=3)
    for linking in (1, 2, 3):
        answer = await explained(
            ada, held(), benchmark=weighted(0.75, 0.25), start_date=start, linking=linking
        )
        found = answer.attribution
        assert math.fsum(one.total for one in found.groups) == pytest.approx(
            found.active_return, rel=1e-12
        )
    assert list(answer.columns.portfolio_returns) == pytest.approx(
        [158 / 10_019, -94 / 10_177], rel=1e-12
    )
    assert list(answer.columns.benchmark_returns) == pytest.approx(
        [0.75 * 0.1 - 0.25 * 0.1, 0.75 * 0.1 + 0.25 * 0.2], rel=1e-12
    )
    assert found.portfolio_return == pytest.approx(10_083 / 10_019 - 1, rel=1e-12)
    assert found.benchmark_return == pytest.approx(1.05 * 1.125 - 1, rel=1e-12)
    groups = {one.group: one for one in found.groups}
    assert groups.keys() == {"Information Technology", "Energy", "cash"}
    weights = [1_000 / 10_019, 1_100 / 10_177]
    assert groups["Information Technology"].portfolio_weight == pytest.approx(sum(weights) / 2)
    assert (found.count, found.currency) == (2, "USD")
    day = await explained(
        ada, held(), benchmark=weighted(0.75, 0.25), start_date=start, end_date=start
    )
    effects_of = {one.group: one for one in day.attribution.groups}
    for group, *numbers in guide_rows():
        one = effects_of[group]
        effects = (one.portfolio_weight, one.allocation, one.selection, one.interaction)
        assert effects == pytest.approx((numbers[0], *numbers[4:]), abs=6e-7)


def brought(
    days: list[int], rows: list[list[float]], returns: list[float]
) -> brinson_pb2.Composition:
    series = brinson_pb2.GroupSeries(
        groups=["Energy", "cash"],
        days=days,
        rows=[brinson_pb2.GroupRow(weights=row, returns=returns) for row in rows],
    )
    return brinson_pb2.Composition(groups=series)


async def test_any_composition_is_held_against_any(ada: Client) -> None:
    days = [MONDAY + 1, MONDAY + 2]
    flat = brought(days, [[0.5, 0.5]] * 2, [0.1, 0.0])
    groups = {"AAPL.XNAS": "Energy"}
    answer = await explained(ada, held(LONG, capital=1_000), benchmark=flat, groups=groups)
    assert list(answer.columns.days) == days
    # The capital of its own grows by what the strategy made.
    assert list(answer.columns.portfolio_returns) == pytest.approx([100 / 1_000, 86 / 1_100])
    energy = next(one for one in answer.columns.groups if one.group == "Energy")
    assert list(energy.portfolio_weights) == pytest.approx([1.0, 1.0])
    two = await explained(ada, weighted(1, 0), benchmark=weighted(0, 1))
    assert two.attribution.portfolio_return == pytest.approx(0.21)
    assert two.attribution.benchmark_return == pytest.approx(54 / 50 - 1)
    both = await explained(ada, held(SHORT), benchmark=held(LONG))
    assert both.attribution.count == 4
    same = await explained(ada, held(), benchmark=held())
    assert same.attribution.active_return == 0


async def test_what_cannot_be_held_against_anything_is_refused_by_its_field(ada: Client) -> None:
    days = [MONDAY + 1, MONDAY + 2]
    flat, other = (brought(both, [[0.5, 0.5]] * 2, [0.1, 0.0]) for both in (days, [1, 2]))
    nothing = brought(days, [[1.0, 0.0]] * 2, [math.nan, 0.0])
    refused = [
        (held(), weighted(0.5, 0.4), "benchmark.instruments.weights"),
        (flat, other, "benchmark.groups.days"),
        (flat, brought(days, [[1.0, 0.1]] * 2, [0.0, 0.0]), "benchmark.groups.rows[0].weights"),
        (flat, nothing, "benchmark.groups.rows[0].returns[0]"),
        (brought(days, [[1.0, 0.0]] * 2, [-1.0, 0.0]), flat, "portfolio"),
        (held(SHORT, capital=50), flat, "portfolio"),
        (other, weighted(1, 0), "benchmark.instruments.instruments[0]"),
    ]
    for portfolio, benchmark, field in refused:
        _, info = await refusal(explained(ada, portfolio, benchmark=benchmark))
        assert (info.reason, info.metadata["field"]) == ("FIELD_INVALID", field)
