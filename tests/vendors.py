"""A vendor on this machine: answers over HTTP as it is told, well or badly."""

import asyncio
import gzip
import threading
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

ANSWERS = Path(__file__).parent / "unit" / "adapters"
EDGAR = {
    "/submissions/CIK0000320193.json": "submissions",
    "/submissions/CIK0000320193-submissions-001.json": "older",
    "/api/xbrl/companyfacts/CIK0000320193.json": "facts",
    "/files/company_tickers.json": "tickers",
}
FRED = {"/fred/series": "series", "/fred/series/observations": "observations"}
REASONS = {200: "OK", 429: "Too Many Requests", 500: "Internal Server Error"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a vendor was asked."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a vendor answers, and what goes wrong with it on the way."""

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    truncated: bool = False
    gzipped: bool = False


type Rule = Callable[[Request], Answer]


class Vendor:
    """Answers by path: first what is queued, then what the rule says, else 404."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.rules: dict[str, Rule] = {}
        self.url = ""
        self._queued: defaultdict[str, deque[Answer]] = defaultdict(deque)

    def queue(self, path: str, *answers: Answer) -> None:
        self._queued[path] += answers

    def always(self, path: str, answer: Answer | Rule) -> None:
        self.rules[path] = (lambda _: answer) if isinstance(answer, Answer) else answer

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request = _request(head.decode())
                self.requests.append(request)
                if not await self._answer(request, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        queued = self._queued[request.path]
        answer = queued.popleft() if queued else self._ruled(request)
        await asyncio.sleep(answer.delay_s)
        body = gzip.compress(answer.body) if answer.gzipped else answer.body
        headers = {"content-length": str(len(body)), **answer.headers}
        if answer.gzipped:
            headers["content-encoding"] = "gzip"
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Other')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        writer.write(body[: len(body) // 2] if answer.truncated else body)
        await writer.drain()
        return not answer.truncated

    def _ruled(self, request: Request) -> Answer:
        rule = self.rules.get(request.path)
        return rule(request) if rule else Answer(b"not found", 404)


def _request(head: str) -> Request:
    first, *lines = head.split("\r\n")
    target = urlsplit(first.split(" ")[1])
    pairs = (line.split(": ", 1) for line in lines if line)
    headers = {name.lower(): value for name, value in pairs}
    return Request(target.path, dict(parse_qsl(target.query)), headers)


@asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    """Serve a vendor on a free port of this machine."""
    made = Vendor()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    made.url = f"http://{host}:{port}"
    try:
        yield made
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


@contextmanager
def vendor_beside() -> Iterator[Vendor]:
    """Serve FRED and EDGAR in a thread, for decks that run in other loops and processes."""
    started, loop = threading.Event(), asyncio.new_event_loop()
    opened: list[Vendor] = []
    stop = asyncio.Event()

    async def serve() -> None:
        async with vendor() as made:
            for source, paths in (("edgar", EDGAR), ("fred", FRED)):
                for path, name in paths.items():
                    body = (ANSWERS / source / "answers" / f"{name}.json").read_bytes()
                    made.always(path, Answer(body, gzipped=True))
            opened.append(made)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait(10)
    try:
        yield opened[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def settings_at(url: str) -> dict[str, dict[str, str]]:
    """Return the settings of market data with which a deck asks a vendor here."""
    return {
        "fred": {"api_key": "a-key-of-fred", "base_url": url},
        "edgar": {"user_agent": "Quarterdeck tests", "data_url": url, "files_url": url},
    }


def environment_at(url: str) -> dict[str, str]:
    """Return the same settings as environment variables."""
    return {
        f"QUARTERDECK_MARKETDATA__{source}__{name}".upper(): value
        for source, values in settings_at(url).items()
        for name, value in values.items()
    }


class ForgetfulQuotas:
    """Counts requests for as long as it lives."""

    def __init__(self) -> None:
        self.times: list[int] = []

    async def used(self, source: str, since_ns: int) -> list[int]:
        return [time_ns for time_ns in self.times if time_ns >= since_ns]

    async def use(self, source: str, time_ns: int, since_ns: int) -> None:
        self.times.append(time_ns)
