"""What callers may ask about."""

from quarterdeck_server.analytics.domain.subject import Asked, Portfolio
from quarterdeck_server.runtime.caller import current


def allowed(asked: Asked) -> Asked:
    """Refuse, by its place in the request, what lies outside of the caller's scope."""
    for named in (*asked.subjects, *([asked.benchmark] if asked.benchmark else [])):
        within_scope(named.subject, named.field)
    return asked


def within_scope(one: object, field: str) -> None:
    """Refuse a portfolio outside of the caller's scope; ``field`` holds it."""
    if isinstance(one, Portfolio):
        current().require_scope(one.account, one.strategy, f"{field}.portfolio.account")
