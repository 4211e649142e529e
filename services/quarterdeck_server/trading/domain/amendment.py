"""Amendments: what venues take back of fills, by corrections and busts.

A fill is what its first telling and all its amendments make of it, in the order of the market's
time: of several corrections the latest holds, and a bust holds for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.trading.domain.errors import FillNotFound
from quarterdeck_server.trading.domain.fill import Fill, FillKey


@dataclass(frozen=True, slots=True)
class FillTerms:
    """What can be corrected of a fill; a correction without a fee leaves the fee as it was."""

    quantity: Decimal
    price: Decimal
    fee: Decimal | None
    fee_currency: str


@dataclass(frozen=True, slots=True)
class Correction:
    """The venue says what a fill was instead."""

    key: FillKey
    terms: FillTerms
    time_ns: int

    @property
    def client_order_id(self) -> str:
        """The order of the fill."""
        return self.key.client_order_id


@dataclass(frozen=True, slots=True)
class Bust:
    """The venue says that a fill never was."""

    key: FillKey
    time_ns: int

    @property
    def client_order_id(self) -> str:
        """The order of the fill."""
        return self.key.client_order_id


type Amendment = Correction | Bust


@dataclass(frozen=True, slots=True)
class History:
    """What was told of a fill: its first terms, and amendments with their places in the log."""

    position: int
    first: FillTerms
    amendments: tuple[tuple[int, Amendment], ...] = ()

    def amended(self, position: int, amendment: Amendment) -> "History":
        """Return the history with one more amendment."""
        return replace(self, amendments=(*self.amendments, (position, amendment)))

    def until(self, position: int) -> "History":
        """Return what was told up to a position of the log."""
        told = tuple(each for each in self.amendments if each[0] <= position)
        return replace(self, amendments=told)

    def applied(self, fill: Fill) -> Fill:
        """Return a fill as this history makes it."""
        terms = self.first
        corrections = list(self._corrections())
        for correction in corrections:
            fee = terms if correction.terms.fee is None else correction.terms
            terms = replace(correction.terms, fee=fee.fee, fee_currency=fee.fee_currency)
        busts = [one.time_ns for _, one in self.amendments if isinstance(one, Bust)]
        return replace(
            with_terms(fill, terms),
            correction_count=len(corrections),
            bust_time_ns=min(busts, default=None),
        )

    def _corrections(self) -> Iterable[Correction]:
        told = sorted(self.amendments, key=lambda each: (each[1].time_ns, each[0]))
        return (one for _, one in told if isinstance(one, Correction))


def terms_of(fill: Fill) -> FillTerms:
    """Return what can be corrected of a fill."""
    return FillTerms(fill.quantity, fill.price, fill.fee, fill.fee_currency)


def with_terms(fill: Fill, terms: FillTerms) -> Fill:
    """Return a fill with other terms."""
    return replace(
        fill,
        quantity=terms.quantity,
        price=terms.price,
        fee=terms.fee,
        fee_currency=terms.fee_currency,
    )


def check_amendment(fill: Fill | None, amendment: Amendment, strategy: str, path: str) -> Fill:
    """Return the fill that is amended, or refuse, naming the field below ``path``."""
    if fill is None:
        raise FillNotFound(f"{path}.trade_id", amendment.key.trade_id)
    if fill.strategy != strategy:
        field = f"{path.rpartition('.')[0]}.strategy"
        raise InvalidField(field, f"must be {fill.strategy} as the fill says, was {strategy}")
    is_correction = isinstance(amendment, Correction)
    if is_correction and fill.bust_time_ns is not None and amendment.time_ns > fill.bust_time_ns:
        raise InvalidField(f"{path}.trade_id", f"{amendment.key.trade_id} was busted before")
    return fill
