"""What a series of numbers must be before anything is computed of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quarterdeck_server.kernel.errors import InvalidField

type FloatArray = NDArray[np.float64]
type Dates = NDArray[np.datetime64]

LARGEST = 1e60
"""The largest magnitude accepted; fourth powers of it still fit a double."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A series with the day of each observation, strictly increasing. Made by ``dated``."""

    dates: Dates
    values: FloatArray


def finite(values: ArrayLike, name: str = "returns") -> FloatArray:
    """Return a series as an array of doubles, or refuse it and name the first bad element.

    Parameters
    ----------
    values
        Numbers, shape (n,); n may be zero. NaN, infinity and magnitudes above 1e60 are refused.
    name
        What errors call the series.
    """
    array = _numbers(values, name)
    if array.ndim != 1:
        raise InvalidField(name, f"must be one-dimensional, has {array.ndim} dimensions")
    _check(array, name)
    return array


def finite_matrix(values: ArrayLike, name: str) -> FloatArray:
    """Return a table as an (n, k) array of doubles, or refuse it; a series is one column."""
    array = _numbers(values, name)
    if array.ndim == 1:
        array = array[:, None]
    match array.shape:
        case (_, _):
            _check(array, name)
            return array
        case shape:
            raise InvalidField(name, f"must be two-dimensional, has {len(shape)} dimensions")


def finite_number(value: float, name: str) -> float:
    """Return a number, or refuse NaN and infinity."""
    if not abs(value) <= LARGEST:
        raise InvalidField(name, f"must be a finite number, was {value}")
    return float(value)


def paired(left: FloatArray, right: FloatArray, names: tuple[str, str]) -> None:
    """Refuse two series of different lengths."""
    if len(left) != len(right):
        problem = f"must have as many elements as {names[0]}, {len(left)}, has {len(right)}"
        raise InvalidField(names[1], problem)


def against(returns: ArrayLike, benchmark: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return a series and its benchmark, finite and of the same periods, or refuse them."""
    mine, theirs = finite(returns), finite(benchmark, "benchmark")
    paired(mine, theirs, ("returns", "benchmark"))
    return mine, theirs


def positive(values: FloatArray, name: str) -> FloatArray:
    """Return a series of numbers above zero, or name the first that is not."""
    if len(values) and values.min() <= 0:
        index = int(np.argmax(values <= 0))
        raise InvalidField(f"{name}[{index}]", f"must be above zero, was {values[index]}")
    return values


def whole(value: int, least: int, name: str) -> int:
    """Return a count of at least so much, or refuse it."""
    if value < least:
        raise InvalidField(name, f"must be at least {least}, was {value}")
    return value


def without_missing(values: ArrayLike) -> tuple[FloatArray, int]:
    """Drop the NaN of a series and say how many there were.

    The only place where an observation may be left out, and never silently. Infinity stays, and is
    refused by whatever computes next.
    """
    array = np.asarray(values, dtype=np.float64)
    present = array[~np.isnan(array)]
    return present, array.size - present.size


def ordered(dates: ArrayLike, name: str = "dates") -> Dates:
    """Return days as an array, or refuse the first that does not come after the one before.

    Parameters
    ----------
    dates
        Days as ``datetime.date``, ISO text or ``datetime64``, shape (n,).
    """
    try:
        days: Dates = np.asarray(dates, dtype="datetime64[D]")
    except ValueError as problem:
        raise InvalidField(name, f"must be dates: {problem}") from problem
    _check_order(days, name)
    return days


def dated(dates: ArrayLike, values: ArrayLike, name: str = "returns") -> Dated:
    """Return a series with its days; unsorted, repeated or missing days are refused."""
    days, numbers = ordered(dates), finite(values, name)
    if len(days) != len(numbers):
        raise InvalidField("dates", f"must be as many as {name}, {len(numbers)}, are {len(days)}")
    return Dated(days, numbers)


def _numbers(values: ArrayLike, name: str) -> FloatArray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise InvalidField(name, f"must be numbers: {problem}") from problem


def _check(array: FloatArray, name: str) -> None:
    # NaN compares false, so one comparison finds it, infinity and what would overflow.
    if array.size and not (array.max() <= LARGEST and array.min() >= -LARGEST):
        bad = np.argwhere(~(np.abs(array) <= LARGEST))[0]
        place = "".join(f"[{index}]" for index in bad)
        raise InvalidField(f"{name}{place}", f"must be a finite number, was {array[tuple(bad)]}")


def _check_order(days: Dates, name: str) -> None:
    if days.ndim != 1:
        raise InvalidField(name, f"must be one-dimensional, has {days.ndim} dimensions")
    if np.isnat(days).any():
        raise InvalidField(f"{name}[{int(np.argmax(np.isnat(days)))}]", "must be a date")
    wrong = days[1:] <= days[:-1]
    if wrong.any():
        index = int(np.argmax(wrong)) + 1
        verb = "repeats" if days[index] == days[index - 1] else "must be after"
        raise InvalidField(f"{name}[{index}]", f"{verb} {name}[{index - 1}], was {days[index]}")
