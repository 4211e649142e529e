"""Totals by currency, and the summary of a scope in one reporting currency."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.money import ZERO, product
from quarterdeck_server.trading.portfolio.cells import Scope


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a scope in one currency, unconverted.

    ``cash`` and ``capital`` are those of whole accounts; for a scope with a strategy ``cash`` is
    ``None`` and ``capital`` is what strategies were allocated. Floats are ``None`` while an open
    position has no mark.
    """

    currency: str
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    income: Decimal = ZERO
    cash: Decimal | None = None
    capital: Decimal | None = None
    unrealised: float | None = 0.0
    market_value: float | None = 0.0
    gross_exposure: float | None = 0.0
    net_exposure: float | None = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it needs an exchange rate."""
        exact = (self.realised, self.fees, self.income, self.cash, self.capital)
        return not any(exact) and self.unrealised == self.gross_exposure == 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """A scope in one reporting currency; see docs/guides/profit-and-loss.md for each formula.

    What cannot be known is ``None``, and ``rate_missing`` (currencies) and ``mark_missing``
    (instruments) say why. ``event_time_ns`` is that of the newest fill or price in it.
    """

    scope: Scope
    currency: str
    open_positions: int
    event_time_ns: int | None
    realised: Decimal | None
    fees: Decimal | None
    income: Decimal | None
    cash: Decimal | None
    capital: Decimal | None
    unrealised: float | None
    total: float | None
    market_value: float | None
    gross_exposure: float | None
    net_exposure: float | None
    equity: float | None
    return_on_capital: float | None
    rate_missing: tuple[str, ...]
    mark_missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeTotals:
    """A scope by currency, with the instruments in it that no price was ever seen for."""

    scope: Scope
    totals: tuple[Totals, ...]
    open_positions: int
    event_time_ns: int | None
    mark_missing: tuple[str, ...]


type RateOf = Callable[[str], Decimal | None]


def summarise(found: ScopeTotals, currency: str, rate_of: RateOf) -> Summary:
    """Convert totals at the given rates and add them up; call it inside ``money.exact()``."""
    scope = found.scope
    parts = [part for part in found.totals if not part.is_empty]
    rates = {part.currency: rate_of(part.currency) for part in parts}
    sums = _Sums(parts, rates)
    realised = sums.exact(lambda part: part.realised)
    fees = sums.exact(lambda part: part.fees)
    income = sums.exact(lambda part: part.income)
    unrealised = sums.statistic(lambda part: part.unrealised)
    market_value = sums.statistic(lambda part: part.market_value)
    cash = sums.exact(lambda part: part.cash) if scope.strategy is None else None
    has_capital = scope.strategy is None or sums.has_capital
    capital = sums.exact(lambda part: part.capital) if has_capital else None
    total = _sum(realised, None if fees is None else fees.copy_negate(), income, unrealised)
    equity = _sum(cash, market_value) if scope.strategy is None else _sum(capital, total)
    return Summary(
        scope=scope,
        currency=currency,
        open_positions=found.open_positions,
        event_time_ns=found.event_time_ns,
        realised=realised,
        fees=fees,
        income=income,
        cash=cash,
        capital=capital,
        unrealised=unrealised,
        total=total,
        market_value=market_value,
        gross_exposure=sums.statistic(lambda part: part.gross_exposure),
        net_exposure=sums.statistic(lambda part: part.net_exposure),
        equity=equity,
        return_on_capital=_return(total, capital),
        rate_missing=tuple(sorted(source for source, rate in rates.items() if rate is None)),
        mark_missing=found.mark_missing,
    )


class _Sums:
    """Sums of one field over currencies; ``None`` as soon as one of them cannot be converted."""

    def __init__(self, parts: list[Totals], rates: dict[str, Decimal | None]) -> None:
        self.has_capital = any(part.capital is not None for part in parts)
        self._parts = parts
        known = {source: rate for source, rate in rates.items() if rate is not None}
        self._rates = known if len(known) == len(rates) else None

    def exact(self, field: Callable[[Totals], Decimal | None]) -> Decimal | None:
        if self._rates is None:
            return None
        amount = ZERO
        for part in self._parts:
            value = field(part)
            amount += ZERO if value is None else _converted(value, self._rates[part.currency])
        return amount

    def statistic(self, field: Callable[[Totals], float | None]) -> float | None:
        if self._rates is None:
            return None
        converted: list[float] = []
        for part in self._parts:
            value = field(part)
            if value is None:
                return None
            converted.append(value * float(self._rates[part.currency]))
        return math.fsum(converted)


def _converted(amount: Decimal, rate: Decimal) -> Decimal:
    return amount if rate == 1 else product(amount, rate)


def _sum(*amounts: Decimal | float | None) -> float | None:
    known = [float(amount) for amount in amounts if amount is not None]
    return math.fsum(known) if len(known) == len(amounts) else None


def _return(total: float | None, capital: Decimal | None) -> float | None:
    if total is None or capital is None or capital <= ZERO:
        return None
    return total / float(capital)
