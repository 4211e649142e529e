"""One connection to a TWS: made, asked, watched, ended."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any

import structlog

from quarterdeck_server.adapters.ibkr import library, metrics
from quarterdeck_server.adapters.ibkr.library import Client
from quarterdeck_server.adapters.ibkr.mailbox import Mailbox
from quarterdeck_server.kernel.errors import QuarterdeckError, Unavailable
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.source_settings import IbkrSettings

log = structlog.get_logger()

MARKET_DATA_TYPES = {"live": 1, "frozen": 2, "delayed": 3, "delayed_frozen": 4}


class Session:
    """A connection that is open from its making until ``close``, or until it ends by itself."""

    def __init__(self, settings: IbkrSettings, client_id: int, clock: Clock) -> None:
        # ib_insync asks the thread for its loop, which is not set where uvloop runs.
        asyncio.set_event_loop(asyncio.get_running_loop())
        self._settings, self._client_id, self._clock = settings, client_id, clock
        self.library = library.load()
        self.library.adopt_loop()
        self.mailbox = Mailbox(clock.monotonic)
        self.client: Client = self.library.client(self.mailbox)
        self._is_open = False

    async def open(self) -> None:
        """Connect. Raises Unavailable, saying what was wrong."""
        settings = self._settings
        self.client.apiError.connect(self.mailbox.failed, keep_ref=True)
        timeout_s = settings.answer_timeout.total_seconds()
        connecting = self.client.connectAsync(
            settings.host, settings.port, self._client_id, timeout_s
        )
        try:
            await self._unless_ended(connecting)
        except OSError as error:
            self.close()
            # A timeout is one of these, and has no words of its own.
            problem = f"cannot be reached: {error}" if str(error) else "does not answer"
            raise Unavailable(f"{self._place} {problem}") from error
        except BaseException:
            self.close()
            raise
        self._is_open = True
        metrics.CONNECTED.inc()
        self.client.reqMarketDataType(MARKET_DATA_TYPES[settings.market_data])
        log.info("ibkr_connected", client_id=self._client_id, library=self.library.name)

    def close(self) -> None:
        """Disconnect, even from one that does not listen."""
        transport = self.client.conn.transport
        self.client.apiError.clear()
        self.client.disconnect()
        if transport is not None:
            transport.abort()
        self.mailbox.finish(Unavailable("the connection to the TWS was closed"))
        if self._is_open:
            self._is_open = False
            metrics.CONNECTED.dec()

    async def ended(self) -> None:
        """Wait for the end, and raise why it came."""
        raise await asyncio.shield(self.mailbox.end)

    async def ask(
        self,
        key: Hashable,
        send: Callable[..., None],
        *arguments: Any,
        timeout_s: float | None = None,
    ) -> list[Any]:
        """Send a request and wait for its answer, under a key that the answer has.

        Raises Refusal if that is the answer, Unavailable if there is none.
        """
        answer = self.mailbox.expect(key)
        try:
            self._send(send, *arguments)
            async with asyncio.timeout(timeout_s or self._settings.answer_timeout.total_seconds()):
                return await answer
        except TimeoutError as error:
            raise Unavailable(f"{self._place} does not answer") from error
        finally:
            self.mailbox.forget(key)

    async def request(
        self, send: Callable[..., None], *arguments: Any, timeout_s: float | None = None
    ) -> list[Any]:
        """Send a request that has a number, and wait for its answer."""
        number = self.number()
        return await self.ask(number, send, number, *arguments, timeout_s=timeout_s)

    def send_if_open(self, name: str, *arguments: Any) -> None:
        """Send what has no answer, unless the connection has ended."""
        if self.client.isReady():
            getattr(self.client, name)(*arguments)

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself or was closed."""
        return self.mailbox.end.done()

    def number(self) -> int:
        """Return the number of a new request."""
        if not self.client.isReady():
            raise self._lost()
        return self.client.getReqId()

    def _send(self, send: Callable[..., None], *arguments: Any) -> None:
        try:
            send(*arguments)
        except ConnectionError as error:
            raise self._lost() from error

    def _lost(self) -> QuarterdeckError:
        end = self.mailbox.end
        return end.result() if end.done() else Unavailable(f"{self._place} is not connected")

    async def watch(self) -> None:
        """Raise Unavailable once nothing comes and the other side does not answer either."""
        patience_s = self._settings.probe_after.total_seconds()
        while True:
            quiet_s = self._clock.monotonic() - self.mailbox.last_arrival
            if quiet_s >= patience_s:
                await self._probe()
            await asyncio.sleep(max(patience_s - quiet_s, patience_s / 10))

    async def _probe(self) -> None:
        try:
            await self.ask("time", self.client.reqCurrentTime)
        except Unavailable:
            metrics.LOST.labels("silent").inc()
            raise

    async def _unless_ended(self, work: Awaitable[None]) -> None:
        """Wait for the connection, and not for its timeout once it was refused."""
        task = asyncio.ensure_future(work)
        try:
            both: list[asyncio.Future[Any]] = [task, self.mailbox.end]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if task.cancelled():
            raise self._lost()
        await task

    @property
    def _place(self) -> str:
        return f"the TWS at {self._settings.host}:{self._settings.port}"


@asynccontextmanager
async def connected(settings: IbkrSettings, client_id: int, clock: Clock) -> AsyncIterator[Session]:
    """Connect for the length of the block."""
    session = Session(settings, client_id, clock)
    await session.open()
    try:
        yield session
    finally:
        session.close()
