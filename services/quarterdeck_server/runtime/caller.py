"""Who makes the call that is being served."""

from contextvars import ContextVar
from dataclasses import dataclass, field

from quarterdeck_server.kernel.errors import NotAllowed, NotAuthenticated, ScopeForbidden

EVERY = "*"


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal with the rights of one access token; ``expires_at`` in Unix seconds."""

    principal: str
    permissions: frozenset[str]
    accounts: frozenset[str]
    strategies: frozenset[str]
    session: str
    token: str = field(repr=False)
    issued_at: float
    expires_at: float

    def has(self, permission: str) -> bool:
        """Tell whether the caller has the permission, named without its prefix."""
        return permission in {"PUBLIC", "ANY"} or permission in self.permissions

    def require(self, permission: str) -> None:
        """Refuse a caller that lacks the permission."""
        if not self.has(permission):
            raise NotAllowed(
                f"{self.principal} lacks the permission {permission}", permission=permission
            )

    def sees(self, account: str, strategy: str = "") -> bool:
        """Tell whether account and strategy are within the scope; no strategy means the account."""
        return _within(self.accounts, account) and (
            not strategy or _within(self.strategies, strategy)
        )

    def require_scope(self, account: str, strategy: str = "", field: str = "account") -> None:
        """Refuse an account or strategy outside of the scope, naming ``field``."""
        if not _within(self.accounts, account):
            raise ScopeForbidden(field, account)
        self._require_strategy(strategy, field)

    def require_view(self, account: str, strategy: str, field: str = "account") -> None:
        """Refuse an account or strategy outside of the scope; what is empty names none."""
        if account:
            self.require_scope(account, strategy, field)
        else:
            self._require_strategy(strategy, field)

    def _require_strategy(self, strategy: str, field: str) -> None:
        if strategy and not _within(self.strategies, strategy):
            # The strategy is named beside the account.
            parent, point, _ = field.rpartition(".")
            raise ScopeForbidden(f"{parent}{point}strategy", strategy)


def current() -> Caller:
    """Return who makes the call that is being served."""
    caller = CURRENT.get()
    if caller is None:
        raise NotAuthenticated("TOKEN_MISSING", "the call carries no access token")
    return caller


def _within(scope: frozenset[str], name: str) -> bool:
    return EVERY in scope or name in scope


CURRENT: ContextVar[Caller | None] = ContextVar("caller", default=None)
