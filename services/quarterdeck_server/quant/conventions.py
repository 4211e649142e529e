"""What must be agreed upon before two people can compute the same number."""

from dataclasses import asdict, dataclass

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.series import finite_number, whole

TRADING_DAYS = 252
"""Periods a year of daily returns of exchanges; markets that never close have 365."""


@dataclass(frozen=True, slots=True)
class Trials:
    """What a subject was chosen from as the best.

    Attributes
    ----------
    count
        How many trials there were, independent of each other.
    sharpe_variance
        The variance of their Sharpe ratios a year.
    """

    count: int
    sharpe_variance: float

    def __post_init__(self) -> None:
        whole(self.count, 0, "trials.count")
        if finite_number(self.sharpe_variance, "trials.sharpe_variance") < 0:
            raise InvalidField("trials.sharpe_variance", "must be zero or above")


@dataclass(frozen=True, slots=True)
class Conventions:
    """The choices behind a set of metrics; every answer carries them.

    Attributes
    ----------
    periods_per_year
        How many returns make a year: 252 daily, 12 monthly, 365 for markets that never close.
    risk_free
        The risk-free rate a year, effective. Its rate a period is (1 + risk_free)^(1/m) - 1.
    minimum_acceptable
        The return a year, effective, below which a return counts as bad (Sortino, Omega).
    ddof
        What standard deviations subtract from n: 1 for a sample, 0 for a population.
    tail
        The share of the best and of the worst returns that make the tails.
    annualise_short
        Whether less than a year is annualised; GIPS forbids it.
    trials
        What the subject was chosen from; without it there is no deflated Sharpe ratio.
    """

    periods_per_year: float = TRADING_DAYS
    risk_free: float = 0.0
    minimum_acceptable: float = 0.0
    ddof: int = 1
    tail: float = 0.05
    annualise_short: bool = False
    trials: Trials | None = None

    def __post_init__(self) -> None:
        for name in ("periods_per_year", "risk_free", "minimum_acceptable", "tail"):
            finite_number(getattr(self, name), name)
        if self.periods_per_year <= 0:
            raise InvalidField("periods_per_year", "must be above zero")
        for name in ("risk_free", "minimum_acceptable"):
            if getattr(self, name) <= -1:
                raise InvalidField(name, "must be above -1")
        if self.ddof not in {0, 1}:
            raise InvalidField("ddof", f"must be 0 or 1, was {self.ddof}")
        check_tail(self.tail)

    @property
    def risk_free_per_period(self) -> float:
        """The risk-free rate a period."""
        return per_period(self.risk_free, self.periods_per_year)

    @property
    def minimum_acceptable_per_period(self) -> float:
        """The minimum acceptable return a period."""
        return per_period(self.minimum_acceptable, self.periods_per_year)

    def described(self) -> dict[str, object]:
        """Return the choices by name, as answers carry them."""
        return asdict(self)


def check_tail(tail: float) -> None:
    """Refuse a share that does not leave a middle between two tails."""
    if not 0 < 2 * tail < 1:
        raise InvalidField("tail", f"must be above 0 and below 0.5, was {tail}")


def per_period(annual: float, periods_per_year: float) -> float:
    """Return the rate a period that compounds to an effective annual rate."""
    return float((1 + annual) ** (1 / periods_per_year) - 1)
