"""Execution quality over the wire: real log, real history, real questions between the areas."""

import asyncio

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.instruments import upsert
from tests.integration.analytics.conftest import Client, Deck
from tests.integration.trading import events
from tests.integration.trading.waiting import refusal, until

from quarterdeck.api.analytics.v1 import execution_pb2
from quarterdeck.api.analytics.v1 import execution_service_pb2 as pb
from quarterdeck.api.analytics.v1.estimate_pb2 import ESTIMATE_STATE_INSUFFICIENT
from quarterdeck.api.analytics.v1.execution_pb2 import ExecutionScope
from quarterdeck.api.marketdata.v1 import ingest_service_pb2
from quarterdeck.api.marketdata.v1.history_service_pb2 import ListTradesRequest
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.trade_pb2 import TradeBatch
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent

type WatchCall = grpc.aio.UnaryStreamCall[pb.WatchQualityRequest, pb.WatchQualityResponse]

NAME = "AAPL.XNAS"
NOW = events.DAY_S
MIDS = {0: 100, 30: 101, 60: 102, 61: 103, 400: 100}
TRADES = ((0, 100, 30), (30, 102, 10), (59, 104, 10))


def seconds(*after: float) -> list[int]:
    return [int((NOW + each) * 1e9) for each in after]


def order(name: str = "O-1", fee: str = "1", at: float = 0, **where: str) -> list[TradingEvent]:
    """An order that was decided at 99, sent at once, and filled at 101 after a minute."""
    made = events.order(name, "INITIALIZED", at=at, **where)
    made.order.decision_price.value = "99"
    return [
        made,
        events.order(name, "SUBMITTED", at=at, **where),
        events.order(name, "ACCEPTED", at=at + 1, **where),
        events.fill("10", "101", client_order_id=name, at=at + 60, fee=fee, **where),
    ]


async def publish(client: Client) -> None:
    """Describe an instrument and publish its prices."""
    await client.instruments.UpsertInstrument(upsert(NAME))
    prices = [price * 100 for price in MIDS.values()]
    sizes = [1] * len(prices)
    quotes = QuoteBatch(
        instrument=NAME,
        price_precision=2,
        event_time_ns=seconds(*MIDS),
        bid_price=[price - 5 for price in prices],
        ask_price=[price + 5 for price in prices],
        bid_size=sizes,
        ask_size=sizes,
    )
    moments, paid, traded = zip(*TRADES, strict=True)
    trades = TradeBatch(
        instrument=NAME,
        price_precision=2,
        event_time_ns=seconds(*moments),
        price=[price * 100 for price in paid],
        size=traded,
        aggressor_side=[1] * len(paid),
    )
    await client.ingest.Publish(ingest_service_pb2.PublishRequest(quotes=[quotes], trades=[trades]))


@pytest.fixture
async def ada(deck: Deck) -> Client:
    """Somebody who may do everything, where one order was traded."""
    client = await deck.client()
    await publish(client)
    await client.nodes.RegisterNode(events.registration())
    await client.events.RecordEvents(events.batch(*order()))

    async def recorded() -> bool:
        found = await client.history.ListTrades(ListTradesRequest(instrument=NAME))
        return len(found.trades.price) == len(TRADES)

    await until(recorded)
    return client


async def test_an_order_is_held_against_the_market_around_it(ada: Client) -> None:
    request = pb.ComputeQualityRequest(group_by=execution_pb2.EXECUTION_KEY_VENUE)
    (one,) = (await ada.execution.ComputeQuality(request)).qualities
    assert (one.group, one.currency, one.orders, one.notional) == ("XNAS", "USD", 1, 1010)
    bps = {
        "arrival_slippage_bps": 1e4 * (101 - 100) / 100,
        "vwap_slippage_bps": 1e4 * (101 - 101.2) / 101.2,
        "twap_slippage_bps": 1e4 * (101 - 100.5) / 100.5,
        "effective_spread_bps": 2e4 * (101 - 102) / 102,
        "realised_spread_bps": 2e4 * (101 - 103) / 102,
        "participation": 10 / 60,
    }
    assert {name: getattr(one, name).value for name in bps} == pytest.approx(bps)
    assert one.shortfall.total_bps.value == pytest.approx(1e4 * (1 + 10 + 10) / 990)
    assert [markout.mean_bps.count for markout in one.markouts] == [1, 1, 1, 1]
    (median, *_) = [each for each in one.latencies if each.percent == 50]
    assert (median.latency_ns.count, median.latency_ns.needed) == (1, 2)
    sources = {(use.reference, use.source) for use in one.price_uses}
    assert sources == {
        (execution_pb2.REFERENCE_PRICE_ARRIVAL, execution_pb2.PRICE_SOURCE_QUOTES),
        (execution_pb2.REFERENCE_PRICE_VWAP, execution_pb2.PRICE_SOURCE_TRADES),
        (execution_pb2.REFERENCE_PRICE_TWAP, execution_pb2.PRICE_SOURCE_QUOTES),
    }


async def test_single_orders_come_in_pages_within_the_callers_scope(
    deck: Deck, ada: Client
) -> None:
    later = order("O-2", at=3_600, account="SIM-002")
    await ada.events.RecordEvents(events.batch(*later))
    request = pb.ListSlippageRequest(page_size=1, max_price_age_s=60)
    first = await ada.execution.ListSlippage(request)
    request.page_token = first.next_page_token
    last = await ada.execution.ListSlippage(request)
    (newest,), (oldest,) = first.slippages, last.slippages
    assert (newest.client_order_id, oldest.client_order_id) == ("O-2", "O-1")
    assert (oldest.arrival_price, oldest.decision_price, oldest.is_buy) == (100, 99, True)
    assert oldest.arrival_slippage_bps.value == pytest.approx(100)
    assert not newest.HasField("arrival_price")
    assert newest.shortfall.total_bps.state == ESTIMATE_STATE_INSUFFICIENT
    bob = await deck.client("bob")
    (seen,) = (await bob.execution.ListSlippage(pb.ListSlippageRequest())).slippages
    assert seen.client_order_id == "O-2"


async def test_what_cannot_be_asked_names_its_field(deck: Deck, ada: Client) -> None:
    strange = ExecutionScope(order_type="FAST")
    window = {"start_time": events.moment(5), "end_time": events.moment(5)}
    requests = {
        "scope.order_type": ada.execution.ComputeQuality(pb.ComputeQualityRequest(scope=strange)),
        "end_time": ada.execution.ComputeQuality(pb.ComputeQualityRequest(**window)),
        "page_token": ada.execution.ListSlippage(pb.ListSlippageRequest(page_token="x")),
        "scope.instrument": ada.execution.ComputeImpact(
            pb.ComputeImpactRequest(planned_quantity=5)
        ),
    }
    for field, call in requests.items():
        _, info = await refusal(call)
        assert info.metadata["field"] == field
    bob, tom = await deck.client("bob"), await deck.client("tom")
    scope = ExecutionScope(account="SIM-001")
    _, info = await refusal(bob.execution.ComputeQuality(pb.ComputeQualityRequest(scope=scope)))
    assert (info.reason, info.metadata["field"]) == ("SCOPE_FORBIDDEN", "scope.account")
    code, info = await refusal(tom.execution.ComputeQuality(pb.ComputeQualityRequest()))
    assert (code, info.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_MISSING")


async def test_impact_without_enough_orders_says_how_many_it_takes(ada: Client) -> None:
    scope = ExecutionScope(instrument=NAME)
    request = pb.ComputeImpactRequest(scope=scope, planned_quantity=100)
    found = await ada.execution.ComputeImpact(request)
    coefficient = found.fit.coefficient
    assert (coefficient.state, coefficient.needed) == (ESTIMATE_STATE_INSUFFICIENT, 3)
    assert found.fit.missing_orders == 1
    assert found.planned_cost_bps.state == ESTIMATE_STATE_INSUFFICIENT


async def newest(stream: WatchCall) -> pb.WatchQualityResponse:
    """The next answer that is no heartbeat."""
    async with asyncio.timeout(10):
        while not (answer := await stream.read()).HasField("window"):
            pass
    return answer


async def test_quality_is_told_again_when_an_order_changes_it(ada: Client) -> None:
    scope = ExecutionScope(strategy="Ema-001", venue="XNAS", order_type="MARKET")
    request = pb.WatchQualityRequest(scope=scope, window_s=120, max_rate=50)
    request.heartbeat_interval.FromSeconds(1)
    stream = ada.execution.WatchQuality(request)
    first = await newest(stream)
    assert [one.fills for one in first.window.qualities] == [1]
    assert first.heartbeat_interval.seconds == 1
    assert not (await stream.read()).HasField("window")
    others = order("O-2", at=90, strategy="Other-001")
    await ada.events.RecordEvents(events.batch(*others, *order("O-3", at=100)))
    while (answer := await newest(stream)).window.newest_time != Timestamp(seconds=NOW + 160):
        pass
    assert answer.window.start_time == Timestamp(seconds=NOW + 40)
    assert [one.orders for one in answer.window.qualities] == [1]
    stream.cancel()


async def test_a_busted_fill_is_in_no_quality_be_it_live_or_asked_for(ada: Client) -> None:
    told = order("O-2", at=100)
    await ada.events.RecordEvents(events.batch(*told))
    stream = ada.execution.WatchQuality(pb.WatchQualityRequest(window_s=120, max_rate=50))
    while (answer := await newest(stream)).window.newest_time != Timestamp(seconds=NOW + 160):
        pass
    bust = events.bust(told[-1].fill.trade_id, client_order_id="O-2", at=170)
    await ada.events.RecordEvents(events.batch(bust))
    while (answer := await newest(stream)).window.qualities[0].fills:
        pass
    request = pb.ComputeQualityRequest(start_time=answer.window.start_time)
    asked = await ada.execution.ComputeQuality(request)
    assert [*asked.qualities] == [*answer.window.qualities]
    stream.cancel()
