"""What happened to positions, as the trading log tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.analytics.domain.attribution.path import Times
from quarterdeck_server.quant.series import FloatArray


class ChangeKind(IntEnum):
    """What happened; the numbers are those of the contract."""

    CARRIED = 1
    OPENED = 2
    CLOSED = 3
    SPLIT = 4
    INCOME = 5


@dataclass(frozen=True, slots=True)
class Position:
    """Whose changes they are, and how a price becomes money; an empty instrument is cash alone."""

    account: str
    strategy: str
    instrument: str
    currency: str
    base_currency: str
    multiplier: float = 1.0
    is_inverse: bool = False

    def unit_worth(self, prices: FloatArray) -> FloatArray:
        """Return what one unit counts for at prices; its change is profit."""
        with np.errstate(divide="ignore"):
            return -self.multiplier / prices if self.is_inverse else self.multiplier * prices

    def exposure(self, worths: FloatArray) -> FloatArray:
        """Return the market value of one unit that counts for so much."""
        return -worths if self.is_inverse else worths


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of one position in the order of their times; one array for each column.

    ``currencies`` are those of fees and income.
    """

    position: Position
    kinds: NDArray[np.int64]
    times: Times
    changes: FloatArray
    quantities: FloatArray
    prices: FloatArray
    realised: FloatArray
    fees: FloatArray
    incomes: FloatArray
    currencies: Sequence[str]

    def __len__(self) -> int:
        return len(self.times)

    @property
    def sides(self) -> NDArray[np.int64]:
        """Whose each is: 1 of a long position, -1 of a short one, 0 of none."""
        signs = np.sign(self.changes)
        opened, closed = self.kinds == ChangeKind.OPENED, self.kinds == ChangeKind.CLOSED
        held = np.sign(self.quantities - np.where(self.kinds == ChangeKind.SPLIT, self.changes, 0))
        sides = np.where(opened, signs, np.where(closed, -signs, held))
        return sides.astype(np.int64)

    @property
    def is_fill(self) -> NDArray[np.bool_]:
        """Which of them are fills."""
        return np.isin(self.kinds, (ChangeKind.OPENED, ChangeKind.CLOSED))
