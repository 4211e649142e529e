"""What callers may ask about."""

from quarterdeck_server.analytics.domain.subject import Asked, Portfolio
from quarterdeck_server.runtime.caller import current


def allowed(asked: Asked) -> Asked:
    """Refuse, by its place in the request, what lies outside of the caller's scope."""
    for named in (*asked.subjects, *([asked.benchmark] if asked.benchmark else [])):
        if isinstance(named.subject, Portfolio):
            portfolio, place = named.subject, f"{named.field}.portfolio.account"
            current().require_scope(portfolio.account, portfolio.strategy, place)
    return asked
