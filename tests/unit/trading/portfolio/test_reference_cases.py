"""The published profit-and-loss examples, computed by the engine."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.portfolio import (
    Book,
    CostMethod,
    Fill,
    Instrument,
    PositionKey,
    Settlement,
    Side,
)

CASES = {
    case["name"]: case
    for case in json.loads((Path(__file__).parent / "cases.json").read_text())["cases"]
}


def _fill(
    instrument: str, number: int, quantity: Any, price: Any, fee: Money | None = None
) -> Fill:
    return Fill(
        id=str(number),
        account="A",
        instrument=instrument,
        strategy="S",
        side=Side.BUY if quantity > 0 else Side.SELL,
        quantity=Decimal(str(abs(quantity))),
        price=Decimal(str(price)),
        time_ns=number,
        fee=fee,
    )


def test_average_cost_agrees_with_the_published_futures_example() -> None:
    """Quantity, average open price and realised profit net of fees after each fill."""
    case = CASES["tt_average_price_pnl_example"]
    rate = Decimal(str(case["inputs"]["fee_rate"]))
    book = Book(CostMethod.AVERAGE)
    book.add_instrument(Instrument("ES.XCME", "USD", settlement=Settlement.MARGINED))
    answers = []
    for number, (quantity, price) in enumerate(case["inputs"]["fills"]):
        fee = Money(abs(Decimal(quantity)) * Decimal(price) * rate, "USD")
        position = book.apply(_fill("ES.XCME", number, quantity, price, fee)).position
        net = position.realised - position.fees[0].amount
        answers.append((position.quantity, position.average_price, net))
    for answer, expected in zip(answers[1:], case["expected"], strict=True):
        numbers = [float(number) for number in answer if number is not None]
        assert numbers == pytest.approx(expected, abs=case["tolerance"])


@pytest.mark.parametrize(
    ("side", "quantity", "entry", "mark"),
    [("long", 1000, 1000, 1250), ("short", -100_000, 10_000, 11_000)],
)
def test_an_inverse_contract_agrees_with_the_published_guide(
    side: str, quantity: int, entry: int, mark: int
) -> None:
    """Unrealised profit in the coin the contract settles in."""
    case = CASES["inverse_contract_pnl_bitmex_guide"]
    book = Book()
    perpetual = Instrument("XBTUSD.BITMEX", "XBT", is_inverse=True, settlement=Settlement.MARGINED)
    book.add_instrument(perpetual)
    book.apply(_fill(perpetual.id, 1, quantity, entry))
    book.trade(perpetual.id, Decimal(mark), 2)
    unrealised = book.position(PositionKey("A", perpetual.id, "S")).unrealised
    assert unrealised is not None
    assert float(unrealised) == pytest.approx(case["expected"][side], abs=case["tolerance"])
