"""A subscription set: which of the subscriptions, if any, a topic belongs to."""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field

from quarterdeck_server.kernel import topics
from quarterdeck_server.stream.domain import SCOPED, UNDIVIDED, Subscription

EVERY = "*"


@dataclass(frozen=True, slots=True)
class Scope:
    """The accounts and strategies a reader may see; equal scopes share their frames."""

    accounts: frozenset[str]
    strategies: frozenset[str]
    sees: Callable[[str, str], bool] = field(compare=False)

    def covers(self, topic: str) -> bool:
        """Tell whether a topic is within the scope."""
        kind, *key = topics.split(topic)
        if kind in UNDIVIDED:
            return self.sees(EVERY, EVERY)
        if kind not in SCOPED:
            return True
        account, strategy, *_ = (*key, "", "")
        return self.sees(account, strategy)


class Plan:
    """Subscriptions of which the most specific one decides, and the scope of their reader."""

    def __init__(self, subscriptions: Collection[Subscription], scope: Scope) -> None:
        self.subscriptions = {one.topic: one for one in subscriptions}
        self.scope = scope
        self.prefixes = {
            one.topic[:-1]: one for one in subscriptions if topics.is_pattern(one.topic)
        }
        self.exact = {one.topic: one for one in subscriptions if not topics.is_pattern(one.topic)}
        scoped = any(topics.kind(prefix) in SCOPED | UNDIVIDED for prefix in self.prefixes)
        self.key: Hashable = (frozenset(subscriptions), scope if scoped else None)

    def route(self, topic: str) -> Subscription | None:
        """Return the subscription that a topic is delivered under."""
        if (found := self.exact.get(topic)) is not None:
            return found
        for prefix in prefixes_of(topic):
            if (found := self.prefixes.get(prefix)) is not None:
                return found if self.scope.covers(topic) else None
        return None

    def changed(
        self, add: Collection[Subscription], remove: Collection[str], scope: Scope
    ) -> "Plan":
        """Return the plan after subscriptions were taken away and others added."""
        kept = {name: one for name, one in self.subscriptions.items() if name not in set(remove)}
        kept |= {one.topic: one for one in add}
        return Plan(tuple(kept.values()), scope)


def prefixes_of(topic: str) -> list[str]:
    """Return the prefixes a subscription to the topic may have, longest first."""
    found: list[str] = []
    place = topic.rfind("/")
    while place >= 0:
        found.append(topic[: place + 1])
        place = topic.rfind("/", 0, place)
    return found
