"""What a position was at earlier times, so that what comes late is not replayed from the first.

A state is kept every so many fills. The further back, the fewer there are: what is late by some
fills is replayed from a state that is not much further back than it, and a position of a million
fills keeps some twenty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

BEGINNING = -(2**63)
"""Before everything that can happen."""

STEP = 64
"""Fills from one state to the next: replaying so many costs a millisecond."""


@dataclass(frozen=True, slots=True)
class Milestone[State]:
    """A state that knows everything up to a time, and how many fills that was."""

    known_ns: int
    fill_count: int
    state: State


class Past[State]:
    """The milestones of a position, oldest first."""

    __slots__ = ("_due", "_milestones")

    def __init__(self, milestones: Sequence[Milestone[State]] = (), counted: int = 0) -> None:
        self._milestones = [*milestones]
        self._due = STEP + (milestones[-1].fill_count if milestones else counted)

    def is_due(self, fill_count: int) -> bool:
        """Tell whether a state of so many fills should be kept."""
        return fill_count >= self._due

    def keep(self, milestone: Milestone[State]) -> None:
        """Keep a state that is later than all others."""
        self._milestones = [*_thinned(self._milestones, milestone.fill_count), milestone]
        self._due = milestone.fill_count + STEP

    def before(self, time_ns: int) -> "Past[State]":
        """Return the past that nothing of a time and after it can change."""
        return Past([one for one in self._milestones if one.known_ns < time_ns])

    @property
    def newest(self) -> State | None:
        """The last state that is kept."""
        return self._milestones[-1].state if self._milestones else None

    def __len__(self) -> int:
        return len(self._milestones)


def _thinned[State](known: list[Milestone[State]], now: int) -> list[Milestone[State]]:
    """Leave out states whose neighbours are no further apart than the later one is from now."""
    kept = known[:1]
    for one, later in pairwise(known[1:]):
        if later.fill_count - kept[-1].fill_count > now - later.fill_count:
            kept.append(one)
    return kept + known[1:][-1:]
