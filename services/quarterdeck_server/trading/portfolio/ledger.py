"""The ledger: everything a book remembers, and the one place where events change it.

Events are checked before anything changes, so a refused one leaves no trace.
"""

from decimal import Decimal

from quarterdeck_server.kernel.money import CurrencyMismatch, Money, exact
from quarterdeck_server.trading.portfolio.basis import CostMethod, Lot, new_basis
from quarterdeck_server.trading.portfolio.board import PriceBoard
from quarterdeck_server.trading.portfolio.cash import CashLedger
from quarterdeck_server.trading.portfolio.cells import Cells
from quarterdeck_server.trading.portfolio.events import Allocation, Fill, Flow, PositionKey
from quarterdeck_server.trading.portfolio.holding import Holding, Outcome
from quarterdeck_server.trading.portfolio.instrument import Instrument
from quarterdeck_server.trading.portfolio.marks import ValuationRule
from quarterdeck_server.trading.portfolio.position import Position, PositionChange
from quarterdeck_server.trading.portfolio.table import Change, PositionTable


class Ledger:
    """Positions, cash, prices and capital, exact, with their float64 shadow."""

    def __init__(self, method: CostMethod, rule: ValuationRule) -> None:
        self.method = method
        self.rule = rule
        self.board = PriceBoard(rule)
        self.cash = CashLedger()
        self.cells = Cells()
        self.table = PositionTable()
        self.holdings: dict[PositionKey, Holding] = {}
        self.rows: list[Holding] = []
        self.currencies: dict[str, int] = {}
        self.allocations: dict[tuple[str, str], Allocation] = {}
        self._open: dict[str, dict[PositionKey, None]] = {}

    def apply(self, fill: Fill) -> PositionChange:
        """Move a position and its account's cash by a fill."""
        instrument = self.board.instrument(fill.instrument)
        instrument.checked_price("price", fill.price)
        if fill.currency not in {None, instrument.currency}:
            raise CurrencyMismatch("currency", instrument.currency, str(fill.currency))
        with exact():
            holding = self.holding(fill.key, instrument)
            outcome = holding.apply(fill)
            cash = self._settle(fill, instrument, outcome)
            self.board.fill(instrument, fill.price, fill.time_ns)
            self.shadow(holding)
            return PositionChange(
                fill_id=fill.id,
                kind=outcome.kind,
                realised=Money(outcome.realised, instrument.currency),
                fee=fill.fee,
                cash=cash,
                position=self.position(holding),
            )

    def transfer(self, flow: Flow) -> None:
        """Move an account's cash by a flow from outside."""
        with exact():
            self.cash.receive(flow.account, flow.money.currency, flow.signed_amount)

    def allocate(self, allocation: Allocation) -> None:
        """Set the capital of a strategy in an account."""
        self.allocations[allocation.account, allocation.strategy] = allocation

    def open_keys(self, instrument: str) -> tuple[PositionKey, ...]:
        """Return the open positions in an instrument: what one price touches."""
        return tuple(self._open.get(instrument, ()))

    def holding(
        self, key: PositionKey, instrument: Instrument, lots: tuple[Lot, ...] = ()
    ) -> Holding:
        """Return the holding of a key, new (with these lots) if need be."""
        found = self.holdings.get(key)
        if found is None:
            currency = instrument.currency
            number = self.currencies.setdefault(currency, len(self.currencies))
            row = self.table.add(instrument, number)
            self.cells.cell(key.account, key.strategy, currency).rows.append(row)
            found = Holding(key, instrument, new_basis(self.method, lots), row)
            self.holdings[key] = found
            self.rows.append(found)
        return found

    def position(self, holding: Holding) -> Position:
        """Return a holding at its mark; call it inside ``money.exact()``."""
        mark = self.board.mark(holding.key.instrument, holding.basis.quantity)
        return holding.view(mark)

    def realise(self, holding: Holding, realised: Decimal) -> None:
        """Count realised profit in the position's cell."""
        key, currency = holding.key, holding.instrument.currency
        self.cells.cell(key.account, key.strategy, currency).realised += realised

    def charge(self, holding: Holding, fee: Money) -> None:
        """Count a fee in the cell of the fee's currency."""
        key = holding.key
        self.cells.cell(key.account, key.strategy, fee.currency).fees += fee.amount

    def shadow(self, holding: Holding) -> None:
        """Bring the float64 row and the list of open positions up to date."""
        quantity, key = holding.basis.quantity, holding.key
        slot = self.board.slot(key.instrument, quantity)
        change = Change(
            quantity=float(quantity),
            cost=float(holding.basis.cost),
            realised=float(holding.realised),
            fees=float(holding.own_fees),
            slot=slot,
            updated_ns=holding.life.updated_ns,
        )
        self.table.put(holding.row, change)
        held = self._open.setdefault(key.instrument, {})
        if quantity:
            held[key] = None
        else:
            held.pop(key, None)

    def _settle(self, fill: Fill, instrument: Instrument, outcome: Outcome) -> tuple[Money, ...]:
        holding = self.holdings[fill.key]
        self.realise(holding, outcome.realised)
        moved = [Money(outcome.cash, instrument.currency)]
        if fill.fee is not None:
            holding.pay(fill.fee)
            self.charge(holding, fill.fee)
            moved.append(-fill.fee)
        for money in moved:
            self.cash.move(fill.account, money.currency, money.amount)
        return tuple(money for money in moved if money.amount)
