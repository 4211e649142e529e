"""What the contract carries and what the domain makes of it."""

from decimal import Decimal

import pytest
from google.type.decimal_pb2 import Decimal as DecimalMessage

from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.trading.v1 import account_pb2, node_pb2, order_pb2, trading_event_pb2
from quarterdeck.api.trading.v1.node_service_pb2 import ReportNodeRequest
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.topics import TopicInvalid
from quarterdeck_server.trading.domain import topic as topics
from quarterdeck_server.trading.domain.command import CommandKind, CommandState
from quarterdeck_server.trading.domain.fill import Fill, OrderSide
from quarterdeck_server.trading.domain.node import NodeMode, NodeState
from quarterdeck_server.trading.domain.order import OrderStatus
from quarterdeck_server.trading.domain.price import Last, Quote
from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.mapping.event import digest, event_from
from quarterdeck_server.trading.mapping.node import results_from
from quarterdeck_server.trading.mapping.price import price_from

EVERY = frozenset({"*"})


def event(**body) -> trading_event_pb2.TradingEvent:
    message = trading_event_pb2.TradingEvent(
        event_id="e", account="SIM-001", strategy="Ema-001", **body
    )
    message.event_time.seconds = 5
    return message


def fill_event(**change: str) -> trading_event_pb2.TradingEvent:
    message = event()
    message.fill.trade_id, message.fill.client_order_id = "T", "O"
    message.fill.instrument = "AAPL.XNAS"
    message.fill.side = order_pb2.ORDER_SIDE_SELL
    message.fill.quantity.value = change.get("quantity", "1")
    message.fill.price.value = change.get("price", "100")
    if "fee" in change:
        message.fill.fee.value = change["fee"]
    return message


def read(message: trading_event_pb2.TradingEvent) -> Fill:
    body = event_from(message, "nodes/demo", "events[0]").body
    assert isinstance(body, Fill)
    return body


@pytest.mark.parametrize(
    ("wrapper", "words", "prefix"),
    [
        (order_pb2.OrderStatus, OrderStatus, "ORDER_STATUS_"),
        (order_pb2.OrderSide, OrderSide, "ORDER_SIDE_"),
        (node_pb2.NodeMode, NodeMode, "NODE_MODE_"),
        (node_pb2.NodeState, NodeState, "NODE_STATE_"),
        (node_pb2.CommandKind, CommandKind, "COMMAND_KIND_"),
        (node_pb2.CommandState, CommandState, "COMMAND_STATE_"),
    ],
)
def test_the_numbers_of_the_domain_are_those_of_the_contract(wrapper, words, prefix) -> None:
    contract = {name.removeprefix(prefix): number for name, number in wrapper.items() if number}
    assert {word.name: word.value for word in words} == contract


@pytest.mark.parametrize("text", ["NaN", "Infinity", "", "1,5", "0", "-1"])
def test_a_quantity_that_is_none_is_named(text: str) -> None:
    with pytest.raises(InvalidField) as caught:
        read(fill_event(quantity=text))
    assert caught.value.field == "events[0].fill.quantity"


def test_numbers_are_kept_as_the_database_gives_them_back() -> None:
    fill = read(fill_event(quantity="1E+3", price="100.50"))
    assert (str(fill.quantity), str(fill.price)) == ("1000", "100.50")


def test_a_fee_needs_a_currency() -> None:
    with pytest.raises(InvalidField) as caught:
        read(fill_event(fee="1"))
    assert caught.value.field == "events[0].fill.fee_currency"


@pytest.mark.parametrize("field", ["trade_id", "client_order_id", "instrument", "price"])
def test_what_a_fill_must_have_is_named(field: str) -> None:
    message = fill_event()
    message.fill.ClearField(field)
    with pytest.raises(InvalidField) as caught:
        read(message)
    assert caught.value.field == f"events[0].fill.{field}"


def test_only_an_account_state_may_lack_a_strategy() -> None:
    message = fill_event()
    message.strategy = ""
    with pytest.raises(InvalidField) as caught:
        read(message)
    assert caught.value.field == "events[0].strategy"


def test_a_balance_that_is_no_number_is_named() -> None:
    good = account_pb2.Balance(currency="USD", total=DecimalMessage(value="1"))
    bad = account_pb2.Balance(currency="USD", total=DecimalMessage(value="x"))
    state = account_pb2.AccountState(balances=[good, bad])
    with pytest.raises(InvalidField) as caught:
        event_from(event(account_state=state), "nodes/demo", "events[0]")
    assert caught.value.field == "events[0].account_state.balances[1].total"


def test_the_same_event_has_the_same_digest_however_it_was_learned() -> None:
    live, again, other = fill_event(), fill_event(), fill_event(price="99")
    again.reconciliation = True
    again.fill.account = "ignored"
    assert digest(live) == digest(again) != digest(other)


def test_an_order_told_again_with_another_time_is_the_same_event() -> None:
    order = trading_event_pb2.OrderEvent(client_order_id="O", quantity=DecimalMessage(value="1"))
    first, again, other = (event(order=order) for _ in range(3))
    again.event_time.seconds = 6
    other.order.quantity.value = "2"
    assert digest(first) == digest(again) != digest(other)


def test_results_of_another_node_are_refused() -> None:
    result = node_pb2.CommandResult(name="nodes/other/commands/1")
    with pytest.raises(InvalidField, match=r"command_results\[0\]\.name"):
        results_from(ReportNodeRequest(name="nodes/demo", command_results=[result]))


def test_the_newest_quote_of_a_batch_counts_and_zero_is_an_empty_side() -> None:
    payload = QuoteBatch(
        instrument="AAPL.XNAS",
        price_precision=2,
        event_time_ns=[1, 2],
        bid_price=[9_900, 10_050],
        ask_price=[10_000, 0],
    ).SerializeToString()
    found = price_from("quotes", payload)
    assert found == Quote("AAPL.XNAS", Decimal("100.50"), None, 2)


def test_a_bar_shows_its_close_and_a_hole_nothing() -> None:
    def bar(close: float) -> bytes:
        return BarBatch(instrument="A.X", close_time_ns=[3], close=[close]).SerializeToString()

    assert price_from("bars", bar(1.25)) == Last("A.X", Decimal("1.25"), 3)
    assert price_from("bars", bar(float("nan"))) is None


@pytest.mark.parametrize("payload", [b"\xff\xff", b""])
def test_what_is_no_price_is_none(payload: bytes) -> None:
    assert price_from("trades", payload) is None


def test_durable_topics_name_their_owner() -> None:
    topic = topics.fills("A/1", "S*")
    assert topics.owner(topic) == topics.TopicOwner("A/1", "S*")
    assert topics.owner("accounts/SIM-001") == topics.TopicOwner("SIM-001", "")


@pytest.mark.parametrize("topic", ["pnl/SIM-001", "fills/SIM-001", "fills/SIM-001/*", "accounts/"])
def test_other_topics_have_no_records(topic: str) -> None:
    with pytest.raises(TopicInvalid):
        topics.owner(topic)


def test_a_view_shows_what_was_asked_for_within_what_may_be_seen() -> None:
    view = View("", "", frozenset({"SIM-001"}), frozenset({"Ema-001"}))
    assert view.shows("SIM-001")
    assert view.shows("SIM-001", "Ema-001")
    assert not view.shows("SIM-001", "Other")
    assert not view.shows("SIM-002")
    assert not View("", "Ema-001", EVERY, EVERY).shows("SIM-001")
