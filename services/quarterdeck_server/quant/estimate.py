"""A computed number that says how many observations it has, or why it has no value."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Self


class State(Enum):
    """Whether a statistic has a value, and if not, what stands against it."""

    MEASURED = "measured"
    INSUFFICIENT = "insufficient"
    """Fewer observations than the definition needs."""
    CONSTANT = "constant"
    """No variation to divide by."""
    NO_LOSS = "no_loss"
    """No loss or drawdown to divide by."""
    RUINED = "ruined"
    """All capital was lost, so growth has no rate."""
    COLLINEAR = "collinear"
    """Factors that repeat each other, so their shares cannot be told apart."""
    AMBIGUOUS = "ambiguous"
    """Several values satisfy the definition."""
    NO_SOLUTION = "no_solution"
    """No value satisfies the definition."""
    OVERFLOW = "overflow"
    """The value is larger than a double can hold."""


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A result that does not exist: why, how many observations there are, how many it takes."""

    state: State
    count: int
    needed: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic: its value if it has one, its sample size, and its state.

    ``value`` is a finite number if ``state`` is ``MEASURED`` and ``None`` otherwise. ``needed`` is
    the least number of observations if there were too few, otherwise zero.
    """

    value: float | None
    count: int
    state: State = State.MEASURED
    needed: int = 0

    @classmethod
    def of(cls, value: float, count: int) -> Self:
        """Return a measured value; one that is too large for a double is an overflow."""
        number = float(value)
        if math.isfinite(number):
            return cls(number, count)
        return cls(None, count, State.OVERFLOW)

    @classmethod
    def missing(cls, state: State, count: int) -> Self:
        """Return the absence of a value."""
        return cls(None, count, state)

    @classmethod
    def insufficient(cls, count: int, needed: int) -> Self:
        """Return the absence of enough observations."""
        return cls(None, count, State.INSUFFICIENT, needed)

    @property
    def is_measured(self) -> bool:
        """Whether there is a value."""
        return self.state is State.MEASURED

    def scaled(self, factor: float) -> Self:
        """Return the statistic in another unit; what is missing stays so."""
        if self.value is None:
            return self
        return type(self).of(self.value * factor, self.count)


def ratio(numerator: float, denominator: float, count: int, otherwise: State) -> Estimate:
    """Divide, or say with a state that there is nothing to divide by."""
    if denominator == 0:
        return Estimate.missing(otherwise, count)
    return Estimate.of(numerator / denominator, count)


def over(reward: Estimate, risk: Estimate, otherwise: State = State.NO_LOSS) -> Estimate:
    """Divide two statistics of one series; the first that is missing says why there is no value."""
    if reward.value is None:
        return reward
    if risk.value is None:
        return risk
    return ratio(reward.value, abs(risk.value), reward.count, otherwise)


def combined(compute: Callable[..., float], first: Estimate, *others: Estimate) -> Estimate:
    """Compute a number of several statistics, with the count of the first.

    The first of them that is missing says why there is no value.
    """
    values = []
    for part in (first, *others):
        if part.value is None:
            return part
        values.append(part.value)
    return Estimate.of(compute(*values), first.count)
