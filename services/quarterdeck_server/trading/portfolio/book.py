"""The book: apply events one by one, ask for positions and profit at any time.

Pure and single-threaded: no clock, no I/O. The same events in the same order give the same book,
bit for bit, and a restored snapshot goes on as if it had never stopped.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from quarterdeck_server.kernel.errors import NotFound
from quarterdeck_server.kernel.money import currency_code, exact
from quarterdeck_server.trading.portfolio import answers, saving
from quarterdeck_server.trading.portfolio.actions import Action
from quarterdeck_server.trading.portfolio.basis import CostMethod, Lot
from quarterdeck_server.trading.portfolio.cells import Scope, Shows, everything
from quarterdeck_server.trading.portfolio.columns import PositionColumns
from quarterdeck_server.trading.portfolio.events import Allocation, Fill, Flow, PositionKey
from quarterdeck_server.trading.portfolio.holding import Holding
from quarterdeck_server.trading.portfolio.instrument import Instrument
from quarterdeck_server.trading.portfolio.ledger import Ledger
from quarterdeck_server.trading.portfolio.marks import Mark, ValuationRule
from quarterdeck_server.trading.portfolio.position import Position, PositionChange
from quarterdeck_server.trading.portfolio.replay import Replay
from quarterdeck_server.trading.portfolio.state import BookState
from quarterdeck_server.trading.portfolio.summary import Summary, Totals, summarise

EVERYTHING = Scope()
"""The scope of the whole book."""


class Book:
    """Positions, cash and profit of any number of accounts and strategies."""

    def __init__(
        self,
        method: CostMethod = CostMethod.AVERAGE,
        rule: ValuationRule = ValuationRule.MID,
    ) -> None:
        self._ledger = Ledger(method, rule)

    @classmethod
    def restore(cls, state: BookState) -> "Book":
        """Return a book that equals the one ``snapshot`` was taken of."""
        book = cls()
        book._ledger = saving.load(state)
        return book

    def snapshot(self) -> BookState:
        """Return all of the book as plain data, fit for JSON."""
        return saving.save(self._ledger)

    @property
    def method(self) -> CostMethod:
        """How closes take their cost."""
        return self._ledger.method

    @property
    def rule(self) -> ValuationRule:
        """Which price values a position."""
        return self._ledger.rule

    def add_instrument(self, instrument: Instrument) -> None:
        """Register an instrument before its first fill or price; again to correct its precision."""
        self._ledger.board.add(instrument)

    def apply(self, fill: Fill) -> PositionChange:
        """Apply a fill: position, realised profit, fee and cash."""
        return self._ledger.apply(fill)

    def take(self, fill: Fill) -> None:
        """Apply a fill for a caller that does not ask what it did: that costs as much again."""
        self._ledger.take(fill)

    def preview(self, fills: Sequence[Fill]) -> Iterator[Position]:
        """Yield the positions after each of these fills, without a mark, and change nothing.

        For callers that must store a change before the book may show it.
        """
        return self._ledger.preview(fills)

    def transfer(self, flow: Flow) -> None:
        """Apply cash that moved without a fill; one flow is one account's."""
        self._ledger.transfer(flow)

    def replay(self, key: PositionKey, since_ns: int, fresh: Sequence[Action] = ()) -> Replay:
        """Begin to take a position anew, since something of a time is not what it was.

        It has to run with all fills that count after ``known_ns`` of the answer, and counts when
        ``show`` takes it. ``fresh`` are corporate actions that the book is still to learn.
        """
        return self._ledger.replay(key, since_ns, fresh)

    def past(self, key: PositionKey, since_ns: int, actions: Iterable[Action]) -> Replay:
        """Begin to take a position anew as if these corporate actions were all there are.

        For what was known of it once: nothing before the time may have been told since.
        """
        return self._ledger.past(key, since_ns, actions)

    def show(self, replay: Replay) -> Position:
        """Make a position what its replay made of it: cash and profit move by the difference.

        Nothing may have changed the position since the replay began but flows.
        """
        return self._ledger.show(replay)

    def learn(self, action: Action) -> tuple[PositionKey, ...]:
        """Take a corporate action of an instrument, and return the positions to be replayed."""
        return self._ledger.learn(action)

    def holders(self, instrument: str) -> tuple[PositionKey, ...]:
        """Return the positions in an instrument, open or closed."""
        return self._ledger.holders(instrument)

    def filled_ns(self, key: PositionKey) -> int:
        """Return the time of a position's latest fill that counts; zero if there is none."""
        holding = self._ledger.holdings.get(key)
        return 0 if holding is None else holding.life.filled_ns

    def held(self, instruments: Iterable[str], scope: Scope) -> Iterator[str]:
        """Yield those of some instruments that anybody in a scope holds now."""
        for instrument in instruments:
            for key in self._ledger.held(instrument):
                if scope.holds(key.account, key.strategy):
                    yield instrument
                    break

    def actions(self, instrument: str) -> tuple[Action, ...]:
        """Return what happened to everybody who held an instrument, in the order it was learned."""
        return tuple(self._ledger.actions.get(instrument, ()))

    def allocate(self, allocation: Allocation) -> None:
        """Set the capital a strategy's return and equity count from."""
        self._ledger.allocate(allocation)

    def quote(
        self, instrument: str, bid: Decimal | None, ask: Decimal | None, time_ns: int
    ) -> tuple[PositionKey, ...]:
        """Take the newest bid and ask, and return the open positions they touch."""
        self._ledger.board.quote(instrument, bid, ask, time_ns)
        return self._ledger.open_keys(instrument)

    def trade(self, instrument: str, price: Decimal, time_ns: int) -> tuple[PositionKey, ...]:
        """Take the newest traded price or bar close, and return the open positions it touches."""
        self._ledger.board.trade(instrument, price, time_ns)
        return self._ledger.open_keys(instrument)

    def instrument(self, instrument: str) -> Instrument:
        """Return a registered instrument."""
        return self._ledger.board.instrument(instrument)

    def mark(self, instrument: str, quantity: Decimal = Decimal(1)) -> Mark | None:
        """Return the price that values a signed quantity of an instrument now."""
        self._ledger.board.instrument(instrument)
        return self._ledger.board.mark(instrument, quantity)

    def rate(self, source: str, target: str) -> Decimal | None:
        """Return how much of one currency a unit of another is, or ``None`` if no pair tells."""
        return self._ledger.board.rates.rate(source, target)

    def cash(self, account: str, currency: str) -> Decimal:
        """Return an account's cash in a currency, exact."""
        return self._ledger.cash.balance(account, currency)

    def moved_by(self, key: PositionKey) -> frozenset[str]:
        """Return the currencies in which a position moved cash by fills, fees and dividends."""
        holding = self._ledger.holdings.get(key)
        if holding is None:
            return frozenset()
        return frozenset({holding.instrument.currency, *holding.fees, *holding.dividends})

    def accounts(self) -> tuple[str, ...]:
        """Return the accounts known from fills, flows and allocations, sorted."""
        names = self._ledger.cells.accounts() | self._ledger.cash.accounts()
        return tuple(sorted(names | {account for account, _ in self._ledger.allocations}))

    def strategies(self, account: str) -> tuple[str, ...]:
        """Return the strategies known in an account from fills and allocations, sorted."""
        names = self._ledger.cells.strategies(account)
        given = {name for owner, name in self._ledger.allocations if owner == account}
        return tuple(sorted(names | given))

    def position(self, key: PositionKey) -> Position:
        """Return one position, open or closed, in exact numbers."""
        with exact():
            return self._ledger.position(self._holding(key))

    def keys(self, scope: Scope = EVERYTHING, *, open_only: bool = True) -> tuple[PositionKey, ...]:
        """Return the positions of a scope by key, in the order of their first fill."""
        found = answers.holdings(self._ledger, scope, open_only=open_only)
        return tuple(holding.key for holding in found)

    def positions(
        self, scope: Scope = EVERYTHING, *, open_only: bool = True
    ) -> tuple[Position, ...]:
        """Return the positions of a scope in exact numbers, in the order of their first fill."""
        found = answers.holdings(self._ledger, scope, open_only=open_only)
        with exact():
            return tuple(self._ledger.position(holding) for holding in found)

    def lots(self, key: PositionKey) -> tuple[Lot, ...]:
        """Return the open lots of a position, oldest first."""
        return tuple(self._holding(key).basis.lots())

    def columns(
        self, scope: Scope = EVERYTHING, shows: Shows = everything, *, open_only: bool = True
    ) -> PositionColumns:
        """Return the shown positions of a scope as columns of scaled integers."""
        found = answers.holdings(self._ledger, scope, shows, open_only=open_only)
        return answers.columns(self._ledger, found)

    def columns_of(self, keys: Iterable[PositionKey]) -> PositionColumns:
        """Return these positions, in this order, as columns of scaled integers."""
        return answers.columns(self._ledger, [self._holding(key) for key in keys])

    def totals(self, scope: Scope = EVERYTHING) -> tuple[Totals, ...]:
        """Return the sums of a scope by currency, unconverted."""
        with exact():
            return answers.scope_totals(self._ledger, scope).totals

    def summary(self, currency: str, scope: Scope = EVERYTHING) -> Summary:
        """Return profit, equity and exposure of a scope in a reporting currency."""
        currency_code("currency", currency)
        rates = self._ledger.board.rates
        with exact():
            found = answers.scope_totals(self._ledger, scope)
            return summarise(found, currency, lambda source: rates.rate(source, currency))

    def _holding(self, key: PositionKey) -> Holding:
        holding = self._ledger.holdings.get(key)
        if holding is None:
            name = f"{key.account}/{key.instrument}/{key.strategy}"
            raise NotFound("position", name)
        return holding
