"""Who may record what, and when."""

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.trading.domain.amendment import Bust, Correction
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.portfolio import Dividend, Flow, Split


def permit(caller: Caller, event: Event) -> None:
    """Refuse an event that is outside of the caller's scope or that only people may tell.

    An event of all accounts has no account, which only a scope over all of them holds.
    """
    path, word = event.path, event.word
    caller.require_scope(word.account, word.strategy, f"{path}.account")
    match event.body:
        case Flow() as flow if flow.kind.is_external:
            caller.require("TRADING_CONTROL")
            if flow.counter_account:
                caller.require_scope(flow.counter_account, "", f"{path}.cash_flow.counter_account")
        case Split() | Dividend():
            caller.require("TRADING_CONTROL")


def check_adjustment(event: Event, now_ns: int) -> None:
    """Refuse what is no adjustment, and one of the future."""
    if not isinstance(event.body, Flow | Split | Dividend | Correction | Bust):
        problem = "must be a cash flow, a corporate action, a correction or a bust"
        raise InvalidField(f"{event.path}.event", problem)
    if event.word.time_ns > now_ns:
        raise InvalidField(f"{event.path}.event_time", "must not be in the future")
