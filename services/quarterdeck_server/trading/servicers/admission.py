"""Who may record what, and when."""

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.trading.domain.amendment import Bust, Correction
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.portfolio import Dividend, Flow, Split


def permit(caller: Caller, now_ns: int, event: Event) -> None:
    """Refuse an event that is outside of the caller's scope or that only people may tell.

    An event of all accounts has no account, which only a scope over all of them holds. What people
    tell of the future is refused too: positions and cash change when they do, not when it is known.
    """
    path, word = event.path, event.word
    caller.require_scope(word.account, word.strategy, f"{path}.account")
    if not _only_people(event):
        return
    caller.require("TRADING_CONTROL")
    if isinstance(event.body, Flow) and event.body.counter_account:
        field = f"{path}.cash_flow.counter_account"
        caller.require_scope(event.body.counter_account, "", field)
    if word.time_ns > now_ns:
        raise InvalidField(f"{path}.event_time", "must not be in the future")


def check_adjustment(event: Event) -> None:
    """Refuse what is no adjustment."""
    if not isinstance(event.body, Flow | Split | Dividend | Correction | Bust):
        problem = "must be a cash flow, a corporate action, a correction or a bust"
        raise InvalidField(f"{event.path}.event", problem)


def _only_people(event: Event) -> bool:
    if isinstance(event.body, Flow):
        return event.body.kind.is_external
    return isinstance(event.body, Split | Dividend)
