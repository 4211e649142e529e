"""The fake itself: it listens, and fails as it is told."""

import asyncio
from collections.abc import Sequence

from tests.integration.ibkr.tws.account import Account
from tests.integration.ibkr.tws.history import History
from tests.integration.ibkr.tws.securities import AAPL, ESZ6, EURUSD, MSFT, Security
from tests.integration.ibkr.tws.session import Session
from tests.integration.ibkr.tws.wire import frame

# What the newer of the two libraries speaks; the older one says 176, and gets that.
SERVER_VERSION = 178


class FakeTws:
    """A TWS on a loopback port of its own, which it keeps when it is started again."""

    def __init__(self, securities: Sequence[Security] = (AAPL, MSFT, EURUSD, ESZ6)) -> None:
        self.securities = securities
        self.account, self.history = Account(), History()
        self.version = SERVER_VERSION
        self.port = 0
        self.sessions: list[Session] = []
        self.connections = 0
        self.orders_placed = 0
        self.is_silent = False
        self.answers_account = True
        self.message_times: list[float] = []
        self.delay_s = 0.0
        self.without_market_data: set[str] = set()
        self.only_delayed: set[str] = set()
        self.used_client_ids: set[int] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections and end those there are, as at the nightly restart."""
        if self._server is not None:
            self._server.close()
        await self.drop()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def drop(self) -> None:
        """Close every connection."""
        for session in list(self.sessions):
            session.close()
        await asyncio.gather(*(session.ended.wait() for session in list(self.sessions)))

    def say(self, code: int, text: str) -> None:
        """Tell every client of something that concerns no request."""
        for session in self.sessions:
            session.error(-1, code, text)

    def send(self, *fields: object) -> None:
        """Send one message to every client, well formed or not."""
        for session in self.sessions:
            session.send(*fields)

    def send_bytes(self, data: bytes) -> None:
        for session in self.sessions:
            session.writer.write(data)

    def security(self, contract: Sequence[str]) -> Security | None:
        found = [each for each in self.securities if each.is_asked_for(contract)]
        return found[0] if len(found) == 1 else None

    def subscriptions(self) -> set[tuple[str, str]]:
        """What is subscribed now, as kind and symbol, over all connections."""
        return {key for session in self.sessions for key in session.subscribed.values()}

    def requests(self, kind: str, symbol: str) -> list[tuple[Session, int]]:
        return [
            (session, request)
            for session in self.sessions
            for request, key in session.subscribed.items()
            if key == (kind, symbol)
        ]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or not self._server.is_serving():
            # It was accepted just before the listening ended.
            writer.close()
            return
        session = Session(self, reader, writer)
        self.sessions.append(session)
        self.connections += 1
        try:
            await session.run()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.sessions.remove(session)
            session.ended.set()

    # What the market does; each goes to whoever subscribed to it.

    def quote(self, symbol: str, bid: float, ask: float, size: int = 100) -> None:
        for session, request in self.requests("quotes", symbol):
            delayed = symbol in self.only_delayed
            bid_type, ask_type = (66, 67) if delayed else (1, 2)
            session.send(1, 6, request, bid_type, bid, size, 1)
            session.send(1, 6, request, ask_type, ask, size, 1)

    def quote_size(self, symbol: str, bid_size: int) -> None:
        for session, request in self.requests("quotes", symbol):
            session.send(2, 6, request, 0, bid_size)

    def halt(self, symbol: str, state: int) -> None:
        for session, request in self.requests("quotes", symbol):
            session.send(45, 6, request, 49, state)

    def last(self, symbol: str, price: float, size: float, time_ms: int) -> None:
        for session, request in self.requests("quotes", symbol):
            session.send(46, 6, request, 48, f"{price};{size};{time_ms};1000;{price};true")

    def trade(self, symbol: str, price: float, size: float, time_s: int) -> None:
        for session, request in self.requests("trades", symbol):
            session.send(99, request, 1, time_s, price, size, 0, "NASDAQ", "")

    def bar(self, symbol: str, open_s: int, prices: Sequence[float], volume: float) -> None:
        for session, request in self.requests("bars", symbol):
            session.send(50, 3, request, open_s, *prices, volume, prices[-1], 10)

    def level(
        self, symbol: str, position: int, operation: int, side: int, price: float, size: float
    ) -> None:
        for session, request in self.requests("books", symbol):
            session.send(13, 1, request, position, "NSDQ", operation, side, price, size, 1)

    def book(self, symbol: str, price: float, levels: int) -> None:
        """Insert levels on both sides, a tick apart."""
        for side, step in ((1, -0.01), (0, 0.01)):
            for position in range(levels):
                at = round(price + step * (position + 1), 2)
                self.level(symbol, position, 0, side, at, 100 * (position + 1))


MALFORMED = frame(1, 6, "no number", 1, "no price", "", 1)
