"""The shape of a saved book: plain dictionaries, lists, strings and integers, fit for JSON.

Decimals are strings with all their digits, so a restored book equals the saved one bit for bit.
"""

from decimal import Decimal
from typing import TypedDict

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.portfolio.actions import Action, Dividend, Split
from quarterdeck_server.trading.portfolio.events import Allocation
from quarterdeck_server.trading.portfolio.instrument import Instrument, Settlement
from quarterdeck_server.trading.portfolio.marks import Prices

VERSION = 2
"""The version of the shape; a book refuses to restore another one."""


class MoneyState(TypedDict):
    """An amount and its currency."""

    amount: str
    currency: str


class InstrumentState(TypedDict):
    """The facts of an instrument."""

    id: str
    currency: str
    multiplier: str
    price_precision: int
    size_precision: int
    is_inverse: bool
    settlement: str
    base_currency: str | None
    quote_currency: str | None
    allows_negative_price: bool


class PricesState(TypedDict):
    """The newest prices of one instrument."""

    instrument: str
    bid: str | None
    ask: str | None
    quote_ns: int
    last: str | None
    last_ns: int
    fill: str | None
    fill_ns: int


class ActionState(TypedDict):
    """A corporate action: of a split the ratio, of a dividend the money for each unit."""

    id: str
    instrument: str
    time_ns: int
    ratio: tuple[str, str] | None
    per_unit: MoneyState | None
    account: str


class LotState(TypedDict):
    """One open lot."""

    quantity: str
    cost: str
    opened_ns: int


class HoldingState(TypedDict):
    """One position, open or closed."""

    account: str
    instrument: str
    strategy: str
    lots: list[LotState]
    realised: str
    fees: list[MoneyState]
    received: list[MoneyState]
    dividends: list[MoneyState]
    peak_quantity: str
    fill_count: int
    opened_ns: int
    filled_ns: int
    price: str | None
    updated_ns: int
    closed_ns: int | None


class CashState(TypedDict):
    """The cash of one account in one currency, and how much of it came from outside."""

    account: str
    currency: str
    balance: str
    flows: str
    flow_ns: int


class CellState(TypedDict):
    """What a strategy of an account, or the account itself, has in a currency beside positions."""

    account: str
    strategy: str
    currency: str
    income: str
    income_ns: int


class AllocationState(TypedDict):
    """The capital of one strategy in one account."""

    account: str
    strategy: str
    capital: MoneyState


class BookState(TypedDict):
    """All of a book."""

    version: int
    method: str
    rule: str
    instruments: list[InstrumentState]
    prices: list[PricesState]
    holdings: list[HoldingState]
    cash: list[CashState]
    cells: list[CellState]
    actions: list[ActionState]
    allocations: list[AllocationState]


def check_version(version: int) -> None:
    """Refuse a state of another shape: its owner rebuilds the book from the log instead."""
    if version != VERSION:
        raise InvalidField("version", f"must be {VERSION}, was {version}")


def money_to(money: Money) -> MoneyState:
    """Save an amount."""
    return {"amount": str(money.amount), "currency": money.currency}


def money_from(state: MoneyState) -> Money:
    """Restore an amount."""
    return Money(Decimal(state["amount"]), state["currency"])


def instrument_to(instrument: Instrument) -> InstrumentState:
    """Save an instrument."""
    return {
        "id": instrument.id,
        "currency": instrument.currency,
        "multiplier": str(instrument.multiplier),
        "price_precision": instrument.price_precision,
        "size_precision": instrument.size_precision,
        "is_inverse": instrument.is_inverse,
        "settlement": instrument.settlement.value,
        "base_currency": instrument.base_currency,
        "quote_currency": instrument.quote_currency,
        "allows_negative_price": instrument.allows_negative_price,
    }


def instrument_from(state: InstrumentState) -> Instrument:
    """Restore an instrument."""
    return Instrument(
        id=state["id"],
        currency=state["currency"],
        multiplier=Decimal(state["multiplier"]),
        price_precision=state["price_precision"],
        size_precision=state["size_precision"],
        is_inverse=state["is_inverse"],
        settlement=Settlement(state["settlement"]),
        base_currency=state["base_currency"],
        quote_currency=state["quote_currency"],
        allows_negative_price=state["allows_negative_price"],
    )


def action_to(action: Action) -> ActionState:
    """Save a corporate action."""
    split = action if isinstance(action, Split) else None
    dividend = action if isinstance(action, Dividend) else None
    return {
        "id": action.id,
        "instrument": action.instrument,
        "time_ns": action.time_ns,
        "ratio": (str(split.numerator), str(split.denominator)) if split else None,
        "per_unit": money_to(dividend.per_unit) if dividend else None,
        "account": dividend.account if dividend else "",
    }


def action_from(state: ActionState) -> Action:
    """Restore a corporate action."""
    name, instrument, time_ns = state["id"], state["instrument"], state["time_ns"]
    if state["per_unit"] is not None:
        per_unit = money_from(state["per_unit"])
        return Dividend(name, instrument, per_unit, time_ns, state["account"])
    new, old = state["ratio"] or ("", "")
    return Split(name, instrument, Decimal(new), Decimal(old), time_ns)


def prices_to(instrument: str, prices: Prices) -> PricesState:
    """Save the prices of an instrument."""
    return {
        "instrument": instrument,
        "bid": _text(prices.bid),
        "ask": _text(prices.ask),
        "quote_ns": prices.quote_ns,
        "last": _text(prices.last),
        "last_ns": prices.last_ns,
        "fill": _text(prices.fill),
        "fill_ns": prices.fill_ns,
    }


def prices_from(state: PricesState) -> Prices:
    """Restore the prices of an instrument."""
    return Prices(
        bid=_number(state["bid"]),
        ask=_number(state["ask"]),
        quote_ns=state["quote_ns"],
        last=_number(state["last"]),
        last_ns=state["last_ns"],
        fill=_number(state["fill"]),
        fill_ns=state["fill_ns"],
    )


def allocation_to(allocation: Allocation) -> AllocationState:
    """Save an allocation."""
    capital = money_to(allocation.capital)
    return {"account": allocation.account, "strategy": allocation.strategy, "capital": capital}


def allocation_from(state: AllocationState) -> Allocation:
    """Restore an allocation."""
    return Allocation(state["account"], state["strategy"], money_from(state["capital"]))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
