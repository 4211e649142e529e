"""The numbers of rows: one owner counts each topic from 1, within an epoch."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from quarterdeck_server.marketdata.domain.columns import Ints


class Sequencer:
    """Hands out the next numbers of each topic; the epoch never comes back."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self._last: defaultdict[str, int] = defaultdict(int)

    def take(self, topic: str, rows: int) -> int:
        """Return the number of the first of the next rows of a topic."""
        first = self._last[topic] + 1
        self._last[topic] += rows
        return first


class Lateness:
    """Counts rows that come with an earlier time than a row of their topic before."""

    def __init__(self) -> None:
        self._newest: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def late(self, instrument: str, topic: str, times: Ints) -> int:
        """Return how many of the rows are late."""
        newest = self._newest[instrument]
        high = np.maximum.accumulate(np.maximum(times, newest.get(topic, 0)))
        newest[topic] = int(high[-1])
        return int((times < high).sum())

    def forget(self, instruments: Iterable[str]) -> None:
        """Begin anew with instruments whose clock was set back on purpose."""
        for instrument in instruments:
            self._newest.pop(instrument, None)
