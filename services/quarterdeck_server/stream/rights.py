"""Which topics a caller may read."""

from collections.abc import Iterable

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import ScopeForbidden
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.stream.domain import SCOPED, UNDIVIDED, Subscription
from quarterdeck_server.stream.encode import KIND_PERMISSIONS
from quarterdeck_server.stream.engine.plan import Scope


def scope_of(caller: Caller) -> Scope:
    """Return what a caller may see of trading topics."""
    return Scope(caller.accounts, caller.strategies, caller.sees)


def admit(caller: Caller, topic: str, field: str) -> None:
    """Refuse a topic the caller may not read, and a prefix that names a foreign account."""
    kind, *key = topics.split(topic)
    caller.require(KIND_PERMISSIONS[kind])
    if kind in UNDIVIDED and not topics.is_pattern(topic) and not may_read(caller, topic):
        raise ScopeForbidden(field, topic)
    named = [part for part in key if part != "*"]
    if kind not in SCOPED or not named:
        return
    account, strategy, *_ = (*named, "", "")
    if not caller.sees(account, strategy):
        raise ScopeForbidden(field, topic)


def admit_all(caller: Caller, subscriptions: Iterable[Subscription]) -> None:
    """Refuse a caller that may no longer read what a stream is subscribed to."""
    for one in subscriptions:
        admit(caller, one.topic, "topic")


def may_read(caller: Caller, topic: str) -> bool:
    """Tell whether a topic that exists is to be shown to the caller."""
    return caller.has(KIND_PERMISSIONS[topics.kind(topic)]) and scope_of(caller).covers(topic)
