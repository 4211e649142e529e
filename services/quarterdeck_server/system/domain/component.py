"""Components: what the supervisor tells of a part and what a check of it finds, in one verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

COLLECTION = "components/"
CLEAN_EXIT = "exit 0"
NOTICEABLE_BYTES = 1 << 20


class ComponentState(StrEnum):
    """How a component is."""

    STARTING = "STARTING"
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"
    BACKOFF = "BACKOFF"
    STOPPED = "STOPPED"


# The supervisor's words. It calls a part that answered once RUNNING, and one it gave up FAILED.
STATES = {
    "STARTING": ComponentState.STARTING,
    "RUNNING": ComponentState.HEALTHY,
    "BACKOFF": ComponentState.BACKOFF,
    "STOPPED": ComponentState.STOPPED,
    "FAILED": ComponentState.STOPPED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What the supervisor tells of a part."""

    name: str
    state: str
    pid: int | None
    restarts: int
    since_ns: int
    last_exit: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: why it failed, empty if it did not, and how long it took."""

    failure: str
    check_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of the deck as it stands."""

    id: str
    state: ComponentState
    failure: str
    since_ns: int
    pid: int | None = None
    restarts: int = 0
    memory_bytes: int | None = None
    check_ms: float | None = None

    @property
    def name(self) -> str:
        """The resource name."""
        return COLLECTION + self.id

    @property
    def is_well(self) -> bool:
        """Whether it does what it is for; a part that did its work and ended well is."""
        done = self.state is ComponentState.STOPPED and not self.failure
        return done or self.state is ComponentState.HEALTHY


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that was found out in one round."""

    parts: Sequence[Part]
    findings: Mapping[str, Finding]
    memory: Mapping[int, int]


def components(
    observation: Observation, before: Mapping[str, Component], now_ns: int
) -> dict[str, Component]:
    """Give one verdict for each part and for each check of something the deck does not run."""
    parts = {part.name: part for part in observation.parts}
    ids = sorted(parts.keys() | observation.findings.keys())
    return {
        id_: _component(id_, parts.get(id_), observation, before.get(id_), now_ns) for id_ in ids
    }


def is_healthy(all_of_them: Iterable[Component]) -> bool:
    """Tell whether the deck is well; one that knows of no component does not say so."""
    known = list(all_of_them)
    return bool(known) and all(component.is_well for component in known)


def differs(component: Component, sent: Component | None) -> bool:
    """Tell whether a reader wants to hear of it again; a little memory is no news."""
    if sent is None or _identity(component) != _identity(sent):
        return True
    if component.memory_bytes is None or sent.memory_bytes is None:
        return component.memory_bytes is not sent.memory_bytes
    return abs(component.memory_bytes - sent.memory_bytes) >= NOTICEABLE_BYTES


def _identity(component: Component) -> tuple[object, ...]:
    return (
        component.state,
        component.failure,
        component.since_ns,
        component.pid,
        component.restarts,
    )


def _component(
    id_: str, part: Part | None, observation: Observation, before: Component | None, now_ns: int
) -> Component:
    finding = observation.findings.get(id_)
    state, failure = _verdict(part, finding)
    return Component(
        id=id_,
        state=state,
        failure=failure,
        since_ns=_since(part, state, before, now_ns),
        pid=part.pid if part else None,
        restarts=part.restarts if part else 0,
        memory_bytes=observation.memory.get(part.pid) if part and part.pid else None,
        check_ms=finding.check_ms if finding else None,
    )


def _verdict(part: Part | None, finding: Finding | None) -> tuple[ComponentState, str]:
    state = STATES[part.state] if part else ComponentState.HEALTHY
    if part and state in {ComponentState.BACKOFF, ComponentState.STOPPED}:
        return state, _ending(part)
    if finding and finding.failure and state is ComponentState.HEALTHY:
        return ComponentState.UNHEALTHY, finding.failure
    return state, ""


def _ending(part: Part) -> str:
    if part.last_exit == CLEAN_EXIT and part.state == "STOPPED":
        return ""
    return part.last_exit or "it was stopped"


def _since(part: Part | None, state: ComponentState, before: Component | None, now_ns: int) -> int:
    told_ns = part.since_ns if part else None
    if before and before.state is state:
        return max(before.since_ns, told_ns or 0)
    by_check = ComponentState.UNHEALTHY in {state, before.state if before else state}
    return now_ns if told_ns is None or by_check else told_ns
