"""A subscription set: which of the subscriptions, if any, a topic belongs to."""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.patterns import Pattern, pattern
from quarterdeck_server.stream.domain import SCOPED, UNDIVIDED, Subscription

EVERY = "*"
BREATH = 50


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


class Selection:
    """A pattern that is subscribed to, without what it excludes."""

    __slots__ = ("_patterns", "_topics", "pattern", "subscription")

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.pattern: Pattern = pattern(subscription.topic)
        self._topics = frozenset(name for name in subscription.exclude if EVERY not in name)
        self._patterns = tuple(pattern(name) for name in subscription.exclude - self._topics)

    def names(self, topic: str) -> bool:
        """Tell whether the topic is named and not excluded."""
        if topic in self._topics or not self.pattern.names(topic):
            return False
        return not any(one.names(topic) for one in self._patterns)


class Plan:
    """Subscriptions of which the most specific one decides, and the scope of their reader."""

    def __init__(self, subscriptions: Collection[Subscription], scope: Scope) -> None:
        self.subscriptions = {one.topic: one for one in subscriptions}
        self.scope = scope
        self.exact = {one.topic: one for one in subscriptions if not topics.is_pattern(one.topic)}
        wide = [one for one in subscriptions if topics.is_pattern(one.topic)]
        self._selections = _by_stem(wide)
        self._routes: dict[str, Subscription] = {}
        self._others: set[str] = set()
        scoped = any(topics.kind(one.topic) in SCOPED | UNDIVIDED for one in wide)
        self.key: Hashable = (frozenset(subscriptions), scope if scoped else None)

    @property
    def stems(self) -> Collection[str]:
        """The beginnings of every topic that a pattern of the plan can name."""
        return self._selections.keys()

    def route(self, topic: str) -> Subscription | None:
        """Return the subscription that a topic is delivered under."""
        if (found := self.exact.get(topic) or self._routes.get(topic)) is not None:
            return found
        if topic in self._others:
            return None
        found = self._selected(topic) if self._selections else None
        if found is not None and self.scope.covers(topic):
            self._routes[topic] = found
            return found
        return None

    def learn(self, names: Iterable[str]) -> Iterator[None]:
        """Find out which names it wants, with a pause for others after some of them.

        Fifty patterns and ten thousand topics are half a second of comparisons.
        """
        if not self._selections:
            return
        for place, name in enumerate(names, start=1):
            if self.route(name) is None:
                self._others.add(name)
            if place % BREATH == 0:
                yield

    def forget_others(self) -> None:
        """Let go of the names it does not want: once its topics are connected nobody asks again."""
        self._others.clear()

    def changed(
        self, add: Collection[Subscription], remove: Collection[str], scope: Scope
    ) -> "Plan":
        """Return the plan after subscriptions were taken away and others added."""
        kept = {name: one for name, one in self.subscriptions.items() if name not in set(remove)}
        kept |= {one.topic: one for one in add}
        return Plan(tuple(kept.values()), scope)

    def _selected(self, topic: str) -> Subscription | None:
        # The longest stem has the most leading parts without a star: the most specific comes first.
        for stem in topics.stems(topic):
            for one in self._selections.get(stem, ()):
                if one.names(topic):
                    return one.subscription
        return None


def _by_stem(subscriptions: Iterable[Subscription]) -> dict[str, list[Selection]]:
    found: dict[str, list[Selection]] = {}
    for one in sorted(map(Selection, subscriptions), key=lambda one: one.pattern.rank):
        found.setdefault(one.pattern.stem, []).append(one)
    return found
