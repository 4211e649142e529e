"""Row versions: at which version each position changed last."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.trading.portfolio import PositionKey

_FIRST_CAPACITY = 64


class RowVersions:
    """Positions in the order of their first fill, each with a version; capacity doubles."""

    def __init__(self) -> None:
        self._keys: list[PositionKey] = []
        self._rows: dict[PositionKey, int] = {}
        self._versions: NDArray[np.int64] = np.zeros(_FIRST_CAPACITY, dtype=np.int64)

    def add(self, key: PositionKey) -> None:
        """Know a position, as changed before every version."""
        if key in self._rows:
            return
        row = self._rows[key] = len(self._keys)
        self._keys.append(key)
        if row == len(self._versions):
            self._versions = np.concatenate((self._versions, np.zeros_like(self._versions)))

    def mark(self, keys: Iterable[PositionKey], version: int) -> None:
        """Set the version in which positions changed."""
        rows = np.array([self._rows[key] for key in keys], dtype=np.intp)
        self._versions[rows] = version

    def after(self, version: int) -> Iterable[PositionKey]:
        """Yield the positions that changed after a version."""
        rows = np.flatnonzero(self._versions[: len(self._keys)] > version)
        return (self._keys[row] for row in rows.tolist())
