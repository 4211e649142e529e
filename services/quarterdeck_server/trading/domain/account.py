"""Accounts: in which currency their equity is told, and what their nodes reported last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from quarterdeck_server.trading.domain.event import Balance


@dataclass(frozen=True, slots=True)
class Opening:
    """What the log starts from in an account that it does not know yet."""

    account: str
    base_currency: str
    balances: tuple[Balance, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the log; ``reported`` are totals by currency."""

    account: str
    base_currency: str
    reported_time_ns: int | None = None
    reported: Mapping[str, Decimal] = field(default_factory=dict)
