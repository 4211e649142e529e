"""What a ledger answers: totals and columns of a scope."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isnan

import numpy as np

from quarterdeck_server.kernel.money import ZERO
from quarterdeck_server.trading.portfolio.cells import Cell, Scope, Shows, everything
from quarterdeck_server.trading.portfolio.columns import PositionColumns, position_columns
from quarterdeck_server.trading.portfolio.holding import Holding
from quarterdeck_server.trading.portfolio.ledger import Ledger
from quarterdeck_server.trading.portfolio.summary import ScopeTotals, Totals
from quarterdeck_server.trading.portfolio.table import Floats, Indices, Rows
from quarterdeck_server.trading.portfolio.valuation import CurrencySums, currency_sums, revalue


def scope_totals(ledger: Ledger, scope: Scope) -> ScopeTotals:
    """Revalue a scope and sum it by currency; call it inside ``money.exact()``."""
    chosen = ledger.cells.rows(scope)
    rows = ledger.table.rows(chosen)
    worth = revalue(rows, ledger.board.units)
    sums = currency_sums(rows, worth, len(ledger.currencies))
    cells: dict[str, list[Cell]] = {}
    for cell in ledger.cells.within(scope):
        cells.setdefault(cell.currency, []).append(cell)
    money = _money(ledger, scope)
    currencies = sorted(cells.keys() | money.keys())
    totals = (_exact_part(name, cells.get(name, ()), money.get(name)) for name in currencies)
    return ScopeTotals(
        scope=scope,
        totals=tuple(_valued(part, sums, ledger.currencies) for part in totals),
        open_positions=int(np.count_nonzero(rows.slot)),
        event_time_ns=_newest(ledger, scope, rows),
        mark_missing=_unmarked(ledger, chosen, worth.unrealised),
    )


def holdings(
    ledger: Ledger, scope: Scope, shows: Shows = everything, *, open_only: bool
) -> list[Holding]:
    """Return the shown holdings of a scope, in the order of their first fill."""
    chosen = ledger.cells.rows(scope, shows)
    if chosen is None:
        chosen = np.arange(len(ledger.table), dtype=np.intp)
    if open_only:
        chosen = chosen[ledger.table.rows(chosen).slot != 0]
    return [ledger.rows[row] for row in chosen.tolist()]


def columns(ledger: Ledger, chosen: list[Holding]) -> PositionColumns:
    """Return holdings as columns."""
    numbers = np.array([holding.row for holding in chosen], dtype=np.intp)
    rows = ledger.table.rows(numbers)
    return position_columns(chosen, rows, ledger.board.prices, ledger.board.units)


@dataclass(slots=True)
class _Money:
    cash: Decimal | None = None
    capital: Decimal | None = None


def _money(ledger: Ledger, scope: Scope) -> dict[str, _Money]:
    found: dict[str, _Money] = {}
    if scope.strategy is None:
        for currency, balance in ledger.cash.of(scope.account):
            money = found.setdefault(currency, _Money(ZERO, ZERO))
            money.cash = (money.cash or ZERO) + balance.amount
            money.capital = (money.capital or ZERO) + balance.flows
        return found
    for allocation in ledger.allocations.values():
        if scope.holds(allocation.account, allocation.strategy):
            money = found.setdefault(allocation.capital.currency, _Money())
            money.capital = (money.capital or ZERO) + allocation.capital.amount
    return found


def _exact_part(currency: str, cells: Collection[Cell], money: _Money | None) -> Totals:
    return Totals(
        currency=currency,
        realised=sum((cell.realised for cell in cells), ZERO),
        fees=sum((cell.fees for cell in cells), ZERO),
        income=sum((cell.income for cell in cells), ZERO),
        cash=None if money is None else money.cash,
        capital=None if money is None else money.capital,
    )


def _valued(totals: Totals, sums: CurrencySums, currencies: Mapping[str, int]) -> Totals:
    number = currencies.get(totals.currency)
    if number is None:
        return totals
    return replace(
        totals,
        unrealised=_known(sums.unrealised[number]),
        market_value=_known(sums.market_value[number]),
        gross_exposure=_known(sums.gross_exposure[number]),
        net_exposure=_known(sums.net_exposure[number]),
    )


def _known(value: float) -> float | None:
    return None if isnan(value) else float(value)


def _newest(ledger: Ledger, scope: Scope, rows: Rows) -> int | None:
    times = [cell.income_ns for cell in ledger.cells.within(scope)]
    if scope.strategy is None:
        times += [balance.flow_ns for _, balance in ledger.cash.of(scope.account)]
    if len(rows.slot):
        times += [int(rows.updated_ns.max()), int(ledger.board.times.take(rows.slot).max())]
    return max(times, default=0) or None


def _unmarked(ledger: Ledger, chosen: Indices | None, unrealised: Floats) -> tuple[str, ...]:
    missing = np.flatnonzero(np.isnan(unrealised))
    rows = missing if chosen is None else chosen[missing]
    return tuple(sorted(set(_instruments(ledger, rows))))


def _instruments(ledger: Ledger, rows: Indices) -> Iterator[str]:
    for row in rows.tolist():
        yield ledger.rows[row].key.instrument
