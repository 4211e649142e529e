"""What a watch yields: events, and what the stream says about itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from google.protobuf.message import Message

from quarterdeck.api.analytics.v1.performance_pb2 import Performance
from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.book_pb2 import OrderBookDeltaBatch, OrderBookSnapshot
from quarterdeck.api.marketdata.v1.filing_pb2 import Filing
from quarterdeck.api.marketdata.v1.observation_pb2 import ObservationBatch
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.source_pb2 import Source
from quarterdeck.api.marketdata.v1.status_pb2 import InstrumentStatus
from quarterdeck.api.marketdata.v1.trade_pb2 import TradeBatch
from quarterdeck.api.stream.v1.control_pb2 import (
    Gap,
    GapCause,
    Heartbeat,
    Recovered,
    SessionOpened,
    Skipped,
    Stale,
    Subscribed,
    Unsubscribed,
)
from quarterdeck.api.stream.v1.event_pb2 import Event as EventMessage
from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck.api.stream.v1.subscription_pb2 import (
    DELIVERY_ALL,
    DELIVERY_LATEST,
    Cursor,
    Delivery,
    Subscription,
)
from quarterdeck.api.trading.v1.account_pb2 import AccountState
from quarterdeck.api.trading.v1.fill_pb2 import Fill
from quarterdeck.api.trading.v1.node_pb2 import Node
from quarterdeck.api.trading.v1.order_pb2 import Order
from quarterdeck.api.trading.v1.portfolio_pb2 import ProfitAndLoss
from quarterdeck.api.trading.v1.position_pb2 import Position
from quarterdeck.errors import QuarterdeckError, UnannouncedGap
from quarterdeck.frames import Table, table
from quarterdeck.rows import Row, rows_of

__all__ = [
    "DELIVERY_ALL",
    "DELIVERY_LATEST",
    "Control",
    "Cursor",
    "Delivery",
    "Disconnected",
    "Event",
    "Gap",
    "GapCause",
    "Heartbeat",
    "Item",
    "Link",
    "LinkState",
    "Payload",
    "Reconnected",
    "Recovered",
    "SessionOpened",
    "Skipped",
    "Stale",
    "Subscribed",
    "Subscription",
    "UnannouncedGap",
    "Unsubscribed",
]

type Payload = (
    QuoteBatch
    | TradeBatch
    | BarBatch
    | OrderBookSnapshot
    | OrderBookDeltaBatch
    | InstrumentStatus
    | Source
    | ObservationBatch
    | Filing
    | Order
    | Fill
    | Position
    | AccountState
    | ProfitAndLoss
    | Performance
    | Node
    | Notice
    | EventMessage
)
KINDS = frozenset(field.name for field in EventMessage.DESCRIPTOR.oneofs_by_name["payload"].fields)
"""The kinds of events that this version knows."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a topic; market data comes in batches of one or more rows."""

    topic: str
    """The topic, for example ``quotes/AAPL.XNAS``."""
    kind: str
    """The kind of the topic, which tells the type of the payload: ``quotes``."""
    epoch: int
    """Which run of sequence numbers this is."""
    sequence: int
    """The sequence number, of the first row if there are several."""
    row_count: int
    """How many sequence numbers the event takes."""
    publish_time_ns: int
    """When it was published, in nanoseconds since the Unix epoch."""
    payload: Payload
    """What happened."""

    def rows(self) -> Sequence[Row | Payload]:
        """Expand a batch of market data into its rows; any other payload is one row itself."""
        if isinstance(self.payload, QuoteBatch | TradeBatch | BarBatch):
            return rows_of(self.payload)
        return (self.payload,)

    def to_pandas(self) -> Table:
        """Turn a batch of market data into a table; needs ``quarterdeck[pandas]``.

        Raises TypeError for an event that has no columns.
        """
        if isinstance(self.payload, QuoteBatch | TradeBatch | BarBatch):
            return table(self.payload)
        raise TypeError(f"an event of kind {self.kind} has no columns")


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The stream broke; it is opened again and resumed after ``delay`` seconds."""

    error: QuarterdeckError
    """What broke it."""
    silent_for: float
    """Seconds since the deck was last heard of."""
    delay: float
    """Seconds until the next attempt."""
    attempt: int
    """Counts the attempts since the stream last lived."""


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The stream is open again after it broke, and goes on where it was."""

    down_for: float
    """Seconds since the deck was last heard of before."""
    attempts: int
    """How many attempts it took."""


class LinkState(StrEnum):
    """How a stream stands with its deck."""

    CONNECTING = "connecting"
    """It was never open."""
    CONNECTED = "connected"
    """It is open and its heartbeats come."""
    SILENT = "silent"
    """It is open, but a heartbeat is overdue; after two the stream is opened again."""
    RECONNECTING = "reconnecting"
    """It broke and is opened again."""
    CLOSED = "closed"
    """It ended, or failed for good."""


@dataclass(frozen=True, slots=True)
class Link:
    """How a stream stands with its deck now."""

    state: LinkState
    silent_for: float
    """Seconds since the deck was last heard of; 0 before the first time."""


type Control = (
    SessionOpened
    | Subscribed
    | Unsubscribed
    | Heartbeat
    | Stale
    | Gap
    | Skipped
    | Recovered
    | Disconnected
    | Reconnected
    | UnannouncedGap
)
type Item = Event | Control


def event_from(message: EventMessage, seen_rows: int = 0) -> Event:
    """Read an event, without the rows that were seen before."""
    kind = message.WhichOneof("payload") or message.topic.partition("/")[0]
    # A newer deck may send kinds that this version does not know: such an event is its own payload.
    payload = getattr(message, kind) if kind in KINDS else message
    if seen_rows:
        _drop_rows(payload, seen_rows)
    return Event(
        topic=message.topic,
        kind=kind,
        epoch=message.epoch,
        sequence=message.sequence + seen_rows,
        row_count=max(message.rows, 1) - seen_rows,
        publish_time_ns=message.publish_time_ns,
        payload=payload,
    )


def _drop_rows(batch: Message, count: int) -> None:
    for descriptor, _ in batch.ListFields():
        if descriptor.is_repeated:
            del getattr(batch, descriptor.name)[:count]
