"""Cost bases: what an open quantity cost, by average cost and by first in, first out.

Every method hands out exactly the cost it took in: what a close releases is subtracted from what
stays, so no rounding of a share of the cost can make or lose money, and all methods agree on
realised plus unrealised profit to the last digit. Quantities and costs are signed alike.
"""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Protocol

from quarterdeck_server.kernel.money import ZERO, portion
from quarterdeck_server.kernel.value import value


class CostMethod(Enum):
    """Which part of the cost a closing quantity takes with it."""

    AVERAGE = "average"
    FIFO = "fifo"


@value
class Lot:
    """A quantity opened at one time and what it cost; both below zero if short."""

    quantity: Decimal
    cost: Decimal
    opened_ns: int


class Basis(Protocol):
    """An open quantity with its cost. ``quantity`` never passes through zero in one step."""

    quantity: Decimal
    cost: Decimal

    def open(self, lot: Lot) -> None:
        """Add to the open quantity; the lot is on its side."""
        ...

    def close(self, quantity: Decimal) -> Decimal:
        """Take a quantity of the open side off, at most all of it, and return its cost."""
        ...

    def split(self, quantity_of: Callable[[Decimal], Decimal]) -> None:
        """Give every open quantity its new one; the cost stays as it was."""
        ...

    def lots(self) -> Sequence[Lot]:
        """Return what is open, oldest first."""
        ...

    def copy(self) -> "Basis":
        """Return one that goes its own way from here."""
        ...


class AverageCost:
    """All open units cost the same; closing leaves the average as it was."""

    __slots__ = ("cost", "opened_ns", "quantity")

    def __init__(self) -> None:
        self.quantity = ZERO
        self.cost = ZERO
        self.opened_ns = 0

    def open(self, lot: Lot) -> None:
        """Blend a lot into the average."""
        if not self.quantity:
            self.opened_ns = lot.opened_ns
        self.quantity += lot.quantity
        self.cost += lot.cost

    def close(self, quantity: Decimal) -> Decimal:
        """Release the average cost of a quantity."""
        released = _released(self.cost, quantity, self.quantity)
        self.quantity -= quantity
        self.cost -= released
        return released

    def split(self, quantity_of: Callable[[Decimal], Decimal]) -> None:
        """Spread the cost over the new quantity."""
        self.quantity = quantity_of(self.quantity)

    def lots(self) -> Sequence[Lot]:
        """Return the open quantity as one lot."""
        return (Lot(self.quantity, self.cost, self.opened_ns),) if self.quantity else ()

    def copy(self) -> "AverageCost":
        """Return one that goes its own way from here."""
        twin = AverageCost()
        twin.quantity, twin.cost, twin.opened_ns = self.quantity, self.cost, self.opened_ns
        return twin


class FifoLots:
    """Units leave in the order in which they came."""

    __slots__ = ("_lots", "cost", "quantity")

    def __init__(self) -> None:
        self.quantity = ZERO
        self.cost = ZERO
        self._lots: deque[Lot] = deque()

    def open(self, lot: Lot) -> None:
        """Queue a lot behind the others."""
        self._lots.append(lot)
        self.quantity += lot.quantity
        self.cost += lot.cost

    def close(self, quantity: Decimal) -> Decimal:
        """Release the cost of the oldest lots."""
        if quantity == self.quantity:
            # Also of lots that splits rounded to nothing: they have a cost all the same.
            return self._close_all()
        released = ZERO
        left = quantity
        while left:
            taken, cost = self._take(left)
            left -= taken
            released += cost
        self.quantity -= quantity
        self.cost -= released
        return released

    def split(self, quantity_of: Callable[[Decimal], Decimal]) -> None:
        """Split every lot; they keep their costs and times.

        The sums are rounded, not the lots, so the whole has the quantity that one lot would have.
        """
        before, after = ZERO, ZERO
        lots = [*self._lots]
        self._lots.clear()
        for lot in lots:
            before += lot.quantity
            quantity = quantity_of(before) - after
            after += quantity
            self._lots.append(Lot(quantity, lot.cost, lot.opened_ns))
        self.quantity = after

    def lots(self) -> Sequence[Lot]:
        """Return the queue, oldest first."""
        return tuple(self._lots)

    def copy(self) -> "FifoLots":
        """Return one that goes its own way from here."""
        twin = FifoLots()
        twin.quantity, twin.cost, twin._lots = self.quantity, self.cost, self._lots.copy()
        return twin

    def _close_all(self) -> Decimal:
        released = self.cost
        self._lots.clear()
        self.quantity = self.cost = ZERO
        return released

    def _take(self, wanted: Decimal) -> tuple[Decimal, Decimal]:
        oldest = self._lots.popleft()
        if oldest.quantity.copy_abs() <= wanted.copy_abs():
            return oldest.quantity, oldest.cost
        cost = _released(oldest.cost, wanted, oldest.quantity)
        self._lots.appendleft(Lot(oldest.quantity - wanted, oldest.cost - cost, oldest.opened_ns))
        return wanted, cost


def new_basis(method: CostMethod, lots: Sequence[Lot] = ()) -> Basis:
    """Return a basis that holds these lots."""
    basis: Basis = AverageCost() if method is CostMethod.AVERAGE else FifoLots()
    for lot in lots:
        basis.open(lot)
    return basis


def _released(cost: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    # All of it releases the cost itself: a flat position keeps no dust.
    return cost if part == whole else portion(cost, part, whole)
