"""A stream that goes on: it connects again, resumes where it was, and tells what is missing."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc

from quarterdeck._inbox import Inbox
from quarterdeck._plan import Plan, resumed_at, subscribe
from quarterdeck._retry import Backoff, wants_new_token, worth_resuming
from quarterdeck._status import error_from, error_from_stream
from quarterdeck._sync.channel import Channel, dial
from quarterdeck._sync.reading import Reader
from quarterdeck._sync.services.stream import UPDATE_SUBSCRIPTION, WATCH
from quarterdeck.api.stream.v1.control_pb2 import Control as ControlMessage
from quarterdeck.api.stream.v1.stream_service_pb2 import UpdateSubscriptionRequest, WatchResponse
from quarterdeck.api.stream.v1.subscription_pb2 import (
    DELIVERY_UNSPECIFIED,
    Cursor,
    Delivery,
    Subscription,
)
from quarterdeck.errors import NotAuthenticated, QuarterdeckError, UnannouncedGap, Unavailable
from quarterdeck.events import Disconnected, Event, Item, Link, LinkState, Payload, Reconnected
from quarterdeck.rows import Row

UPDATE_TIMEOUT = 5.0
"""Seconds for a change of a live stream."""
RENEWAL_PAUSE = 15.0
"""Seconds until a token that could not be renewed in place is tried again."""

BEGAN_UNSEEN = "a topic began while the stream was down and is read from its start"


@dataclass(slots=True)
class Session:
    """One call on a connection of its own, so that a dead connection ends with it."""

    channel: grpc.Channel
    reader: Reader[WatchResponse]
    token: str
    session_id: str = ""
    renew_after: float = 0.0
    """The monotonic time before which no renewal of the token is tried."""


class Watch:
    """Yields events and controls in order; opens the stream when first asked for an item.

    Raises what connecting again cannot change: InvalidRequest for a bad topic, NotAllowed,
    NotAuthenticated, and Unavailable when no session opens for too long.
    """

    def __init__(self, channel: Channel, plan: Plan, inbox: Inbox, patience: float | None) -> None:
        self._channel = channel
        self._plan = plan
        self._inbox = inbox
        self._patience = patience
        self._items: deque[Item] = deque()
        self._session: Session | None = None
        self._backoff = Backoff()
        self._delay = 0.0
        self._refused_token = ""
        self._opened = self._closed = False
        self._failure: QuarterdeckError | None = None
        self._alive_at = self._heard_at = 0.0
        self._down_since: float | None = None

    @property
    def cursors(self) -> list[Cursor]:
        """Where the stream stands: give it to another watch to resume there.

        Items that were not yet taken out of this watch count as seen.
        """
        return list(self._inbox.positions.cursors())

    @property
    def session_id(self) -> str:
        """The identifier of the live session, or empty."""
        return self._session.session_id if self._session else ""

    @property
    def link(self) -> Link:
        """How the stream stands with its deck now; may be asked by any task or thread."""
        if self._closed or self._failure is not None:
            return Link(LinkState.CLOSED, self._silent_for())
        if not self.session_id:
            state = LinkState.RECONNECTING if self._opened else LinkState.CONNECTING
            return Link(state, self._silent_for())
        overdue = self._silent_for() > self._plan.overdue
        return Link(LinkState.SILENT if overdue else LinkState.CONNECTED, self._silent_for())

    @property
    def duplicates(self) -> int:
        """How many rows came twice after a reconnection and were left out."""
        return self._inbox.duplicates

    def subscribe(
        self,
        *wanted: str | Subscription,
        delivery: Delivery.ValueType = DELIVERY_UNSPECIFIED,
        max_rate: float = 0.0,
        exclude: Iterable[str] = (),
    ) -> None:
        """Add topics or patterns to the stream; fails as opening one with them would."""
        added = subscribe(wanted, delivery, max_rate, exclude)
        asked = [resumed_at(item, self.cursors) for item in added.values()]
        self._update(UpdateSubscriptionRequest(add=asked))
        self._plan.subscriptions.update(added)

    def unsubscribe(self, *unwanted: str) -> None:
        """Take topics or patterns away, as they were subscribed to."""
        self._update(UpdateSubscriptionRequest(remove=unwanted))
        for topic in unwanted:
            self._plan.subscriptions.pop(topic, None)

    def events(self) -> Iterator[Event]:
        """Yield events alone; raises UnannouncedGap, which nobody would see otherwise."""
        for item in self:
            if isinstance(item, Event):
                yield item
            elif isinstance(item, UnannouncedGap):
                raise item

    def rows(self) -> Iterator[Row | Payload]:
        """Yield each quote, trade or bar by itself and every other payload as it is."""
        for event in self.events():
            for row in event.rows():
                yield row

    def __iter__(self) -> Self:
        """Yield what comes, without an end."""
        return self

    def __next__(self) -> Item:
        """Wait for the next event or control."""
        while not self._items:
            if self._failure is not None:
                raise self._failure
            if self._closed:
                raise StopIteration
            self._advance()
        return self._items.popleft()

    def __enter__(self) -> Self:
        """Nothing is opened before the first item is asked for."""
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
        """End the stream; what was received and not taken out can still be read."""
        self._closed = True
        self._drop()

    def _advance(self) -> None:
        """Take the next answer of the session, or open one."""
        try:
            session = self._session or self._open()
            answer = session.reader.read(self._plan.silence)
            if answer is None:
                self._lost(Unavailable("the stream ended without a reason"))
                return
            self._hear()
            self._items.extend(self._inbox.take(answer))
            for control in answer.controls:
                self._heed(control, session)
            if self._inbox.began_unseen:
                self._inbox.began_unseen = False
                self._lost(Unavailable(BEGAN_UNSEEN), resumable=True)
        except grpc.RpcError as raised:
            self._lost(error_from(raised))
        except TimeoutError:
            self._lost(Unavailable(f"nothing came for {self._plan.silence:g} s"))
        except QuarterdeckError as error:
            self._lost(error)

    def _hear(self) -> None:
        """Note a sign of life; the first one after the stream broke is told before its items."""
        self._heard_at = time.monotonic()
        if self._down_since is not None:
            down_for = self._heard_at - self._down_since
            self._items.append(Reconnected(down_for, self._backoff.attempts))
            self._down_since = None

    def _open(self) -> Session:
        delay, self._delay = self._delay, 0.0
        time.sleep(delay)
        self._alive_at = self._alive_at or time.monotonic()
        token = self._token()
        channel = dial(self._channel.address)
        self._plan.reopens()
        call = self._channel.open(channel, WATCH, self._plan.request(self.cursors), token)
        self._session = Session(channel, Reader(call, WatchResponse), token)
        return self._session

    def _token(self) -> str:
        tokens = self._channel.tokens
        if self._refused_token:
            return tokens.replace(self._refused_token)
        return tokens.access_token()

    def _heed(self, control: ControlMessage, session: Session) -> None:
        """Do what a control asks of the client itself."""
        if control.HasField("session_opened"):
            session.session_id = control.session_opened.session_id
            self._plan.agree(control.session_opened.heartbeat_interval)
            self._opened = True
            self._refused_token = ""
        elif control.HasField("heartbeat"):
            self._backoff.reset()
            self._plan.lives()
            self._renew(session)
        elif control.HasField("error"):
            self._lost(error_from_stream(control.error), resumable=control.error.resumable)

    def _renew(self, session: Session) -> None:
        """Go on under the client's newest token; a failure shows when the old one expires."""
        if time.monotonic() < session.renew_after:
            return
        try:
            token = self._channel.tokens.access_token()
            if token != session.token:
                self._update(UpdateSubscriptionRequest())
        except QuarterdeckError:
            session.renew_after = time.monotonic() + RENEWAL_PAUSE

    def _update(self, request: UpdateSubscriptionRequest) -> None:
        """Change the live session; a stream that is not open asks for its plan when it opens."""
        session = self._session
        if session is None or not session.session_id:
            return
        request.session_id = session.session_id
        token = self._channel.tokens.access_token()
        try:
            self._channel.once(session.channel, UPDATE_SUBSCRIPTION, request, token, UPDATE_TIMEOUT)
        except grpc.RpcError as raised:
            raise error_from(raised) from None
        session.token = token

    def _lost(self, error: QuarterdeckError, *, resumable: bool | None = None) -> None:
        """Plan to go on, or fail once everything received was read.

        ``resumable`` is what the stream itself said of its end, if it could.
        """
        token = self._session.token if self._session else ""
        silent_for = self._silent_for()
        if self._session is not None and self._session.session_id:
            self._alive_at = time.monotonic()
        self._drop()
        if not (self._cures(error, token) or self._worth_resuming(error, resumable)):
            self._failure = error
            return
        self._delay = self._backoff.next(error.retry_after)
        if self._down_since is None and self._opened:
            self._down_since = self._heard_at
        self._items.append(Disconnected(error, silent_for, self._delay, self._backoff.attempts))

    def _silent_for(self) -> float:
        return time.monotonic() - self._heard_at if self._heard_at else 0.0

    def _cures(self, error: QuarterdeckError, token: str) -> bool:
        """Tell whether another token, or no cursors, cures it; a new token must open a session."""
        if token and wants_new_token(error) and self._channel.tokens.renewable:
            first, self._refused_token = not self._refused_token, token
            return first
        if error.reason == "CURSOR_INVALID" and self._opened and self.cursors:
            self._items.extend(self._inbox.restart())
            return True
        return False

    def _worth_resuming(self, error: QuarterdeckError, resumable: bool | None) -> bool:
        patience = self._patience if self._opened else self._channel.timeout
        if patience is not None and time.monotonic() - self._alive_at > patience:
            return False
        if resumable is None or isinstance(error, NotAuthenticated):
            return worth_resuming(error, opened=self._opened)
        return resumable

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.reader.cancel()
            session.channel.close()
