"""What our functions answer to the reference cases of profit and loss."""

from decimal import Decimal
from typing import Any

from tests.unit.quant.answers.case import Case, Ours

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.portfolio import (
    Book,
    Fill,
    Instrument,
    PositionKey,
    Settlement,
    Side,
)


def trade(book: Book, instrument: str, quantity: int, price: float, fee: Decimal) -> Any:
    side = Side.BUY if quantity > 0 else Side.SELL
    size, paid = Decimal(abs(quantity)), Decimal(str(price))
    fees = Money(fee * size * paid, "USD") if fee else None
    return book.apply(Fill("f", "A", instrument, "S", side, size, paid, 0, fees)).position


def average_cost(case: Case) -> list[list[float]]:
    book = Book()
    book.add_instrument(Instrument("ES.XCME", "USD", settlement=Settlement.MARGINED))
    rate = Decimal(str(case["inputs"]["fee_rate"]))
    held = [trade(book, "ES.XCME", *fill, rate) for fill in case["inputs"]["fills"]]
    return [
        [float(p.quantity), float(p.average_price), float(p.realised - p.fees[0].amount)]
        for p in held[1:]
    ]


def inverse_contract(_: Case) -> dict[str, float]:
    answers = {}
    for name, (quantity, entry, mark) in {
        "long": (1000, 1000, 1250),
        "short": (-100_000, 10_000, 11_000),
    }.items():
        book = Book()
        kind = Settlement.MARGINED
        book.add_instrument(Instrument("X.BITMEX", "XBT", is_inverse=True, settlement=kind))
        trade(book, "X.BITMEX", quantity, entry, Decimal(0))
        book.trade("X.BITMEX", Decimal(mark), 1)
        answers[name] = float(book.position(PositionKey("A", "X.BITMEX", "S")).unrealised or 0)
    return answers


ANSWERS: dict[str, Ours] = {
    "tt_average_price_pnl_example": average_cost,
    "inverse_contract_pnl_bitmex_guide": inverse_contract,
}
