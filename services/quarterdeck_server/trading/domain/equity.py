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
