"""The subscriptions of one connection: made, made again, refused; and who hears what comes."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from quarterdeck_server.adapters.ibkr import metrics
from quarterdeck_server.adapters.ibkr.codes import Meaning, meaning
from quarterdeck_server.adapters.ibkr.session import Session
from quarterdeck_server.adapters.ibkr.stream import BOOKS, QUOTES, Stream
from quarterdeck_server.kernel.errors import InvalidField, Unavailable
from quarterdeck_server.marketdata.domain.source import VendorRefused
from quarterdeck_server.runtime.clock import Clock

log = structlog.get_logger()

MAX_WAITING_ROWS = 200_000
# Requests between two questions whether the other side keeps up, below 45 messages a second.
REQUESTS_AT_ONCE = 40
ACCEPTANCE_S = 2.0


class Subscriptions:
    """Listens for its streams, and subscribes again what was lost."""

    def __init__(
        self, session: Session, streams: Sequence[Stream], source: str, clock: Clock
    ) -> None:
        self._session, self._streams, self._source, self._clock = session, streams, source, clock
        self._by_number: dict[int, tuple[Stream, str]] = {}
        self._unaccepted: set[int] = set()
        self._refusals: list[tuple[Stream, str, str]] = []
        self._accepted = asyncio.Event()
        self._touched: dict[int, Stream] = {}
        self._is_open = False
        self.news = asyncio.Event()
        self.lost_since: float | None = None
        session.mailbox.listener = self

    async def open(self, *, is_again: bool) -> None:
        """Subscribe everything. Raises InvalidField naming the first that is refused.

        Again, after a connection that had them all, it goes on with those that are not.
        """
        numbers: list[int] = []
        for stream in self._streams:
            for kind in stream.subscriptions():
                numbers.append(self._subscribe(stream, kind))
                if len(numbers) % REQUESTS_AT_ONCE == 0:
                    await self._keep_up()
        await self._keep_up()
        await self._settle()
        for stream, kind, text in self._refusals:
            if is_again and self._by_number:
                break
            name = stream.name
            raise InvalidField(place_of(stream), f"cannot be read: {kind} of {name}: {text}")
        self._is_open = True

    def ask_again(self) -> None:
        """Subscribe what was refused: a competing session may have ended, a limit be free."""
        refused, self._refusals = self._refusals, []
        for stream, kind, _ in refused:
            self._subscribe(stream, kind)
            metrics.RESUBSCRIBED.inc()

    def take(self) -> list[Stream]:
        """Return the streams that have something to publish."""
        streams, self._touched = list(self._touched.values()), {}
        self.news.clear()
        return streams

    def check_connectivity(self, patience_s: float) -> None:
        """Raise Unavailable if the TWS has had no connection of its own for too long."""
        lost = self.lost_since
        if lost is not None and self._clock.monotonic() - lost >= patience_s:
            metrics.LOST.labels("outage").inc()
            raise Unavailable("the TWS has no connection to Interactive Brokers (1100)")

    # What the mailbox calls.

    def hear(self, request: int, kind: str, values: tuple[Any, ...]) -> None:
        """Hand a message to its stream."""
        found = self._by_number.get(request)
        if found is None:
            return
        self._note_accepted(request)
        stream, subscribed = found
        try:
            stream.hear(kind, values)
        except (ValueError, TypeError):
            # The library counts it as malformed. A book cannot go on without a change.
            if subscribed == BOOKS:
                stream.cancel_book(self._session.client, request)
                self._again(request)
            raise
        self._touched[id(stream)] = stream

    def packet_read(self) -> None:
        """Note the quotes that a packet made, and wake who publishes."""
        if not self._touched:
            return
        now_ns = self._clock.now_ns()
        for stream in self._touched.values():
            stream.settle(now_ns)
        self.news.set()
        if sum(map(len, self._touched.values())) > MAX_WAITING_ROWS:
            text = f"more than {MAX_WAITING_ROWS:,} rows wait to be published"
            self._session.mailbox.finish(Unavailable(text))

    def told(self, request: int, code: int, text: str) -> None:
        """Act on an error or warning."""
        what = meaning(code)
        if what is Meaning.LOST:
            self.lost_since = self.lost_since or self._clock.monotonic()
            log.warning("ibkr_connectivity_lost", code=code)
        elif what in {Meaning.RESTORED, Meaning.RESTORED_EMPTY}:
            self._restored(is_empty=what is Meaning.RESTORED_EMPTY)
        elif request in self._by_number:
            self._told_of(request, what, f"{text} ({code})")

    def _restored(self, *, is_empty: bool) -> None:
        log.warning("ibkr_connectivity_restored", data_lost=is_empty)
        self.lost_since = None
        if is_empty:
            for number in list(self._by_number):
                self._again(number)

    def _told_of(self, request: int, what: Meaning, text: str) -> None:
        stream, kind = self._by_number[request]
        if what is Meaning.ENDED:
            self._again(request)
        elif what is Meaning.CLEARED:
            stream.book.clear()
        elif what in {Meaning.REFUSED, Meaning.UNKNOWN}:
            self._refused(request, stream, kind, text)
        else:
            instrument = stream.name
            log.warning("ibkr_subscription_told", instrument=instrument, kind=kind, text=text)

    def _again(self, number: int) -> None:
        stream, kind = self._by_number.pop(number)
        self._subscribe(stream, kind)
        metrics.RESUBSCRIBED.inc()

    def _refused(self, request: int, stream: Stream, kind: str, text: str) -> None:
        """Go on without a subscription, unless it was the last."""
        del self._by_number[request]
        self._note_accepted(request)
        self._refusals.append((stream, kind, text))
        metrics.REFUSED.labels(kind).inc()
        instrument = stream.name
        log.warning("ibkr_subscription_refused", instrument=instrument, kind=kind, text=text)
        if kind == BOOKS:
            stream.book.clear()
        if self._is_open and not self._by_number:
            error = VendorRefused(self._source, f"every subscription is refused: {text}")
            self._session.mailbox.finish(error)

    # Subscribing.

    def _subscribe(self, stream: Stream, kind: str) -> int:
        number = self._session.number()
        self._by_number[number] = (stream, kind)
        if kind == QUOTES:
            self._unaccepted.add(number)
        stream.subscribe(self._session.client, number, kind)
        return number

    async def _keep_up(self) -> None:
        await self._session.ask("time", self._session.client.reqCurrentTime)

    async def _settle(self) -> None:
        """Give refusals the time to arrive: what is accepted is told so."""
        try:
            async with asyncio.timeout(ACCEPTANCE_S):
                while self._unaccepted:
                    self._accepted.clear()
                    await self._accepted.wait()
        except TimeoutError:
            log.warning("ibkr_subscriptions_unconfirmed", count=len(self._unaccepted))

    def _note_accepted(self, number: int) -> None:
        if number in self._unaccepted:
            self._unaccepted.discard(number)
            self._accepted.set()


def place_of(stream: Stream) -> str:
    """Return the field of a request that named an instrument."""
    return f"live.instruments[{stream.known.place}]"
