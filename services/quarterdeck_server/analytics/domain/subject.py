"""Of what returns are taken, and the choices that numbers depend on."""

from dataclasses import dataclass, field
from typing import Self

from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.quant.conventions import Conventions
from quarterdeck_server.quant.flows import FlowTiming

EARLIEST, LATEST = -719_162, 2_932_896
"""The first and the last day of the calendar: in the years 1 and 9999."""
MAX_AGE_DAYS = 7
"""How many days old a risk-free rate may be."""


@dataclass(frozen=True, slots=True)
class Portfolio:
    """An account, or a strategy in it; ``capital`` replaces the account's equity."""

    account: str
    strategy: str = ""
    capital: float | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """The closes of an instrument."""

    id: str


@dataclass(frozen=True, slots=True)
class Given:
    """Returns that the caller brings."""

    track: Track


type Subject = Portfolio | Instrument | Given


@dataclass(frozen=True, slots=True)
class Named:
    """A subject and its place in the request, by which errors name it."""

    field: str
    subject: Subject


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both ends inclusive, in days since 1970-01-01; ``None`` is open."""

    start: int | None = None
    end: int | None = None

    def earlier(self, days: int) -> Self:
        """Return the same with a start so many days before."""
        start = None if self.start is None else max(EARLIEST, self.start - days)
        return type(self)(start, self.end)


@dataclass(frozen=True, slots=True)
class Choices:
    """The conventions of a request; a series of rates replaces the constant one."""

    conventions: Conventions = field(default_factory=Conventions)
    timing: FlowTiming = FlowTiming.END
    risk_free_series: str = ""
    max_age_days: int = MAX_AGE_DAYS


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request is about: subjects, when, against what, by which choices."""

    subjects: tuple[Named, ...]
    period: Period
    benchmark: Named | None
    choices: Choices
