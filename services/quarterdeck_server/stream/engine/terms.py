"""What the hub is told, and what it tells: its limits, its counts, and what it lost."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """Sequence numbers of a durable topic after ``after`` that never came, up to ``until``."""

    topic: str
    after: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept, when a reader is too far behind, and when a kind's topic is stale."""

    window_s: float
    ring_bytes: int
    cut_bytes: int
    stale_after_s: Mapping[str, float]


@dataclass(slots=True)
class Counts:
    """What happened since the start."""

    published: int = 0
    duplicate: int = 0
    outdated: int = 0
    unknown_kind: int = 0
    lost: int = 0
