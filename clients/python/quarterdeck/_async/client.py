"""The client: one object with every service of a deck."""

import os
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from quarterdeck._address import parse
from quarterdeck._async.channel import AsyncChannel
from quarterdeck._async.lasting import AsyncLasting
from quarterdeck._async.log import AsyncLogWatch, LogWish
from quarterdeck._async.questions import AsyncQuestions
from quarterdeck._async.replay import replayed
from quarterdeck._async.services import analytics, auth, marketdata, stream, system, trading
from quarterdeck._async.services.analytics import WATCH_PERFORMANCE
from quarterdeck._async.watch import AsyncWatch
from quarterdeck._inbox import Inbox
from quarterdeck._live import Definitions
from quarterdeck._plan import Plan, subscribe
from quarterdeck._positions import Positions
from quarterdeck._times import duration, timestamp
from quarterdeck.api.analytics.v1.performance_pb2 import Conventions, Portfolio
from quarterdeck.api.analytics.v1.performance_service_pb2 import (
    WatchPerformanceRequest,
    WatchPerformanceResponse,
)
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishResponse, PublishStreamResponse
from quarterdeck.api.stream.v1.stream_service_pb2 import ReplayRequest
from quarterdeck.api.stream.v1.subscription_pb2 import (
    DELIVERY_UNSPECIFIED,
    Cursor,
    Delivery,
    Subscription,
)
from quarterdeck.api.trading.v1.trading_event_pb2 import LogCursor
from quarterdeck.credentials import choose
from quarterdeck.events import Item
from quarterdeck.performance import Performance, by
from quarterdeck.publishing import (
    Bars,
    Quotes,
    Trades,
    bar_batches,
    quote_batches,
    stream_request,
    trade_batches,
)

ADDRESS_VARIABLE = "QUARTERDECK_ADDRESS"
API_KEY_VARIABLE = "QUARTERDECK_API_KEY"
DEFAULT_ADDRESS = "localhost:8080"
DEFAULT_TIMEOUT = 30.0


class AsyncClient(AsyncQuestions):
    """A deck. Connects when first used; close it with ``async with`` or ``aclose``.

    Every call raises a subclass of QuarterdeckError. Reads, and writes that are safe to repeat,
    are sent again when the deck was not reachable, within the call's timeout.
    """

    def __init__(  # noqa: PLR0915 - one line a service
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        api_key: str | None = None,
        password: tuple[str, str] | None = None,
        token: str | None = None,
        ca_certificate: bytes | Path | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Name the deck and who calls.

        ``address`` is ``host:port``, or a URL with ``http`` or ``https``; without a scheme, hosts
        other than this machine are reached through TLS. Give one of ``api_key``, ``password`` (the
        principal's identifier and the password) or ``token``. ``ca_certificate`` is the authority
        in PEM, or its file. ``timeout`` is in seconds and holds for each call with its repetitions.
        """
        credential = choose(api_key, password, token)
        self._channel = AsyncChannel(parse(address, ca_certificate), credential, timeout)
        self.instruments = marketdata.AsyncInstrumentService(self._channel)
        self.ingest = marketdata.AsyncIngestService(self._channel)
        self.history = marketdata.AsyncHistoryService(self._channel)
        self.sources = marketdata.AsyncSourceService(self._channel)
        self.observations = marketdata.AsyncObservationService(self._channel)
        self.filings = marketdata.AsyncFilingService(self._channel)
        self.stream = stream.AsyncStreamService(self._channel)
        self.connections = stream.AsyncConnectionService(self._channel)
        self.nodes = trading.AsyncNodeService(self._channel)
        self.trading = trading.AsyncTradingEventService(self._channel)
        self.order_lives = trading.AsyncOrderLifeService(self._channel)
        self.position_changes = trading.AsyncPositionChangeService(self._channel)
        self.portfolio = trading.AsyncPortfolioService(self._channel)
        self.aggregates = trading.AsyncAggregateService(self._channel)
        self.reconciliation = trading.AsyncReconciliationService(self._channel)
        self.analytics = analytics.AsyncPerformanceService(self._channel)
        self.reports = analytics.AsyncReportService(self._channel)
        self.attribution = analytics.AsyncAttributionService(self._channel)
        self.execution = analytics.AsyncExecutionService(self._channel)
        self.health = system.AsyncHealthService(self._channel)
        self.jobs = system.AsyncJobService(self._channel)
        self.metrics = system.AsyncMetricService(self._channel)
        self.tokens = auth.AsyncTokenService(self._channel)
        self.api_keys = auth.AsyncApiKeyService(self._channel)
        self.principals = auth.AsyncPrincipalService(self._channel)
        self.audit = auth.AsyncAuditService(self._channel)

    @classmethod
    def from_environment(cls) -> Self:
        """Take the address from QUARTERDECK_ADDRESS and the key from QUARTERDECK_API_KEY."""
        address = os.environ.get(ADDRESS_VARIABLE, DEFAULT_ADDRESS)  # noqa: TID251 - asked for
        return cls(address, api_key=os.environ.get(API_KEY_VARIABLE))  # noqa: TID251

    def watch(
        self,
        *wanted: str | Subscription,
        delivery: Delivery.ValueType = DELIVERY_UNSPECIFIED,
        max_rate: float = 0.0,
        exclude: Iterable[str] = (),
        cursors: Iterable[Cursor] = (),
        heartbeat_interval: timedelta | None = None,
        patience: float | None = None,
    ) -> AsyncWatch:
        """Stream the events of topics, for example ``quotes/AAPL.XNAS`` or ``orders/*/momentum``.

        ``delivery`` and ``max_rate`` (events a second and topic) hold for the topics given as
        text, and ``exclude`` names what their patterns leave out. ``cursors`` resume where another
        watch stopped. The heartbeat comes every 1 s to 30 s; after two without one the stream is
        opened again. Once open, it is opened again forever, or for ``patience`` seconds.
        """
        plan = Plan(subscribe(wanted, delivery, max_rate, exclude), heartbeat_interval)
        positions = Positions()
        positions.start(cursors)
        return AsyncWatch(self._channel, plan, Inbox(positions, plan), patience)

    def watch_trading(
        self,
        account: str = "",
        strategy: str = "",
        *,
        cursor: LogCursor | None = None,
        live_only: bool = False,
        heartbeat_interval: timedelta | None = None,
        patience: float | None = None,
    ) -> AsyncLogWatch:
        """Stream the trading log: every event once, in its order, from its beginning.

        ``cursor`` goes on where another watch stopped, ``live_only`` begins with what is recorded
        from now on. Whenever the stream breaks it is opened again where it was, forever, or for
        ``patience`` seconds.
        """
        wish = LogWish(account, strategy, live_only, duration(heartbeat_interval))
        return AsyncLogWatch(self._channel, wish, cursor, patience)

    async def watch_performance(
        self,
        account: str,
        strategy: str = "",
        *,
        risk_free: float | str | None = None,
        conventions: Conventions | None = None,
        max_rate: float = 0.0,
        patience: float | None = None,
    ) -> AsyncIterator[Performance]:
        """Stream the metrics of an account or strategy: as of now, then whenever they changed.

        At most ``max_rate`` times a second, 4 by default. The day that is not over counts so far;
        it is ``message.performance.provisional_day``. Whenever the stream breaks it is opened
        again, forever, or for ``patience`` seconds.
        """
        definitions = Definitions()
        request = WatchPerformanceRequest(
            portfolio=Portfolio(account=account, strategy=strategy),
            conventions=by(conventions, risk_free),
            max_rate=max_rate,
        )
        answers: AsyncLasting[WatchPerformanceRequest, WatchPerformanceResponse] = AsyncLasting(
            self._channel, WATCH_PERFORMANCE, lambda: request, patience
        )
        try:
            async for answer in answers:
                if answer.HasField("performance"):
                    yield definitions.read(answer.performance)
        finally:
            await answers.aclose()

    async def replay(
        self,
        *topics: str,
        start_time: datetime,
        end_time: datetime | None = None,
        speed: float = 0.0,
    ) -> AsyncIterator[Item]:
        """Play recorded market data of topics, oldest first: what a watch yields, and then an end.

        ``speed`` is how many seconds of event time pass in a second, 0 as fast as it is read; the
        clock starts with the first event. What history lacks is a Gap. A Heartbeat tells the event
        time the replay has come to. A replay that breaks raises, and is not resumed.
        """
        request = ReplayRequest(
            topics=topics,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            speed=speed,
        )
        async for item in replayed(self._channel, request):
            yield item

    async def publish(
        self,
        *,
        quotes: Iterable[Quotes] = (),
        trades: Iterable[Trades] = (),
        bars: Iterable[Bars] = (),
        timeout: float | None = None,
    ) -> PublishResponse:
        """Publish market data given as plain numbers; all of it is accepted, or nothing.

        Raises InvalidRequest naming the field, for example ``quotes[0].bid_price[3]``, for NaN and
        for numbers that do not fit, before anything is sent.
        """
        return await self.ingest.publish(
            quotes=quote_batches(quotes),
            trades=trade_batches(trades),
            bars=bar_batches(bars),
            request_id=uuid.uuid4().hex,
            timeout=timeout,
        )

    async def publish_stream(
        self, batches: AsyncIterable[Quotes | Trades | Bars], *, timeout: float | None = None
    ) -> PublishStreamResponse:
        """Publish batch after batch on one call, each by itself; returns when there are no more.

        The deck slows a publisher that is too fast. A batch that is refused ends the call: the
        error's ``metadata["accepted_requests"]`` tells how many before it were published.
        """
        requests = (stream_request(batch) async for batch in batches)
        return await self.ingest.publish_stream(requests, timeout=timeout)

    async def aclose(self) -> None:
        """Close the connection; watches close by themselves."""
        await self._channel.aclose()

    async def __aenter__(self) -> Self:
        """Nothing is opened before the first call."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self.aclose()
