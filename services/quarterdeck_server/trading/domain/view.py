"""Views: which part of the portfolio a reader asked for and may see."""

from dataclasses import dataclass

EVERY = "*"


@dataclass(frozen=True, slots=True)
class View:
    """An account and strategy asked for (empty is all), and the scope of who asks."""

    account: str
    strategy: str
    accounts: frozenset[str]
    strategies: frozenset[str]

    def shows(self, account: str, strategy: str = "") -> bool:
        """Tell whether a strategy of an account, or the account itself, is within the view.

        Without an account it is the firm: who sees it sees everything.
        """
        if self.strategy and self.strategy != strategy:
            return False
        if self.account and self.account != account:
            return False
        return self._may_see(account, strategy)

    def _may_see(self, account: str, strategy: str) -> bool:
        if not account:
            return EVERY in self.accounts and EVERY in self.strategies
        if EVERY not in self.accounts and account not in self.accounts:
            return False
        return not strategy or EVERY in self.strategies or strategy in self.strategies
