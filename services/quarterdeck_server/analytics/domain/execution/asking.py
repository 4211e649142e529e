"""What is asked about executions."""

from dataclasses import dataclass, field
from enum import Enum

from quarterdeck_server.kernel.time import LATEST_NS
from quarterdeck_server.quant.execution.spread import HORIZONS_NS, SECOND_NS

MAX_AGE_NS = 600 * SECOND_NS


class Key(Enum):
    """By what executions are grouped."""

    NONE = "none"
    STRATEGY = "strategy"
    INSTRUMENT = "instrument"
    VENUE = "venue"
    ORDER_TYPE = "order_type"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which orders; empty is all."""

    account: str = ""
    strategy: str = ""
    instrument: str = ""
    venue: str = ""
    order_type: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """When orders were made, in nanoseconds, the end not included."""

    start_ns: int = 0
    end_ns: int = LATEST_NS


@dataclass(frozen=True, slots=True)
class Manner:
    """How executions are measured."""

    key: Key = Key.NONE
    horizons_ns: tuple[int, ...] = field(default=HORIZONS_NS)
    most_age_ns: int = MAX_AGE_NS
    """How old a price may be to stand for a moment."""


@dataclass(frozen=True, slots=True)
class AskedOrders:
    """Which orders are asked about, and how they are measured."""

    scope: Scope
    window: Window
    manner: Manner
