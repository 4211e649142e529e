"""Which groups may want a topic that appears."""

from collections.abc import Callable, Hashable, Iterator

from quarterdeck_server.kernel import topics
from quarterdeck_server.stream.domain import COMMISSIONED
from quarterdeck_server.stream.engine.group import Group
from quarterdeck_server.stream.engine.plan import Plan


class Index:
    """Groups by plan, by topic, and by the stem of a pattern."""

    def __init__(self, begin: Callable[[Plan], Group]) -> None:
        self._begin = begin
        self._groups: dict[Hashable, Group] = {}
        self._by_name: dict[str, set[Group]] = {}
        self.paced: set[Group] = set()
        self.commissioned: set[str] = set()
        """The topics, and stems of patterns, of kinds that are made while somebody reads them."""

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(tuple(self._groups.values()))

    def has(self, plan: Plan) -> bool:
        """Tell whether a plan has a group already."""
        return plan.key in self._groups

    def group(self, plan: Plan) -> Group:
        """Return the group of a plan, a new one if there is none."""
        group = self._groups.get(plan.key)
        if group is None:
            group = self._groups[plan.key] = self._begin(plan)
            for name in (*plan.exact, *plan.stems):
                self._by_name.setdefault(name, set()).add(group)
                if topics.kind(name) in COMMISSIONED:
                    self.commissioned.add(name)
            if group.paced():
                self.paced.add(group)
        return group

    def remove(self, group: Group) -> None:
        """Forget a group."""
        self._groups.pop(group.plan.key, None)
        self.paced.discard(group)
        for name in (*group.plan.exact, *group.plan.stems):
            found = self._by_name.get(name, set())
            found.discard(group)
            if not found:
                self._by_name.pop(name, None)
                self.commissioned.discard(name)
        group.disconnect()

    def exact_names(self) -> Iterator[str]:
        """Return the topics that are read by their names."""
        return (name for name in self._by_name if not name.endswith("/"))

    def candidates(self, topic: str) -> set[Group]:
        """Return the groups with a subscription that may name the topic: the plan decides."""
        found: set[Group] = set()
        for name in (topic, *topics.stems(topic)):
            found |= self._by_name.get(name, set())
        return found
