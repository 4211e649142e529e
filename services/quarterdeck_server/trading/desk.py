"""The desk: the live portfolio, and the version at which each part of it changed last.

Changes collect until ``flush``, which values what they touched and counts the version up. A reader
is then only a version: what it has to be told is everything with a higher one, however long it
was away and however many readers there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.money import Money, product, trimmed
from quarterdeck_server.trading.books import Books
from quarterdeck_server.trading.domain.price import Last, Quote
from quarterdeck_server.trading.domain.retold import Retold
from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.portfolio import (
    Action,
    Book,
    CostMethod,
    Fill,
    Flow,
    Instrument,
    PositionColumns,
    PositionKey,
    Scope,
)
from quarterdeck_server.trading.profit import ProfitAndLoss, profit_of
from quarterdeck_server.trading.versions import RowVersions

type ScopeKey = tuple[str, str]

FIRM: ScopeKey = ("", "")
"""The scope of all accounts."""


@dataclass(frozen=True, slots=True)
class Flush:
    """What a flush changed: the profits that are new, and those of them that fills touched."""

    version: int
    profits: tuple[ProfitAndLoss, ...]
    filled: tuple[ProfitAndLoss, ...]
    position: int = 0
    """Up to which place of the log they are true."""


@dataclass(frozen=True, slots=True)
class Cash:
    """The cash of an account in a currency."""

    account: str
    money: Money


@dataclass(frozen=True, slots=True)
class Changes:
    """What of the portfolio changed, within a view."""

    profits: tuple[ProfitAndLoss, ...]
    positions: tuple[PositionKey, ...]
    cash: tuple[Cash, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.profits or self.positions or self.cash)


class Desk:
    """Both books, the newest prices, and what changed when. One owner, one event loop."""

    def __init__(self, reporting_currency: str = "") -> None:
        self._reporting_currency = reporting_currency
        self.version = 0
        self.position = 0
        self.ahead: dict[PositionKey, int] = {}
        """Positions that are further than the desk while it follows the log, and how far."""
        self.bases: dict[str, str] = {}
        self.books = Books()
        self._rows = RowVersions()
        self._touched: set[PositionKey] = set()
        self._filled: dict[ScopeKey, None] = {}
        self._rates_moved = False
        self._profits: dict[ScopeKey, tuple[int, ProfitAndLoss]] = {}
        self._shown_ns: dict[str, int] = {}
        self._cash: dict[ScopeKey, int] = {}
        self._moved: set[ScopeKey] = set()

    @property
    def average(self) -> Book:
        """The book at average cost."""
        return self.books.average

    def book(self, method: CostMethod) -> Book:
        """Return the book of a cost method, at the newest prices."""
        return self.books.of(method)

    def restore(self, average: Book, fifo: Book, position: int) -> None:
        """Take over saved books."""
        self.books.restore(average, fifo)
        self.position = position
        for key in average.keys(open_only=False):
            self._rows.add(key)
        for account in average.accounts():
            self._cash.update({(account, money.currency): 0 for money in self._money(account)})

    def revalue_all(self) -> None:
        """Value everything with the next flush."""
        self._rates_moved = True

    def add_account(self, account: str, base_currency: str) -> None:
        """Register an account and the currency in which its profit is told."""
        self.bases[account] = base_currency
        self._filled[account, ""] = None

    def shown_ns(self, account: str) -> int:
        """Return the market's time of the latest profit that was ever shown of an account."""
        return self._shown_ns.get(account, 0)

    def showed(self, account: str, time_ns: int) -> None:
        """Learn that an account was shown as of a time.

        Curves keep what they showed, also when the newest fill is taken back and what is shown next
        is of an earlier time.
        """
        self._shown_ns[account] = max(self.shown_ns(account), time_ns)

    def knows(self, instrument: str) -> bool:
        """Tell whether an instrument is registered."""
        return self.books.knows(instrument)

    def add_instrument(self, instrument: Instrument) -> None:
        """Register an instrument, with the prices that came before it."""
        self._priced(instrument.id, self.books.add_instrument(instrument))

    def apply(self, fill: Fill, position: int) -> None:
        """Apply a fill of the log."""
        self.books.take(fill)
        key = fill.key
        self._rows.add(key)
        self._touched.add(key)
        self._filled[fill.account, fill.strategy] = self._filled[fill.account, ""] = None
        self._moved.add((fill.account, self.average.instrument(fill.instrument).currency))
        if fill.fee is not None:
            self._moved.add((fill.account, fill.fee.currency))
        self.position = position

    def replay(self, key: PositionKey, retold: Retold) -> None:
        """Make a position what all of its fills made of it."""
        before = self.average.moved_by(key)
        self.books.show(retold)
        self._rows.add(key)
        self._touched.add(key)
        self._filled |= {(key.account, key.strategy): None, (key.account, ""): None}
        moved = before | self.average.moved_by(key)
        self._moved |= {(key.account, currency) for currency in moved}

    def learn(self, action: Action) -> tuple[PositionKey, ...]:
        """Take a corporate action, and return the positions that must be replayed after it."""
        return self.books.learn(action)

    def transfer(self, flow: Flow, position: int) -> None:
        """Apply cash that moved without a fill."""
        self.books.transfer(flow)
        self._moved.add((flow.account, flow.money.currency))
        self._filled |= {(flow.account, flow.strategy): None, (flow.account, ""): None}
        if flow.key is not None:
            self._rows.add(flow.key)
            self._touched.add(flow.key)
        self.position = position

    def price(self, price: Quote | Last) -> None:
        """Take a price; a price that cannot be one is counted and left out."""
        self._priced(price.instrument, self.books.price(price))

    def flush(self) -> Flush | None:
        """Value what changed since the last flush; ``None`` if nothing did."""
        scopes = self._dirty_scopes()
        if not (scopes or self._touched or self._moved or self._rates_moved):
            return None
        self.version += 1
        self._rows.mark(self._touched, self.version)
        self._cash.update(dict.fromkeys(self._moved, self.version))
        unpriced = self.unpriced
        changed = [profit for scope in scopes if (profit := self._revalued(scope, unpriced))]
        # The firm is told to who asks for the portfolio; it has no topic and no curve.
        changed = [profit for profit in changed if profit.account]
        filled = tuple(p for p in changed if (p.account, p.strategy) in self._filled)
        self._touched.clear()
        self._moved.clear()
        self._filled.clear()
        self._rates_moved = False
        return Flush(self.version, tuple(changed), filled, self.position)

    def changes(self, view: View, since: int) -> Changes:
        """Return what changed within a view after a version; everything after version -1."""
        keys = self._rows.after(since)
        return Changes(
            profits=tuple(
                profit
                for (account, strategy), (version, profit) in self._profits.items()
                if version > since and view.shows(account, strategy)
            ),
            positions=tuple(key for key in keys if view.shows(key.account, key.strategy)),
            cash=tuple(self._cash_within(view, since)),
        )

    def profits(self, view: View, method: CostMethod) -> tuple[ProfitAndLoss, ...]:
        """Return the profits within a view as of now."""
        book, unpriced = self.book(method), self.unpriced
        return tuple(
            profit_of(book, account, strategy, currency, unpriced)
            for account, strategy in self._scopes()
            if view.shows(account, strategy) and (currency := self.base_of(account))
        )

    def keys(self, view: View, method: CostMethod, *, open_only: bool) -> tuple[PositionKey, ...]:
        """Return the positions within a view, in the order of their first fill."""
        scope = Scope(view.account or None, view.strategy or None)
        keys = self.book(method).keys(scope, open_only=open_only)
        return tuple(key for key in keys if view.shows(key.account, key.strategy))

    def columns(self, view: View, method: CostMethod) -> PositionColumns:
        """Return the positions within a view, open or closed, as columns."""
        scope = Scope(view.account or None, view.strategy or None)
        return self.book(method).columns(scope, view.shows, open_only=False)

    def strategies_of(self, view: View, account: str) -> tuple[str, ...]:
        """Return the strategies within a view that traded in an account."""
        names = self.average.strategies(account)
        return tuple(name for name in names if view.shows(account, name))

    def cash_of(self, view: View) -> tuple[Cash, ...]:
        """Return the cash within a view as of now."""
        known = sorted(self._cash.keys() | self._moved)
        return tuple(self._balance(*key) for key in known if view.shows(key[0]))

    def cash(self, account: str) -> tuple[Cash, ...]:
        """Return the cash of an account."""
        return tuple(Cash(account, money) for money in self._money(account))

    def in_base(self, account: str, money: Money, base: str = "") -> Decimal | None:
        """Return an amount in the base currency of an account, if its rate is known now.

        ``base`` is that of an account which the desk is still to learn of.
        """
        rate = self.average.rate(money.currency, base or self.bases[account])
        return None if rate is None else trimmed(product(money.amount, rate))

    def _priced(self, instrument: str, touched: Sequence[PositionKey] | None) -> None:
        if touched is not None:
            self._touched.update(touched)
            self._rates_moved |= self.average.instrument(instrument).pair is not None

    def _cash_within(self, view: View, since: int) -> Iterable[Cash]:
        for (account, currency), version in sorted(self._cash.items()):
            if version > since and view.shows(account):
                yield self._balance(account, currency)

    def _balance(self, account: str, currency: str) -> Cash:
        return Cash(account, Money(self.average.cash(account, currency), currency))

    def _money(self, account: str) -> list[Money]:
        totals = self.average.totals(Scope(account))
        return [Money(part.cash, part.currency) for part in totals if part.cash is not None]

    def _scopes(self) -> list[ScopeKey]:
        accounts = sorted(self.bases.keys() | set(self.average.accounts()))
        return [
            FIRM,
            *(
                (account, strategy)
                for account in accounts
                for strategy in ("", *self.average.strategies(account))
            ),
        ]

    def _dirty_scopes(self) -> dict[ScopeKey, None]:
        if self._rates_moved:
            return dict.fromkeys(self._scopes())
        scopes = dict(self._filled)
        for key in self._touched:
            scopes[key.account, key.strategy] = scopes[key.account, ""] = None
        return scopes | {FIRM: None} if scopes else scopes

    def _revalued(self, scope: ScopeKey, unpriced: frozenset[str]) -> ProfitAndLoss | None:
        account, strategy = scope
        if not (currency := self.base_of(account)):
            self._profits.pop(scope, None)
            return None
        profit = profit_of(self.average, account, strategy, currency, unpriced)
        _, before = self._profits.get(scope, (0, None))
        if not profit.differs(before):
            return None
        self._profits[scope] = (self.version, profit)
        self.showed(account, profit.event_time_ns or 0)
        return profit

    def base_of(self, account: str) -> str:
        """Return the currency in which an account, or without one the firm, is told.

        The firm's is empty if none was chosen and the accounts do not share one.
        """
        if account:
            return self.bases[account]
        shared = set(self.bases.values())
        return self._reporting_currency or (shared.pop() if len(shared) == 1 else "")

    @property
    def unpriced(self) -> frozenset[str]:
        """The instruments that no market price was seen of."""
        return self.books.unpriced
