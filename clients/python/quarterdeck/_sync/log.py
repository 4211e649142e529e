"""The trading log, event by event, without an end: it resumes where it was whenever it breaks."""

from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from google.protobuf.duration_pb2 import Duration

from quarterdeck._sync.channel import Channel
from quarterdeck._sync.lasting import Lasting
from quarterdeck._sync.services.trading import WATCH_TRADING
from quarterdeck.api.trading.v1.trading_event_pb2 import LogCursor, LoggedEvent
from quarterdeck.api.trading.v1.trading_event_service_pb2 import (
    WatchTradingRequest,
    WatchTradingResponse,
)


@dataclass(frozen=True, slots=True)
class LogWish:
    """Whose events are wanted, and from where on."""

    account: str
    strategy: str
    live_only: bool
    heartbeat_interval: Duration | None


class LogWatch:
    """Yields the events of the trading log in its order, each once.

    Raises what connecting again cannot change: InvalidRequest for a cursor of another log,
    NotAllowed, NotAuthenticated, and Unavailable when no stream opens for too long.
    """

    def __init__(
        self,
        channel: Channel,
        wish: LogWish,
        cursor: LogCursor | None,
        patience: float | None,
    ) -> None:
        self._wish = wish
        self._seen = self._received = cursor
        self._events: deque[LoggedEvent] = deque()
        self._newest_position = 0
        self._answers: Lasting[WatchTradingRequest, WatchTradingResponse] = Lasting(
            channel, WATCH_TRADING, self._request, patience
        )

    @property
    def cursor(self) -> LogCursor | None:
        """Behind the last event that was taken: give it to another watch to go on there.

        Absent until the deck has answered for the first time.
        """
        return self._seen

    @property
    def newest_position(self) -> int:
        """The newest position of the log, as the deck said last."""
        return self._newest_position

    @property
    def reconnections(self) -> int:
        """How often the stream was opened again."""
        return self._answers.reconnections

    def __iter__(self) -> Self:
        """Yield events, without an end."""
        return self

    def __next__(self) -> LoggedEvent:
        """Wait for the next event."""
        while not self._events:
            self._take(next(self._answers))
        event = self._events.popleft()
        last = self._received if not self._events else None
        epoch = self._received.epoch if self._received else 0
        self._seen = last or LogCursor(epoch=epoch, position=event.position)
        return event

    def __enter__(self) -> Self:
        """Nothing is opened before the first event is asked for."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the stream."""
        self.close()

    def close(self) -> None:
        """End the stream."""
        self._answers.close()

    def _take(self, answer: WatchTradingResponse) -> None:
        self._events.extend(answer.events)
        self._received = answer.cursor
        self._newest_position = answer.newest_position
        if not self._events:
            self._seen = answer.cursor

    def _request(self) -> WatchTradingRequest:
        wish = self._wish
        return WatchTradingRequest(
            account=wish.account,
            strategy=wish.strategy,
            cursor=self._received,
            live_only=wish.live_only and self._received is None,
            heartbeat_interval=wish.heartbeat_interval,
        )
