"""Rows in the binary format of COPY, made from whole columns: no Python per row."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
# PostgreSQL counts microseconds since 2000.
POSTGRES_EPOCH_US = 946_684_800_000_000
FORMATS = {"int2": ">i2", "int4": ">i4", "int8": ">i8", "float8": ">f8", "timestamptz": ">i8"}

PIECE = 2_000

type Column = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table with their types, in the order in which they are sent."""

    columns: tuple[str, ...]
    formats: tuple[str, ...]

    @classmethod
    def of(cls, **types: str) -> "Layout":
        """Lay out columns of PostgreSQL types that have a fixed length."""
        return cls(tuple(types), tuple(FORMATS[kind] for kind in types.values()))

    def encode(self, columns: Sequence[Column], texts: Sequence[str] | None = None) -> bytes:
        """Return rows of whole columns, and of a text as the last if there are such."""
        # Some rows at a time: the columns are written one after the other into the same memory.
        parts = [slice(start, start + PIECE) for start in range(0, len(columns[0]), PIECE)]
        pieces = (([column[part] for column in columns], part) for part in parts)
        if texts is None:
            return b"".join(self._table(piece, ()).tobytes() for piece, _ in pieces)
        return b"".join(self._with_texts(piece, texts[part]) for piece, part in pieces)

    def _with_texts(self, columns: Sequence[Column], texts: Sequence[str]) -> bytes:
        encoded = [text.encode() for text in texts]
        lengths = np.array([len(text) for text in encoded])
        longest = int(lengths.max())
        text = [("text", f"S{longest}")] if longest else []
        table = self._table(columns, [("length_text", ">i4"), *text])
        table["length_text"] = lengths
        if text:
            table["text"] = encoded
        if (lengths == longest).all():
            return table.tobytes()
        # Each text was given the room of the longest; the rest of it is left out.
        width = table.dtype.itemsize
        bytes_of_rows = table.view(np.uint8).reshape(len(texts), width)
        return bytes_of_rows[np.arange(width) < (width - longest + lengths)[:, None]].tobytes()

    def _table(
        self, columns: Sequence[Column], more: Sequence[tuple[str, str]]
    ) -> NDArray[np.void]:
        fields = [("fields", ">i2")]
        for name, form in zip(self.columns, self.formats, strict=True):
            fields += [(f"length_{name}", ">i4"), (name, form)]
        table = np.empty(len(columns[0]), np.dtype([*fields, *more]))
        table["fields"] = (len(fields) + len(more)) // 2
        for name, values in zip(self.columns, columns, strict=True):
            table[f"length_{name}"] = table.dtype[name].itemsize
            table[name] = values
        return table


def timestamptz(ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return times as PostgreSQL sends them."""
    return ns // 1_000 - POSTGRES_EPOCH_US


async def copy_source(encoded: bytes) -> AsyncIterator[bytes]:
    """Frame encoded rows as COPY wants them."""
    yield HEADER
    yield encoded
    yield TRAILER
