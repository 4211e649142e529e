"""What people are told of silent sources: many topics in one alert, each outage once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from quarterdeck_server.kernel import topics as grammar
from quarterdeck_server.stream.domain import SCOPED, UNDIVIDED, Stale


class Change(Enum):
    """What happened to topics."""

    STALE = "STALE"
    RECOVERED = "RECOVERED"


@dataclass(frozen=True, slots=True)
class Alert:
    """Topics of one kind that went silent, or that have events again."""

    change: Change
    kind: str
    topics: tuple[Stale, ...]

    @property
    def text(self) -> str:
        """Say it in one sentence."""
        return self._sentence(self.topics[0].topic)

    @property
    def text_for_all(self) -> str:
        """Say it without a name that not everybody may know: of an account, a strategy, a node."""
        return self.text if self.kind not in SCOPED | UNDIVIDED else self._sentence("")

    def _sentence(self, example: str) -> str:
        first, count = self.topics[0], len(self.topics)
        who = f"{count} topics of {self.kind}"
        if count == 1:
            who = example or f"a topic of {self.kind}"
        if self.change is Change.RECOVERED:
            return f"{who} {'has' if count == 1 else 'have'} events again"
        verb = "is" if count == 1 else "are"
        such_as = f", for example {example}" if example and count > 1 else ""
        return f"{who} {verb} silent for {first.silent_ns / 1e9:.0f} s{such_as}: {first.note}"


@dataclass(slots=True)
class _Pending:
    stale: dict[str, Stale] = field(default_factory=dict)
    recovered: dict[str, Stale] = field(default_factory=dict)
    told_at: float = float("-inf")


class Staleness:
    """Compares the stale topics with those of the last look, and collects what is to be told."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._stale: Mapping[str, Stale] = {}
        self._pending: dict[str, _Pending] = {}

    def look(self, stale: Mapping[str, Stale], now: float) -> list[Alert]:
        """Return what is to be told now; of one kind at most one alert of each sort in a pause."""
        for name in stale.keys() - self._stale.keys():
            self._note(stale[name], Change.STALE)
        for name in self._stale.keys() - stale.keys():
            self._note(self._stale[name], Change.RECOVERED)
        self._stale = stale
        return [alert for kind in self._pending for alert in self._due(kind, now)]

    def _note(self, one: Stale, change: Change) -> None:
        pending = self._pending.setdefault(grammar.kind(one.topic), _Pending())
        ours, other = pending.stale, pending.recovered
        if change is Change.RECOVERED:
            ours, other = other, ours
        # What began and ended before it was told of is not told of.
        if other.pop(one.topic, None) is None:
            ours[one.topic] = one

    def _due(self, kind: str, now: float) -> list[Alert]:
        pending = self._pending[kind]
        if not (pending.stale or pending.recovered) or now - pending.told_at < self._pause_s:
            return []
        made = [_alert(Change.STALE, kind, pending.stale.values())] if pending.stale else []
        if pending.recovered:
            made.append(_alert(Change.RECOVERED, kind, pending.recovered.values()))
        self._pending[kind] = _Pending(told_at=now)
        return made


def _alert(change: Change, kind: str, found: Iterable[Stale]) -> Alert:
    return Alert(change, kind, tuple(sorted(found, key=lambda one: one.topic)))
