"""Cells: what an account's strategy made in one currency, and which positions belong to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from quarterdeck_server.kernel.money import ZERO
from quarterdeck_server.trading.portfolio.table import Indices


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the book: one account, one strategy, one strategy of one account, or all."""

    account: str | None = None
    strategy: str | None = None

    def holds(self, account: str, strategy: str) -> bool:
        """Whether a strategy of an account is within the scope."""
        return (self.account is None or self.account == account) and (
            self.strategy is None or self.strategy == strategy
        )


type Shows = Callable[[str, str], bool]
"""Tells whether a strategy of an account is to be shown."""


def everything(account: str, strategy: str) -> bool:  # noqa: ARG001 - shows all of them
    """Show every strategy of every account."""
    return True


@dataclass(slots=True)
class Cell:
    """Realised profit before fees, fees, and income that no fill brought; all exact."""

    account: str
    strategy: str
    currency: str
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    income: Decimal = ZERO
    income_ns: int = 0
    rows: list[int] = field(default_factory=list)

    def earn(self, income: Decimal, time_ns: int) -> None:
        """Count income of a time of the market."""
        self.income += income
        self.income_ns = max(self.income_ns, time_ns)


class Cells:
    """All cells, by account, strategy and currency."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str, str], Cell] = {}
        self._of_strategy: dict[tuple[str, str], list[Cell]] = {}
        self._of_account: dict[str, list[Cell]] = {}

    def cell(self, account: str, strategy: str, currency: str) -> Cell:
        """Return a cell, new if need be."""
        key = (account, strategy, currency)
        found = self._cells.get(key)
        if found is None:
            found = self._cells[key] = Cell(*key)
            self._of_strategy.setdefault((account, strategy), []).append(found)
            self._of_account.setdefault(account, []).append(found)
        return found

    def all(self) -> Iterator[Cell]:
        """Yield every cell, the oldest first."""
        yield from self._cells.values()

    def strategies(self, account: str) -> frozenset[str]:
        """Return the strategies that an account has cells of."""
        cells = self._of_account.get(account, ())
        return frozenset(cell.strategy for cell in cells if cell.strategy)

    def accounts(self) -> frozenset[str]:
        """Return the accounts that have cells."""
        return frozenset(self._of_account)

    def within(self, scope: Scope) -> Iterator[Cell]:
        """Yield the cells of a scope."""
        if scope.account is not None and scope.strategy is not None:
            # Asked for each strategy that a price touched: must not look at all the others.
            yield from self._of_strategy.get((scope.account, scope.strategy), ())
            return
        own = (
            self._cells.values()
            if scope.account is None
            else self._of_account.get(scope.account, ())
        )
        yield from (cell for cell in own if scope.holds(cell.account, cell.strategy))

    def rows(self, scope: Scope, shows: Shows = everything) -> Indices | None:
        """Return the shown rows of a scope in ascending order, or ``None`` if it is everything."""
        if scope == Scope() and shows is everything:
            return None
        cells = (cell for cell in self.within(scope) if shows(cell.account, cell.strategy))
        rows = [row for cell in cells for row in cell.rows]
        return np.sort(np.array(rows, dtype=np.intp))
