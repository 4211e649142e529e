"""Tables: named columns of one kind each. What is not known is absent, which is None."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

type Value = str | bool | int | float | Decimal | date | None


class Kind(Enum):
    """What the values of a column are; any of them may be absent."""

    TEXT = "text"
    FLAG = "flag"
    WHOLE = "whole"
    NUMBER = "number"
    """A float: a statistic."""
    EXACT = "exact"
    """A decimal: what books are made of."""
    DATE = "date"
    TIME = "time"
    """Nanoseconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class Column:
    """A named column."""

    name: str
    kind: Kind
    values: Sequence[Value]


type Table = tuple[Column, ...]
"""Columns of one length."""
