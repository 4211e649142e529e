"""What the caller asked for, within what the caller may see."""

from quarterdeck_server.runtime.caller import current
from quarterdeck_server.trading.domain.view import View


def view_of(account: str = "", strategy: str = "") -> View:
    """Return the caller's view; fails with ScopeForbidden for a named part outside of it."""
    caller = current()
    caller.require_view(account, strategy)
    return View(account, strategy, caller.accounts, caller.strategies)
