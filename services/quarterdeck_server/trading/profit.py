"""Profit and loss of a strategy or an account, told in the account's base currency."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from quarterdeck_server.kernel.money import ZERO, exact, product, rounded, trimmed
from quarterdeck_server.trading.portfolio import Book, Scope, Summary, Totals

STATISTIC_DECIMALS = 8
"""Decimals of what is computed from market prices."""

CONVERTED_DECIMALS = 18
"""Decimals of what was converted at an exchange rate."""


@dataclass(frozen=True, slots=True)
class ProfitAndLoss:
    """What a strategy made in an account, or, if ``strategy`` is empty, the whole account.

    Without an account it is what all of them made, in the reporting currency.
    """

    account: str
    strategy: str
    currency: str
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    income: Decimal
    equity: Decimal | None
    gross_exposure: Decimal
    net_exposure: Decimal
    open_positions: int
    unpriced: tuple[str, ...]
    missing_rates: tuple[str, ...]
    event_time_ns: int | None

    @property
    def total(self) -> Decimal:
        """Realised and unrealised profit after fees, and income."""
        with exact():
            return self.realised + self.unrealised - self.fees + self.income

    def differs(self, other: "ProfitAndLoss | None") -> bool:
        """Tell whether another one shows other numbers, be it of another time or not."""
        return other is None or replace(other, event_time_ns=self.event_time_ns) != self


def profit_of(
    book: Book, account: str, strategy: str, currency: str, unpriced: frozenset[str]
) -> ProfitAndLoss:
    """Compute the profit of a strategy in an account, of the account, or without one of the firm.

    ``unpriced`` are the instruments that no market price was seen of.
    """
    scope = Scope(account or None, strategy or None)
    summary = book.summary(currency, scope)
    sums = _whole(summary) if not summary.rate_missing else _partial(book, scope, currency)
    return ProfitAndLoss(
        account=account,
        strategy=strategy,
        currency=currency,
        realised=sums.realised,
        unrealised=sums.unrealised,
        fees=sums.fees,
        income=sums.income,
        equity=None if strategy else sums.equity,
        gross_exposure=sums.gross_exposure,
        net_exposure=sums.net_exposure,
        open_positions=summary.open_positions,
        unpriced=_held(book, scope, unpriced),
        missing_rates=summary.rate_missing,
        event_time_ns=summary.event_time_ns,
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    income: Decimal
    equity: Decimal
    gross_exposure: Decimal
    net_exposure: Decimal


def _whole(summary: Summary) -> _Sums:
    with exact():
        return _Sums(
            realised=_amount(summary.realised),
            unrealised=_statistic(summary.unrealised),
            fees=_amount(summary.fees),
            income=_amount(summary.income),
            equity=_amount(summary.cash) + _statistic(summary.market_value),
            gross_exposure=_statistic(summary.gross_exposure),
            net_exposure=_statistic(summary.net_exposure),
        )


def _partial(book: Book, scope: Scope, currency: str) -> _Sums:
    """Sum what has a rate and leave out what has none."""
    rates = ((part, book.rate(part.currency, currency)) for part in book.totals(scope))
    known = [(part, rate) for part, rate in rates if rate is not None]
    with exact():
        return _Sums(
            realised=_exact_sum(known, lambda part: part.realised),
            unrealised=_float_sum(known, lambda part: part.unrealised),
            fees=_exact_sum(known, lambda part: part.fees),
            income=_exact_sum(known, lambda part: part.income),
            equity=_exact_sum(known, lambda part: part.cash or ZERO)
            + _float_sum(known, lambda part: part.market_value),
            gross_exposure=_float_sum(known, lambda part: part.gross_exposure),
            net_exposure=_float_sum(known, lambda part: part.net_exposure),
        )


type _Known = Sequence[tuple[Totals, Decimal]]


def _exact_sum(known: _Known, field: Callable[[Totals], Decimal]) -> Decimal:
    return _amount(sum((product(field(part), rate) for part, rate in known), ZERO))


def _float_sum(known: _Known, field: Callable[[Totals], float | None]) -> Decimal:
    return _statistic(sum((field(part) or 0.0) * float(rate) for part, rate in known))


def _held(book: Book, scope: Scope, unpriced: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(book.held(unpriced, scope)))


def _amount(value: Decimal | None) -> Decimal:
    return ZERO if value is None else trimmed(rounded(value, CONVERTED_DECIMALS))


def _statistic(value: float | None) -> Decimal:
    return ZERO if value is None else trimmed(rounded(float(value), STATISTIC_DECIMALS))
