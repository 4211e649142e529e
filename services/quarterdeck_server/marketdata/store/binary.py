"""Rows in the binary format of COPY, made from whole columns: no Python per row."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
# PostgreSQL counts microseconds since 2000.
POSTGRES_EPOCH_US = 946_684_800_000_000
FORMATS = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "float8": ">f8", "timestamptz": ">i8"}

type Column = NDArray[Any] | int


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table with their types, in the order in which they are sent."""

    columns: tuple[str, ...]
    dtype: np.dtype[np.void]

    @classmethod
    def of(cls, **types: str) -> "Layout":
        """Lay out columns of PostgreSQL types that have a fixed length."""
        fields = chain.from_iterable(
            ((f"length_{name}", ">i4"), (name, FORMATS[kind])) for name, kind in types.items()
        )
        return cls(tuple(types), np.dtype([("fields", ">i2"), *fields]))

    def encode(self, rows: int, columns: Sequence[Column]) -> bytes:
        """Return rows; a column is an array or one value for all."""
        table = np.empty(rows, self.dtype)
        table["fields"] = len(self.columns)
        for name, values in zip(self.columns, columns, strict=True):
            table[f"length_{name}"] = self.dtype[name].itemsize
            table[name] = values
        return table.tobytes()


def timestamptz(ns: int) -> int:
    """Return a time as PostgreSQL sends it."""
    return ns // 1_000 - POSTGRES_EPOCH_US


async def copy_source(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Frame encoded rows as COPY wants them."""
    yield HEADER
    for part in parts:
        yield part
    yield TRAILER
