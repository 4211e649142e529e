"""The float64 shadow of the positions, one row each, for everything that is vectorised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.trading.portfolio.instrument import Instrument, Settlement

type Floats = NDArray[np.float64]
type Indices = NDArray[np.intp]

_FIRST_CAPACITY = 64
_QUANTITY, _COST, _REALISED, _FEES, _INCOME, _SIZE, _DIRECTION, _MARGINED = range(8)
_SLOT, _CURRENCY, _UPDATED, _PRICE_PRECISION, _SIZE_PRECISION = range(5)


@dataclass(slots=True)
class Change:
    """What a fill changes in a row; ``fees`` and ``income`` are those in its currency."""

    quantity: float
    cost: float
    realised: float
    fees: float
    income: float
    slot: int
    updated_ns: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The columns of some positions, all of one length.

    ``size`` is the multiplier, ``direction`` is -1 for an inverse contract and else 1,
    ``margined`` is 1 where the position is worth its profit only and else 0. ``is_plain`` says that
    all are neither, which saves work. The precisions are those of the instruments.
    """

    quantity: Floats
    cost: Floats
    realised: Floats
    fees: Floats
    income: Floats
    size: Floats
    direction: Floats
    margined: Floats
    slot: Indices
    currency: Indices
    updated_ns: Indices
    price_precision: Indices
    size_precision: Indices
    is_plain: bool


class PositionTable:
    """Rows are added and changed, never removed; capacity doubles."""

    def __init__(self) -> None:
        self._count = 0
        self._is_plain = True
        self._floats = np.zeros((8, _FIRST_CAPACITY))
        self._indices = np.zeros((5, _FIRST_CAPACITY), dtype=np.intp)

    def __len__(self) -> int:
        return self._count

    def add(self, instrument: Instrument, currency: int) -> int:
        """Add a flat position and return its row."""
        row = self._count
        if row == self._floats.shape[1]:
            self._floats = np.hstack((self._floats, np.zeros_like(self._floats)))
            self._indices = np.hstack((self._indices, np.zeros_like(self._indices)))
        self._floats[_SIZE, row] = float(instrument.multiplier)
        self._floats[_DIRECTION, row] = -1.0 if instrument.is_inverse else 1.0
        self._floats[_MARGINED, row] = float(instrument.settlement is Settlement.MARGINED)
        self._indices[_CURRENCY, row] = currency
        self._indices[_PRICE_PRECISION, row] = instrument.price_precision
        self._indices[_SIZE_PRECISION, row] = instrument.size_precision
        if instrument.settlement is Settlement.MARGINED:
            self._is_plain = False
        self._count += 1
        return row

    def put(self, row: int, change: Change) -> None:
        """Set what a fill changes."""
        floats, indices = self._floats, self._indices
        floats[_QUANTITY, row] = change.quantity
        floats[_COST, row] = change.cost
        floats[_REALISED, row] = change.realised
        floats[_FEES, row] = change.fees
        floats[_INCOME, row] = change.income
        indices[_SLOT, row] = change.slot
        indices[_UPDATED, row] = change.updated_ns

    def rows(self, chosen: Indices | None = None) -> Rows:
        """Return the chosen rows, or views of all."""
        if chosen is None:
            floats, indices = self._floats[:, : self._count], self._indices[:, : self._count]
        else:
            floats, indices = self._floats[:, chosen], self._indices[:, chosen]
        return Rows(
            quantity=floats[_QUANTITY],
            cost=floats[_COST],
            realised=floats[_REALISED],
            fees=floats[_FEES],
            income=floats[_INCOME],
            size=floats[_SIZE],
            direction=floats[_DIRECTION],
            margined=floats[_MARGINED],
            slot=indices[_SLOT],
            currency=indices[_CURRENCY],
            updated_ns=indices[_UPDATED],
            price_precision=indices[_PRICE_PRECISION],
            size_precision=indices[_SIZE_PRECISION],
            is_plain=self._is_plain,
        )
