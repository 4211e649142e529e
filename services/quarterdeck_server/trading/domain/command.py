"""Commands: what nodes are told to do."""

from dataclasses import dataclass
from enum import IntEnum


class CommandKind(IntEnum):
    """What a node is told to do; the numbers are those of the contract."""

    MARKET_EXIT = 1
    STOP_STRATEGY = 2
    START_STRATEGY = 3
    SAVE_STATE = 4
    STOP_NODE = 5


class CommandState(IntEnum):
    """How far a command has come; the numbers are those of the contract."""

    PENDING = 1
    DONE = 2
    FAILED = 3


@dataclass(frozen=True, slots=True)
class Command:
    """An instruction to a node; ``number`` orders the commands of all nodes."""

    number: int
    name: str
    node: str
    kind: CommandKind
    strategy: str
    state: CommandState
    result: str
    sender: str
    create_time_ns: int
    finish_time_ns: int | None = None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of a command."""

    name: str
    state: CommandState
    result: str
