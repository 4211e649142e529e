"""The one HTTP client for all vendors."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import structlog

from quarterdeck_server.adapters.http import metrics
from quarterdeck_server.adapters.http.errors import Malformed, VendorUnavailable
from quarterdeck_server.adapters.http.quota import QuotaKeeper
from quarterdeck_server.adapters.http.retry import PASSING, TOO_MANY, pause, retry_after
from quarterdeck_server.kernel.errors import Exhausted, QuarterdeckError
from quarterdeck_server.marketdata.domain.source import NotOffered
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.source_settings import HttpSettings

log = structlog.get_logger()

OK = 200
type Read[T] = Callable[[bytes], T]
type Refuse = Callable[[int, bytes], QuarterdeckError]


class Web:
    """Connections to vendors; opened when first needed, since a deck may use none."""

    def __init__(self, settings: HttpSettings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self._client: httpx.AsyncClient | None = None
        # They write whole addresses, with the keys in them.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    @property
    def client(self) -> httpx.AsyncClient:
        """The client of all vendors. Redirects are not followed: a query may carry a key."""
        if self._client is None:
            proxy = self.settings.proxy
            self._client = httpx.AsyncClient(
                timeout=self.settings.timeout.total_seconds(),
                proxy=proxy.get_secret_value() if proxy else None,
                trust_env=False,
                follow_redirects=False,
            )
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()


@asynccontextmanager
async def web(settings: HttpSettings, clock: Clock) -> AsyncIterator[Web]:
    """Offer connections that are closed with the block."""
    opened = Web(settings, clock)
    try:
        yield opened
    finally:
        await opened.close()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vendor answers, what each request to it carries, and what a refusal means."""

    source: str
    base_url: str
    refuse: Refuse
    headers: Mapping[str, str]
    secrets: Mapping[str, str]


class _Passing(Exception):
    """An attempt that failed and may be repeated; with the pause the vendor asked for."""

    def __init__(self, outcome: str, problem: str, retry_after_s: float | None = None) -> None:
        super().__init__(problem)
        self.outcome, self.problem, self.retry_after_s = outcome, problem, retry_after_s


class Reader:
    """Reads one place of a vendor: paced by the quota, repeated while that may help."""

    def __init__(self, web: Web, place: Place, quota: QuotaKeeper) -> None:
        self._web, self._place, self._quota = web, place, quota

    async def get[T](self, path: str, parameters: Mapping[str, str], read: Read[T]) -> T:
        """Ask, and read the answer in a thread.

        ``read`` raises Malformed for what may be better the next time. Raises Exhausted or
        Unavailable for what may pass later, and what the place says of a refusal.
        """
        for attempt in range(1, self._web.settings.attempts + 1):
            await self._quota.take()
            try:
                return await self._attempt(path, parameters, read)
            except _Passing as failure:
                await self._pause(attempt, path, failure)
        raise AssertionError("the last attempt returns or raises")

    async def _attempt[T](self, path: str, parameters: Mapping[str, str], read: Read[T]) -> T:
        source = self._place.source
        try:
            with metrics.SECONDS.labels(source).time():
                status, body = await self._fetch(path, parameters)
            if status != OK:
                raise self._place.refuse(status, body)
            value = await asyncio.to_thread(read, body)
        except Malformed as error:
            self._count("malformed")
            raise _Passing("malformed", f"answered what cannot be read: {error}") from None
        except _Passing as failure:
            self._count(failure.outcome)
            raise
        except QuarterdeckError:
            self._count("refused")
            raise
        self._count("ok")
        return value

    async def _fetch(self, path: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        settings, place = self._web.settings, self._place
        try:
            async with (
                asyncio.timeout(settings.total_timeout.total_seconds()),
                self._web.client.stream(
                    "GET",
                    place.base_url + path,
                    params={**parameters, **place.secrets},
                    headers=place.headers,
                ) as response,
            ):
                self._refuse_passing(response)
                return response.status_code, await self._body(response)
        except (httpx.TimeoutException, TimeoutError):
            raise _Passing("timeout", "did not answer in time") from None
        except httpx.DecodingError:
            raise _Passing("broken", "sent an answer that cannot be unpacked") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Their texts may have the address, and the address has the key.
            raise _Passing("broken", f"was not reached: {type(error).__name__}") from None

    def _refuse_passing(self, response: httpx.Response) -> None:
        if response.status_code in PASSING:
            after_s = retry_after(response.headers.get("retry-after"), self._web.clock.now_ns())
            outcome = "too_many" if response.status_code == TOO_MANY else "server_error"
            raise _Passing(outcome, f"answered with status {response.status_code}", after_s)

    async def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > self._web.settings.max_bytes:
                most = f"{self._web.settings.max_bytes:,} bytes"
                raise NotOffered(self._place.source, f"an answer is larger than {most}")
        return bytes(body)

    async def _pause(self, attempt: int, path: str, failure: _Passing) -> None:
        """Wait before the next attempt, or give up."""
        settings = self._web.settings
        longest_s = settings.longest_pause.total_seconds()
        asked_s = failure.retry_after_s or 0.0
        log.warning(
            "vendor_request_failed",
            source=self._place.source,
            path=path,
            attempt=attempt,
            outcome=failure.outcome,
            retry_after_s=failure.retry_after_s,
        )
        if attempt == settings.attempts or asked_s > longest_s:
            raise self._given_up(failure)
        first_s = settings.first_pause.total_seconds()
        own_s = pause(attempt, first_s, longest_s, random.random())  # noqa: S311 - spreads
        await asyncio.sleep(max(asked_s, own_s))

    def _given_up(self, failure: _Passing) -> QuarterdeckError:
        source, after_s = self._place.source, failure.retry_after_s
        if after_s:
            self._quota.block(after_s)
        if failure.outcome == "too_many":
            return Exhausted(source, f"{source} asks for a pause", after_s or None)
        return VendorUnavailable(source, failure.problem, after_s or 1.0)

    def _count(self, outcome: str) -> None:
        metrics.REQUESTS.labels(self._place.source, outcome).inc()
