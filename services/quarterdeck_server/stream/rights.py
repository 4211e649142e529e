"""Which topics a caller may read."""

from collections.abc import Iterable

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import ScopeForbidden
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.stream.domain import SCOPED, Subscription
from quarterdeck_server.stream.encode import KIND_PERMISSIONS
from quarterdeck_server.stream.engine.plan import EVERY, Scope


def scope_of(caller: Caller) -> Scope:
    """Return what a caller may see of trading topics."""
    return Scope(caller.accounts, caller.strategies, caller.sees)


def admit(caller: Caller, topic: str, field: str) -> None:
    """Refuse a topic the caller may not read, and a pattern that names a foreign account.

    A pattern that names no account or strategy in full is admitted: it delivers those in scope.
    """
    caller.require(KIND_PERMISSIONS[topics.kind(topic)])
    if not topics.is_pattern(topic):
        if not scope_of(caller).covers(topic):
            raise ScopeForbidden(field, topic)
    elif topics.kind(topic) in SCOPED and not _may_name(caller, topic):
        raise ScopeForbidden(field, topic)


def admit_all(caller: Caller, subscriptions: Iterable[Subscription]) -> None:
    """Refuse a caller that may no longer read what a stream is subscribed to."""
    for one in subscriptions:
        admit(caller, one.topic, "topic")


def may_read(caller: Caller, topic: str) -> bool:
    """Tell whether a topic that exists is to be shown to the caller."""
    return caller.has(KIND_PERMISSIONS[topics.kind(topic)]) and scope_of(caller).covers(topic)


def _may_name(caller: Caller, topic: str) -> bool:
    account, strategy, *_ = (*topic.split("/")[1:], EVERY, EVERY)
    may_account = EVERY in account or caller.sees(topics.unescaped(account))
    may_strategy = EVERY in strategy or bool(
        caller.strategies & {EVERY, topics.unescaped(strategy)}
    )
    return may_account and may_strategy
