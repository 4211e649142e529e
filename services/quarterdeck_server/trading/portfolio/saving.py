"""A ledger to plain data and back."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from quarterdeck_server.kernel.money import Money, exact
from quarterdeck_server.trading.portfolio.basis import CostMethod, Lot
from quarterdeck_server.trading.portfolio.cells import Cell
from quarterdeck_server.trading.portfolio.events import PositionKey
from quarterdeck_server.trading.portfolio.holding import Holding, Life
from quarterdeck_server.trading.portfolio.ledger import Ledger
from quarterdeck_server.trading.portfolio.marks import ValuationRule
from quarterdeck_server.trading.portfolio.state import (
    VERSION,
    BookState,
    CellState,
    HoldingState,
    MoneyState,
    action_from,
    action_to,
    allocation_from,
    allocation_to,
    check_version,
    instrument_from,
    instrument_to,
    money_from,
    money_to,
    prices_from,
    prices_to,
)


def save(ledger: Ledger) -> BookState:
    """Return all a ledger remembers."""
    return {
        "version": VERSION,
        "method": ledger.method.value,
        "rule": ledger.rule.value,
        "instruments": [instrument_to(known) for known in ledger.board.instruments()],
        "prices": [prices_to(instrument, prices) for instrument, prices in ledger.board.saved()],
        "holdings": [_holding_to(holding) for holding in ledger.rows],
        "cash": ledger.cash.save(),
        "cells": [_cell_to(cell) for cell in ledger.cells.all()],
        "actions": [action_to(one) for known in ledger.actions.values() for one in known],
        "allocations": [allocation_to(known) for known in ledger.allocations.values()],
    }


def load(state: BookState) -> Ledger:
    """Return a ledger that goes on where the saved one stopped."""
    check_version(state["version"])
    ledger = Ledger(CostMethod(state["method"]), ValuationRule(state["rule"]))
    for instrument in state["instruments"]:
        ledger.board.add(instrument_from(instrument))
    for action in state["actions"]:
        ledger.learn(action_from(action))
    for prices in state["prices"]:
        ledger.board.load(prices["instrument"], prices_from(prices))
    ledger.cash.load(state["cash"])
    for allocation in state["allocations"]:
        ledger.allocate(allocation_from(allocation))
    with exact():
        for known in state["cells"]:
            cell = ledger.cells.cell(known["account"], known["strategy"], known["currency"])
            cell.earn(Decimal(known["income"]), known["income_ns"])
        for holding in state["holdings"]:
            _load_holding(ledger, holding)
    return ledger


def _load_holding(ledger: Ledger, state: HoldingState) -> None:
    key = PositionKey(state["account"], state["instrument"], state["strategy"])
    holding = ledger.holding(key, ledger.board.instrument(key.instrument), tuple(_lots(state)))
    holding.life = _life(state)
    holding.realised = Decimal(state["realised"])
    ledger.realise(holding, holding.realised)
    for fee in state["fees"]:
        holding.pay(money_from(fee))
        ledger.charge(holding, money_from(fee))
    for received in state["received"]:
        holding.receive(money_from(received))
    holding.dividends = {one["currency"]: Decimal(one["amount"]) for one in state["dividends"]}
    ledger.shadow(holding)


def _lots(state: HoldingState) -> Iterator[Lot]:
    for lot in state["lots"]:
        yield Lot(Decimal(lot["quantity"]), Decimal(lot["cost"]), lot["opened_ns"])


def _life(state: HoldingState) -> Life:
    return Life(
        peak_quantity=Decimal(state["peak_quantity"]),
        fill_count=state["fill_count"],
        opened_ns=state["opened_ns"],
        filled_ns=state["filled_ns"],
        price=None if state["price"] is None else Decimal(state["price"]),
        updated_ns=state["updated_ns"],
        closed_ns=state["closed_ns"],
    )


def _holding_to(holding: Holding) -> HoldingState:
    key, life = holding.key, holding.life
    return {
        "account": key.account,
        "instrument": key.instrument,
        "strategy": key.strategy,
        "lots": [
            {"quantity": str(lot.quantity), "cost": str(lot.cost), "opened_ns": lot.opened_ns}
            for lot in holding.basis.lots()
        ],
        "realised": str(holding.realised),
        "fees": _amounts(holding.fees),
        "received": _amounts(holding.received),
        "dividends": _amounts(holding.dividends),
        "peak_quantity": str(life.peak_quantity),
        "fill_count": life.fill_count,
        "opened_ns": life.opened_ns,
        "filled_ns": life.filled_ns,
        "price": None if life.price is None else str(life.price),
        "updated_ns": life.updated_ns,
        "closed_ns": life.closed_ns,
    }


def _cell_to(cell: Cell) -> CellState:
    return {
        "account": cell.account,
        "strategy": cell.strategy,
        "currency": cell.currency,
        "income": str(cell.income),
        "income_ns": cell.income_ns,
    }


def _amounts(amounts: Mapping[str, Decimal]) -> list[MoneyState]:
    return [money_to(Money(amount, currency)) for currency, amount in amounts.items()]
