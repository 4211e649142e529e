"""The portfolio engine: positions, cash, profit and equity, incrementally and exactly.

``Book`` takes events and answers questions. It is pure: no I/O, no clock, no messages. What money
was made and where it is are exact decimals; what positions are worth at the market, summed, are
float64 statistics. Definitions and formulas: docs/guides/profit-and-loss.md.
"""

from quarterdeck_server.trading.portfolio.actions import Action, Dividend, Split, concerns
from quarterdeck_server.trading.portfolio.basis import CostMethod, Lot
from quarterdeck_server.trading.portfolio.book import EVERYTHING, Book
from quarterdeck_server.trading.portfolio.cells import Scope
from quarterdeck_server.trading.portfolio.columns import PositionColumns
from quarterdeck_server.trading.portfolio.events import (
    EXTERNAL,
    Allocation,
    Fill,
    Flow,
    FlowKind,
    PositionKey,
    Side,
)
from quarterdeck_server.trading.portfolio.instrument import Instrument, Settlement
from quarterdeck_server.trading.portfolio.marks import Mark, MarkSource, ValuationRule
from quarterdeck_server.trading.portfolio.past import BEGINNING
from quarterdeck_server.trading.portfolio.position import ChangeKind, Position, PositionChange
from quarterdeck_server.trading.portfolio.replay import Replay, replayed
from quarterdeck_server.trading.portfolio.state import BookState
from quarterdeck_server.trading.portfolio.summary import Summary, Totals

__all__ = [
    "BEGINNING",
    "EVERYTHING",
    "EXTERNAL",
    "Action",
    "Allocation",
    "Book",
    "BookState",
    "ChangeKind",
    "CostMethod",
    "Dividend",
    "Fill",
    "Flow",
    "FlowKind",
    "Instrument",
    "Lot",
    "Mark",
    "MarkSource",
    "Position",
    "PositionChange",
    "PositionColumns",
    "PositionKey",
    "Replay",
    "Scope",
    "Settlement",
    "Side",
    "Split",
    "Summary",
    "Totals",
    "ValuationRule",
    "concerns",
    "replayed",
]
