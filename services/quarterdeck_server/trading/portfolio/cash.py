"""Cash of each account in each currency, and how much of it came from outside."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from quarterdeck_server.kernel.money import ZERO, Money
from quarterdeck_server.trading.portfolio.state import CashState


@dataclass(slots=True)
class Balance:
    """One account's cash in one currency; ``flows`` is its part that is nobody's profit."""

    amount: Decimal = ZERO
    flows: Decimal = ZERO
    flow_ns: int = 0


class CashLedger:
    """The balances of all accounts. Its methods run inside ``money.exact()``."""

    def __init__(self) -> None:
        self._balances: dict[tuple[str, str], Balance] = {}

    def move(self, account: str, currency: str, amount: Decimal) -> None:
        """Book what trading or holding brought: a fill, a fee, income."""
        if amount:
            self._balance(account, currency).amount += amount

    def receive(self, account: str, money: Money, time_ns: int) -> None:
        """Book cash from outside; below zero it left."""
        balance = self._balance(account, money.currency)
        balance.amount += money.amount
        balance.flows += money.amount
        balance.flow_ns = max(balance.flow_ns, time_ns)

    def balance(self, account: str, currency: str) -> Decimal:
        """Return an account's cash in a currency."""
        balance = self._balances.get((account, currency))
        return ZERO if balance is None else balance.amount

    def accounts(self) -> frozenset[str]:
        """Return the accounts that ever had cash."""
        return frozenset(account for account, _ in self._balances)

    def of(self, account: str | None) -> Iterator[tuple[str, Balance]]:
        """Yield the currency and balance of one account, or of all."""
        for (owner, currency), balance in self._balances.items():
            if account is None or owner == account:
                yield currency, balance

    def save(self) -> list[CashState]:
        """Return the balances as plain data."""
        return [
            {
                "account": account,
                "currency": currency,
                "balance": str(balance.amount),
                "flows": str(balance.flows),
                "flow_ns": balance.flow_ns,
            }
            for (account, currency), balance in self._balances.items()
        ]

    def load(self, states: list[CashState]) -> None:
        """Take the balances from plain data."""
        for state in states:
            balance = Balance(Decimal(state["balance"]), Decimal(state["flows"]), state["flow_ns"])
            self._balances[state["account"], state["currency"]] = balance

    def _balance(self, account: str, currency: str) -> Balance:
        return self._balances.setdefault((account, currency), Balance())
