"""What a real engine said of its orders, in the contract's words."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from nautilus_trader.model import events as engine

from quarterdeck_node.engine.v1 import orders, words

GOLDEN = Path(__file__).parent / "golden"


def history(said: list[dict[str, Any]]) -> list[Any]:
    """Make the engine's events; where they are kept, their times are text."""
    times = [{key: int(one[key]) for key in ("ts_event", "ts_init")} for one in said]
    return [
        getattr(engine, one["type"]).from_dict(one | at)
        for one, at in zip(said, times, strict=True)
    ]


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_an_orders_history_is_told_as_recorded(file: Path) -> None:
    golden = json.loads(file.read_text())
    said = history(golden["said"])
    told = [MessageToDict(orders.order_event(said, i)) for i in range(len(said))]
    assert told == golden["told"]


@pytest.mark.parametrize(
    ("tags", "price"),
    [
        (["x", "decision_price=101.250"], "101.250"),
        (["decision_price=a lot"], ""),
        (["decision_price=NaN"], ""),
        (None, ""),
    ],
)
def test_the_price_of_a_decision_is_told_once_by_a_tag(tags: list[str] | None, price: str) -> None:
    golden = json.loads((GOLDEN / "filled.json").read_text())
    golden["said"][0]["tags"] = tags
    said = history(golden["said"])
    told = [orders.order_event(said, index).order.decision_price.value for index in (0, 1)]
    assert told == [price, ""]


def test_prices_and_sizes_are_exact() -> None:
    assert str(words.price(1234567, 5)) == "12.34567"
    assert str(words.quantity(300, 0)) == "300"


@pytest.mark.parametrize("interval", ["1d", "30m", "15s", "4h"])
def test_an_interval_is_the_same_after_the_engine(interval: str) -> None:
    assert words.interval(words.bar_type("EUR/USD.IDEALPRO", interval)) == interval


def test_the_deck_has_no_bars_of_ticks() -> None:
    kind = words.BarType.from_str("AAPL.XNAS-100-TICK-LAST-EXTERNAL")
    assert words.interval(kind) is None
