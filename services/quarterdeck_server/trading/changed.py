"""Position changes, as they are asked for and told page by page."""

from dataclasses import dataclass, field

from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.portfolio import Instrument, PositionKey
from quarterdeck_server.trading.portfolio.walk import Held, Step

type Moment = tuple[int, bool, int]
"""When an event counts: its time, whether it is a fill, its position in the log."""

BEFORE_ALL: Moment = (-1, False, 0)


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """Whose changes are wanted, in which instrument (empty is all), and when: half open."""

    view: View
    instrument: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class ChangePlace:
    """The last event that was told of a position, and what it left; or that none was yet."""

    key: PositionKey
    moment: Moment = BEFORE_ALL
    held: Held = field(default_factory=Held)

    @property
    def is_within(self) -> bool:
        """Whether something of the position was told."""
        return self.moment != BEFORE_ALL


@dataclass(frozen=True, slots=True)
class ChangedPosition:
    """A position, and what the log knows of its instrument if it has one."""

    key: PositionKey
    base_currency: str
    instrument: Instrument | None


@dataclass(slots=True)
class ChangePage:
    """Steps of positions; ``numbers`` says whose each is. ``next`` is where another page begins."""

    size: int
    positions: list[ChangedPosition] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    next: ChangePlace | None = None

    def add(self, position: ChangedPosition, steps: tuple[Step, ...]) -> bool:
        """Add the steps of an event, unless they do not fit any more; the first always does."""
        if not steps:
            return True
        if self.steps and len(self.steps) + len(steps) > self.size:
            return False
        if not self.positions or self.positions[-1].key != position.key:
            self.positions.append(position)
        self.steps += steps
        self.numbers += [len(self.positions) - 1] * len(steps)
        return True
