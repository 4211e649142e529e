"""Exchange rates over time; one that is not known is never guessed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.attribution.path import OLDEST_NS, Path, Times
from quarterdeck_server.kernel.errors import NotPossibleNow
from quarterdeck_server.quant.series import FloatArray


@dataclass(frozen=True, slots=True)
class Rates:
    """What one unit of each currency was in the target currency."""

    target: str
    paths: Mapping[str, Path]

    def read(self, currency: str, times: Times) -> FloatArray:
        """Return the rates at times, none older than a week; refuses a time without one."""
        if currency == self.target or not len(times):
            return np.ones(len(times))
        found = self.paths.get(currency, Path.empty()).read(times, OLDEST_NS)
        unknown = np.isnan(found)
        if unknown.any():
            day = np.datetime64(int(times[np.argmax(unknown)]), "ns").astype("datetime64[D]")
            problem = f"{currency} has no rate to {self.target} of the week before {day}"
            raise NotPossibleNow(currency, problem)
        return found
