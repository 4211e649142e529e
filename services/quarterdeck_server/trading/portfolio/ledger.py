"""The ledger: everything a book remembers, and the one place where events change it.

Events are checked before anything changes, so a refused one leaves no trace.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal

from quarterdeck_server.kernel.money import Money, exact
from quarterdeck_server.trading.portfolio.actions import Action, Split, concerns
from quarterdeck_server.trading.portfolio.basis import CostMethod, Lot, new_basis
from quarterdeck_server.trading.portfolio.board import PriceBoard
from quarterdeck_server.trading.portfolio.cash import CashLedger
from quarterdeck_server.trading.portfolio.cells import Cells
from quarterdeck_server.trading.portfolio.events import Allocation, Fill, Flow, PositionKey
from quarterdeck_server.trading.portfolio.holding import (
    Holding,
    Life,
    Outcome,
    Standing,
    check_fill,
    difference,
)
from quarterdeck_server.trading.portfolio.instrument import Instrument
from quarterdeck_server.trading.portfolio.marks import ValuationRule
from quarterdeck_server.trading.portfolio.position import Position, PositionChange
from quarterdeck_server.trading.portfolio.replay import Replay
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
        self.actions: dict[str, list[Action]] = {}
        self._keys: dict[str, list[PositionKey]] = {}
        self._open: dict[str, dict[PositionKey, None]] = {}

    def apply(self, fill: Fill) -> PositionChange:
        """Move a position and its account's cash by a fill, and tell what that did."""
        with exact():
            holding, outcome, cash = self._applied(fill)
            return PositionChange(
                fill_id=fill.id,
                kind=outcome.kind,
                realised=Money(outcome.realised, holding.instrument.currency),
                fee=fill.fee,
                cash=cash,
                position=self.position(holding),
            )

    def take(self, fill: Fill) -> None:
        """Do the same, and tell nothing."""
        with exact():
            self._applied(fill)

    def preview(self, fills: Iterable[Fill]) -> Iterator[Position]:
        """Yield the positions after each of these fills, without a mark; changes nothing."""
        part: dict[PositionKey, Holding] = {}
        for fill in fills:
            instrument, key = self._checked(fill), fill.key
            with exact():
                if key not in part:
                    known = self.holdings.get(key)
                    none = Holding(key, instrument, new_basis(self.method), 0)
                    part[key] = none if known is None else known.copy()
                part[key].take(fill)
                position = part[key].view(None)
            # Outside: whoever reads on, or never does, has an arithmetic of his own.
            yield position

    def replay(self, key: PositionKey, since_ns: int, fresh: Sequence[Action] = ()) -> Replay:
        """Begin to take a position anew, since something of a time is not what it was.

        ``fresh`` are actions that the ledger is still to learn.
        """
        return self.past(key, since_ns, [*self.actions.get(key.instrument, ()), *fresh])

    def past(self, key: PositionKey, since_ns: int, actions: Iterable[Action]) -> Replay:
        """Do the same as if these actions were all there are."""
        instrument, known = self.board.instrument(key.instrument), self.holdings.get(key)
        holding = None if known is None else known.before(since_ns)
        if holding is None:
            holding = Holding(key, instrument, new_basis(self.method), 0)
            holding.received = {} if known is None else dict(known.received)
        mine = (action for action in actions if action.instrument == key.instrument)
        return Replay(holding, [action for action in mine if concerns(action, key.account)])

    def show(self, replay: Replay) -> Position:
        """Make a position what its replay made of it."""
        key, instrument = replay.holding.key, replay.holding.instrument
        with exact():
            holding = self.holding(key, instrument)
            before, life = holding.standing(), holding.life
            holding.become(replay.holding)
            self._account_for(holding, before)
            self._refill(holding, life)
            self.shadow(holding)
            return self.position(holding)

    def learn(self, action: Action) -> tuple[PositionKey, ...]:
        """Take a corporate action into account: for older prices, and whenever fills are replayed.

        Returns the positions that have to be replayed now.
        """
        self.board.instrument(action.instrument)
        self.actions.setdefault(action.instrument, []).append(action)
        if isinstance(action, Split):
            self.board.split(action)
        holders = self.holders(action.instrument)
        return tuple(key for key in holders if concerns(action, key.account))

    def holders(self, instrument: str) -> tuple[PositionKey, ...]:
        """Return the positions in an instrument, open or closed."""
        return tuple(self._keys.get(instrument, ()))

    def transfer(self, flow: Flow) -> None:
        """Move an account's cash without a fill; income is also what somebody earned."""
        instrument = self.board.instrument(flow.instrument) if flow.instrument else None
        account, money = flow.account, flow.money
        with exact():
            if flow.kind.is_external:
                self.cash.receive(account, money, flow.market_ns)
                return
            self.cash.move(account, money.currency, money.amount)
            cell = self.cells.cell(account, flow.strategy, money.currency)
            cell.earn(money.amount, flow.market_ns)
            if flow.key is not None and instrument is not None:
                holding = self.holding(flow.key, instrument)
                holding.receive(money)
                self.shadow(holding)

    def allocate(self, allocation: Allocation) -> None:
        """Set the capital of a strategy in an account."""
        self.allocations[allocation.account, allocation.strategy] = allocation

    def held(self, instrument: str) -> Collection[PositionKey]:
        """Return the open positions in an instrument as of now, to look at without a copy."""
        return self._open.get(instrument, {}).keys()

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
            self._keys.setdefault(key.instrument, []).append(key)
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
            income=float(holding.own_income),
            slot=slot,
            updated_ns=holding.life.updated_ns,
        )
        self.table.put(holding.row, change)
        held = self._open.setdefault(key.instrument, {})
        if quantity:
            held[key] = None
        else:
            held.pop(key, None)

    def _applied(self, fill: Fill) -> tuple[Holding, Outcome, tuple[Money, ...]]:
        instrument = self._checked(fill)
        holding = self.holding(fill.key, instrument)
        outcome = holding.apply(fill)
        cash = self._settle(fill, holding, outcome)
        self.board.fill(instrument, fill.price, fill.time_ns)
        self.shadow(holding)
        return holding, outcome, cash

    def _settle(self, fill: Fill, holding: Holding, outcome: Outcome) -> tuple[Money, ...]:
        self.realise(holding, outcome.realised)
        moved = [Money(outcome.cash, holding.instrument.currency)]
        if fill.fee is not None:
            holding.pay(fill.fee)
            self.charge(holding, fill.fee)
            moved.append(-fill.fee)
        for money in moved:
            self.cash.move(fill.account, money.currency, money.amount)
        return tuple(money for money in moved if money.amount)

    def _checked(self, fill: Fill) -> Instrument:
        instrument = self.board.instrument(fill.instrument)
        check_fill(instrument, fill)
        return instrument

    def _refill(self, holding: Holding, before: Life) -> None:
        """Value at the newest of the own fills that are left.

        All who hold the instrument are looked at only if the newest may have been taken back: an
        action has each of them replayed.
        """
        instrument, after = holding.instrument, holding.life
        if (after.filled_ns, after.price) == (before.filled_ns, before.price):
            return
        shown_ns = self.board.fill_ns(instrument.id)
        if after.filled_ns < shown_ns <= before.filled_ns:
            lives = [self.holdings[key].life for key in self.holders(instrument.id)]
            after = max(lives, key=lambda life: life.filled_ns)
        elif after.filled_ns < shown_ns:
            return
        self.board.refill(instrument, after.price, after.filled_ns)

    def _account_for(self, holding: Holding, before: Standing) -> None:
        """Move cash and sums by what a holding stands at now and did not before."""
        key, after = holding.key, holding.standing()
        self.realise(holding, after.realised - before.realised)
        for currency, fees in difference(after.fees, before.fees).items():
            self.charge(holding, Money(fees, currency))
        for currency, income in difference(after.dividends, before.dividends).items():
            self.cells.cell(key.account, key.strategy, currency).income += income
        for currency, cash in difference(after.cash, before.cash).items():
            self.cash.move(key.account, currency, cash)
