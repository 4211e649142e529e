"""Statistical series, and what was observed, as it was known at any day."""

from dataclasses import dataclass

import numpy as np

from quarterdeck_server.kernel.topics import topic
from quarterdeck_server.marketdata.domain.columns import Floats, Ints

PREFIX = "series"
FIRST_DAY = -(2**31) + 1
LAST_DAY = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Series:
    """A series as its source describes it; days count from 1970-01-01."""

    name: str
    title: str
    unit: str = ""
    frequency: str = ""
    seasonal_adjustment: str = ""
    first_day: int | None = None
    last_day: int | None = None
    note: str = ""
    provenance: str = ""
    source_update_time_ns: int | None = None
    update_time_ns: int = 0

    @property
    def topic(self) -> str:
        """Where its observations are published."""
        return topic("observations", *self.name.split("/")[1:])


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Observations of one series in columns; NaN means that the source has no value."""

    series: str
    day: Ints
    value: Floats
    vintage_day: Ints

    def __len__(self) -> int:
        return len(self.day)

    def rows(self, part: "slice | np.ndarray") -> "Observations":
        """Return some of the rows."""
        return Observations(self.series, self.day[part], self.value[part], self.vintage_day[part])


@dataclass(frozen=True, slots=True)
class ObservationQuery:
    """Observations of a series in a half-open range of days, after a position if given.

    ``as_of_day`` limits to what was known then, nothing means now; ``all_vintages`` wants them all.
    """

    series: str
    first_day: int
    end_day: int
    limit: int
    as_of_day: int | None = None
    all_vintages: bool = False
    position: tuple[int, int] | None = None


def series_name(source: str, series: str) -> str:
    """Name a series of a source, "sources/{source}"."""
    return f"{PREFIX}/{source.removeprefix('sources/')}/{series}"
