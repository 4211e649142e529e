"""The Quarterdeck SDK: typed clients for every Quarterdeck service.

``AsyncClient`` is for asyncio, ``Client`` blocks; they have the same methods. Amounts and prices
are Decimal, times are datetimes or nanoseconds since the Unix epoch, durations are seconds.
"""

from quarterdeck._async.client import AsyncClient
from quarterdeck._async.log import AsyncLogWatch
from quarterdeck._async.watch import AsyncWatch
from quarterdeck._sync.client import Client
from quarterdeck._sync.log import LogWatch
from quarterdeck._sync.watch import Watch
from quarterdeck.api.trading.v1.trading_event_pb2 import LogCursor, LoggedEvent
from quarterdeck.books import Level, OrderBook
from quarterdeck.errors import (
    AlreadyExists,
    Cause,
    Conflict,
    DeadlineExceeded,
    FieldProblem,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotPossibleNow,
    QuarterdeckError,
    RateLimited,
    ServerError,
    UnannouncedGap,
    Unavailable,
)
from quarterdeck.events import (
    DELIVERY_ALL,
    DELIVERY_LATEST,
    Control,
    Cursor,
    Disconnected,
    Event,
    Gap,
    GapCause,
    Heartbeat,
    Item,
    Link,
    LinkState,
    Payload,
    Reconnected,
    Recovered,
    SessionOpened,
    Skipped,
    Stale,
    Subscribed,
    Subscription,
    Unsubscribed,
)
from quarterdeck.pages import async_pages, pages
from quarterdeck.publishing import Bars, Quotes, Trades
from quarterdeck.rows import Bar, Quote, Row, Trade
from quarterdeck.topics import prefix, topic

__all__ = [
    "DELIVERY_ALL",
    "DELIVERY_LATEST",
    "AlreadyExists",
    "AsyncClient",
    "AsyncLogWatch",
    "AsyncWatch",
    "Bar",
    "Bars",
    "Cause",
    "Client",
    "Conflict",
    "Control",
    "Cursor",
    "DeadlineExceeded",
    "Disconnected",
    "Event",
    "FieldProblem",
    "Gap",
    "GapCause",
    "Heartbeat",
    "InvalidRequest",
    "Item",
    "Level",
    "Link",
    "LinkState",
    "LogCursor",
    "LogWatch",
    "LoggedEvent",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "NotPossibleNow",
    "OrderBook",
    "Payload",
    "QuarterdeckError",
    "Quote",
    "Quotes",
    "RateLimited",
    "Reconnected",
    "Recovered",
    "Row",
    "ServerError",
    "SessionOpened",
    "Skipped",
    "Stale",
    "Subscribed",
    "Subscription",
    "Trade",
    "Trades",
    "UnannouncedGap",
    "Unavailable",
    "Unsubscribed",
    "Watch",
    "async_pages",
    "pages",
    "prefix",
    "topic",
]
