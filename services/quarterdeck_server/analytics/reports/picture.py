"""Pictures of lines, boxes and words, which every renderer draws.

Lengths are points. The origin is the upper left corner and y grows downwards.
"""

from dataclasses import dataclass
from enum import Enum

type Point = tuple[float, float]


class Role(Enum):
    """What a mark stands for; the palette has a colour for each."""

    SUBJECT = "subject"
    BENCHMARK = "benchmark"
    LOSS = "loss"
    SPELL = "spell"
    GRID = "grid"
    INK = "ink"
    MUTED = "muted"


class Anchor(Enum):
    """Which part of a text its place is."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: tuple[Point, ...]
    role: Role
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled polygon."""

    points: tuple[Point, ...]
    role: Role
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """A text on one line."""

    place: Point
    text: str
    anchor: Anchor = Anchor.START
    role: Role = Role.MUTED
    size: float = 7.5


type Mark = Line | Shape | Words


@dataclass(frozen=True, slots=True)
class Picture:
    """Marks in the order in which they are drawn, and what they show, in words."""

    title: str
    description: str
    width: float
    height: float
    marks: tuple[Mark, ...]


def box(left: float, top: float, right: float, bottom: float) -> tuple[Point, ...]:
    """Return the corners of a box."""
    return ((left, top), (right, top), (right, bottom), (left, bottom))
