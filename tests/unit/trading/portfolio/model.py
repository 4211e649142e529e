"""What happened to a position, counted as a child would: every lot by itself, in fractions.

It shares no code with the product. All is sorted first, so nothing can come late.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from quarterdeck_server.trading.portfolio import Dividend, Fill, Side, Split


@dataclass
class Model:
    """One position of a share."""

    is_fifo: bool
    lots: list[list[Fraction]] = field(default_factory=list)
    realised: Fraction = Fraction(0)
    cash: dict[str, Fraction] = field(default_factory=dict)
    fees: dict[str, Fraction] = field(default_factory=dict)
    income: dict[str, Fraction] = field(default_factory=dict)
    opened_ns: int = 0
    closed_ns: int | None = None

    def live(self, movements: Iterable[Fill | Split | Dividend]) -> "Model":
        """Take movements, given in the order in which the log got them."""
        for one in sorted(movements, key=lambda each: (each.time_ns, isinstance(each, Fill))):
            match one:
                case Fill():
                    self._fill(one)
                case Split():
                    ratio = Fraction(one.numerator) / Fraction(one.denominator)
                    self.lots = [[held * ratio, price / ratio] for held, price in self.lots]
                case Dividend():
                    money = one.per_unit
                    self._pay(self.income, money.currency, self.quantity * Fraction(money.amount))
        return self

    @property
    def quantity(self) -> Fraction:
        """What is held."""
        return sum((held for held, _ in self.lots), Fraction(0))

    @property
    def cost(self) -> Fraction:
        """What it cost."""
        return sum((held * price for held, price in self.lots), Fraction(0))

    def _fill(self, fill: Fill) -> None:
        price, left = Fraction(fill.price), Fraction(fill.quantity)
        if fill.side is Side.SELL:
            left = -left
        self._count(self.cash, "USD", -left * price)
        if fill.fee is not None:
            fee = Fraction(fill.fee.amount)
            self._count(self.fees, fill.fee.currency, fee)
            self._count(self.cash, fill.fee.currency, -fee)
        was = self.quantity
        while self.lots and self.lots[0][0] * left < 0:
            held, paid = self.lots[0]
            closed = held if abs(held) <= abs(left) else -left
            self.realised += closed * (price - paid)
            self.lots[0][0] -= closed
            left += closed
            if not self.lots[0][0]:
                del self.lots[0]
        if left:
            self.lots.append([left, price])
            if not self.is_fifo:
                self.lots = [[self.quantity, self.cost / self.quantity]]
        self._date(was, fill.time_ns)

    def _date(self, was: Fraction, time_ns: int) -> None:
        now = self.quantity
        if now and was * now <= 0:
            self.opened_ns = time_ns
        self.closed_ns = None if now else time_ns

    def _pay(self, where: dict[str, Fraction], currency: str, amount: Fraction) -> None:
        self._count(where, currency, amount)
        self._count(self.cash, currency, amount)

    def _count(self, where: dict[str, Fraction], currency: str, amount: Fraction) -> None:
        where[currency] = where.get(currency, Fraction(0)) + amount
