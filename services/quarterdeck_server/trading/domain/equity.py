"""Points of an equity curve."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """What an account was worth, or a strategy had made, at a moment of the market's time."""

    account: str
    strategy: str
    event_time_ns: int
    publish_time_ns: int
    equity: float | None
    realised_profit: float
    unrealised_profit: float
    fees: float
    income: float = 0.0
    log_position: int = 0
    """Up to which place of the log it is true."""
    gross_exposure: float | None = None
    """Of points of before it was kept there is none."""


@dataclass(frozen=True, slots=True)
class DayValue:
    """The equity of an account at the end of a day, and a profit until then."""

    day: int
    """Days since 1970-01-01."""
    event_time_ns: int
    """Of the point of the curve that the day ended with."""
    equity: float
    profit: float


@dataclass(frozen=True, slots=True)
class DailyEquity:
    """Values by day; ``opening`` is the value that the first day began with."""

    opening: DayValue | None
    days: tuple[DayValue, ...]
    flows: tuple[float, ...]
    """Cash from outside on each day, opening balances left out."""
