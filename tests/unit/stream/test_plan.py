"""Which subscription a topic is delivered under, and what a stream may ask for."""

import pytest
from tests.unit.stream.deck import Deck, every, plan

from quarterdeck_server.kernel.errors import ScopeForbidden
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.settings import StreamSettings
from quarterdeck_server.stream import bounds, rights
from quarterdeck_server.stream.domain import Delivery, LimitExceeded, Subscription
from quarterdeck_server.stream.opening import Openings


def caller(accounts: set[str], strategies: set[str]) -> Caller:
    rights_ = frozenset({"MARKETDATA_READ", "TRADING_READ"})
    return Caller(
        "principals/ada", rights_, frozenset(accounts), frozenset(strategies), *3 * [""], 0
    )


def named(topic: str, *exclude: str) -> Subscription:
    return Subscription(topic, Delivery.ALL, exclude=frozenset(exclude))


def test_the_most_specific_subscription_that_does_not_exclude_a_topic_decides():
    made = plan("orders/*", "orders/*/ema", named("orders/A*/ema", "orders/AB/*"), "orders/AC/ema")
    routes = {topic: made.route(topic) for topic in ("orders/AA/ema", "orders/AB/ema")}
    assert routes["orders/AA/ema"].topic == "orders/A*/ema"
    assert routes["orders/AB/ema"].topic == "orders/*/ema"
    assert made.route("orders/AC/ema").topic == "orders/AC/ema"
    assert made.route("orders/AC/sma").topic == "orders/*"
    assert made.route("fills/AC/ema") is None


def test_a_topic_that_appears_reaches_the_readers_whose_pattern_names_it():
    deck = Deck()
    deck.publish("quotes/IBM.XNYS", 1)
    reader = deck.reader(named("quotes/*.XN*", "quotes/MSFT.*"))
    deck.publish("quotes/AAPL.XNAS", 1)
    deck.publish("quotes/MSFT.XNAS", 1)
    deck.publish("quotes/VOD.XLON", 1)
    seen = deck.read(reader)
    assert seen.events == [("quotes/IBM.XNYS", 1), ("quotes/AAPL.XNAS", 1)]
    assert seen.controls == ["subscribed"]


def test_a_pattern_delivers_only_what_is_in_scope():
    ada = caller({"SIM-001"}, {"ema"})
    deck = Deck()
    reader = deck.reader("orders/*/ema", every("fills/*"), scope=rights.scope_of(ada))
    for account in ("SIM-001", "SIM-002"):
        deck.publish(f"orders/{account}/ema", 1)
        deck.publish(f"fills/{account}/ema", 1)
        deck.publish(f"fills/{account}/sma", 1)
    assert deck.read(reader).events == [("orders/SIM-001/ema", 1), ("fills/SIM-001/ema", 1)]


@pytest.mark.parametrize(
    "topic", ["orders/*/ema", "orders/*", "orders/SIM-*/*", "accounts/SIM-001"]
)
def test_a_scoped_caller_may_ask_for_a_pattern(topic):
    rights.admit(caller({"SIM-001"}, {"ema"}), topic, "topic")


@pytest.mark.parametrize(
    "topic",
    ["orders/*/sma", "orders/SIM-002/*", "orders/SIM-002/s*", "orders/%2A/ema", "nodes/n1"],
)
def test_a_scoped_caller_may_not_name_what_is_foreign(topic):
    with pytest.raises(ScopeForbidden):
        rights.admit(caller({"SIM-001"}, {"ema"}), topic, "topic")


@pytest.mark.parametrize(
    ("asked", "subject"),
    [
        ([named(f"quotes/*{i}") for i in range(51)], "patterns with a * inside a part"),
        ([named("quotes/*", *map(str, range(1000)))], "subscriptions per stream"),
        ([Subscription(f"q/{i}", Delivery.LATEST, i) for i in range(17)], "different rates"),
    ],
)
def test_a_stream_that_would_cost_too_much_is_refused_by_field(asked, subject):
    with pytest.raises(LimitExceeded) as refused:
        bounds.check(asked, StreamSettings(), "subscriptions")
    assert refused.value.subject == subject
    assert str(refused.value).startswith("subscriptions")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def now_ns(self) -> int:
        return 0


def test_who_reconnects_in_a_loop_is_told_to_wait_and_nobody_else():
    clock = Clock()
    openings = Openings(30, clock)
    for _ in range(30):
        openings.enter("principals/ada")
    with pytest.raises(LimitExceeded) as refused:
        openings.enter("principals/ada")
    openings.enter("principals/bob")
    assert refused.value.retry_after_s == pytest.approx(2.0)
    clock.now += refused.value.retry_after_s
    openings.enter("principals/ada")
