"""Orders and their fills in columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.quant.execution.benchmark import Bools, Times
from quarterdeck_server.quant.series import FloatArray

type Texts = NDArray[np.object_]
type Places = NDArray[np.intp]

ENDED = ("DENIED", "REJECTED", "CANCELED", "EXPIRED", "FILLED")


@dataclass(frozen=True, slots=True)
class Fills:
    """Fills, order after order, shape (m,) all."""

    order: Places
    """The place of each fill's order."""
    trade_id: Texts
    time_ns: Times
    price: FloatArray
    quantity: FloatArray
    fee: FloatArray
    """NaN where the venue told none."""
    fee_currency: Texts
    liquidity: Texts
    """"MAKER", "TAKER", or what else the venue said."""


@dataclass(frozen=True)
class Orders:
    """Orders, shape (n,) all; a time is 0 where it never happened."""

    client_order_id: Texts
    account: Texts
    strategy: Texts
    instrument: Texts
    order_type: Texts
    status: Texts
    side: FloatArray
    """+1 for a purchase, -1 for a sale."""
    quantity: FloatArray
    decision_price: FloatArray
    """NaN where nobody said, or a price that no cost can be measured against."""
    submit_ns: Times
    accept_ns: Times
    cancel_request_ns: Times
    end_ns: Times
    fills: Fills

    def __len__(self) -> int:
        return len(self.instrument)

    @cached_property
    def filled(self) -> FloatArray:
        """What was filled of each."""
        return self._sum(self.fills.quantity)

    @cached_property
    def average_price(self) -> FloatArray:
        """The average price of the fills; NaN without one."""
        value = self._sum(self.fills.quantity * self.fills.price)
        average: FloatArray = value / np.where(self.filled > 0, self.filled, np.nan)
        return average

    @cached_property
    def fees(self) -> FloatArray:
        """The fees that the venue told."""
        return self._sum(np.nan_to_num(self.fills.fee))

    @cached_property
    def first_fill_ns(self) -> Times:
        """When the first fill happened; 0 without one."""
        first = np.full(len(self), np.iinfo(np.int64).max)
        np.minimum.at(first, self.fills.order, self.fills.time_ns)
        return np.where(self.filled > 0, first, 0)

    @cached_property
    def last_fill_ns(self) -> Times:
        """When the last fill happened; 0 without one."""
        last = np.zeros(len(self), np.int64)
        np.maximum.at(last, self.fills.order, self.fills.time_ns)
        return last

    @cached_property
    def sent_ns(self) -> Times:
        """When each was sent to the venue, or first known to be there; 0 if it never was."""
        refused_ns = np.where(self.status == "REJECTED", self.end_ns, 0)
        times = np.stack((self.submit_ns, self.accept_ns, self.first_fill_ns, refused_ns))
        first = np.where(times > 0, times, np.iinfo(np.int64).max).min(axis=0)
        return np.where((times > 0).any(axis=0), first, 0)

    @cached_property
    def is_sent(self) -> Bools:
        """Whether each came to the venue."""
        return np.asarray(self.sent_ns > 0)

    @cached_property
    def is_ended(self) -> Bools:
        """Whether nothing more can happen to each."""
        return np.isin(self.status, ENDED)

    @cached_property
    def life_end_ns(self) -> Times:
        """Until when each was worked: its end, or its last fill, which may be told later."""
        ends = np.where(self.is_ended, self.end_ns, 0)
        return np.maximum(np.maximum(ends, self.last_fill_ns), self.sent_ns)

    @cached_property
    def venue(self) -> Texts:
        """What follows the last point of each instrument."""
        return np.array([name.rpartition(".")[2] for name in self.instrument], dtype=object)

    @property
    def newest_ns(self) -> int:
        """When something last happened to any of them; 0 if nothing did."""
        columns = (self.submit_ns, self.accept_ns, self.cancel_request_ns, self.end_ns)
        return max((int(one.max(initial=0)) for one in (*columns, self.fills.time_ns)), default=0)

    def of(self, chosen: Bools) -> Self:
        """Return some of the orders, with their fills."""
        places = np.cumsum(chosen) - 1
        kept = chosen[self.fills.order]
        fills = {field.name: getattr(self.fills, field.name)[kept] for field in fields(Fills)}
        fills["order"] = places[fills["order"]]
        columns = {
            field.name: getattr(self, field.name)[chosen]
            for field in fields(self)
            if field.name != "fills"
        }
        return type(self)(**columns, fills=Fills(**fills))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the orders of several parts, one after the other."""
        before = np.cumsum([0, *(len(part) for part in parts)])
        fills = {
            field.name: np.concatenate([getattr(part.fills, field.name) for part in parts])
            for field in fields(Fills)
        }
        fills["order"] = np.concatenate(
            [part.fills.order + start for part, start in zip(parts, before, strict=False)]
        )
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
            if field.name != "fills"
        }
        return cls(**columns, fills=Fills(**fills))

    def _sum(self, of_fills: FloatArray) -> FloatArray:
        return np.bincount(self.fills.order, of_fills, minlength=len(self)).astype(np.float64)
