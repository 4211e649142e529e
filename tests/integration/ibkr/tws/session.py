"""One connection to the fake: what it answers to each request."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.integration.ibkr.tws.securities import Security
from tests.integration.ibkr.tws.wire import PREFIX, payload, read_fields, read_text

if TYPE_CHECKING:
    from tests.integration.ibkr.tws.server import FakeTws

LIVE, DELAYED = "1", "3"
NOT_SUBSCRIBED = "Requested market data is not subscribed."
DELAYED_INSTEAD = f"{NOT_SUBSCRIBED} Displaying delayed market data."
UNKNOWN = "No security definition has been found for the request"

type Fields = list[str]
type Answer = Callable[[Fields], Awaitable[None] | None]


class Session:
    def __init__(
        self, tws: "FakeTws", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.tws, self.reader, self.writer = tws, reader, writer
        self.subscribed: dict[int, tuple[str, str]] = {}
        self.market_data_type = LIVE
        self.client_id, self.version = -1, 0
        self.ended = asyncio.Event()
        self._answers: dict[int, Answer] = {
            1: self.market_data,
            2: self.cancel,
            3: self.place_order,
            4: self.place_order,
            5: self.open_orders,
            7: self.executions,
            9: self.contract_details,
            10: self.depth,
            11: self.cancel,
            16: self.open_orders,
            20: self.historical,
            25: self.cancel,
            49: self.current_time,
            50: self.bars,
            51: self.cancel,
            59: self.data_type,
            61: self.positions,
            71: self.start_api,
            76: self.account_values,
            87: self.head,
            97: self.trades,
            98: self.cancel,
        }

    async def run(self) -> None:
        assert await self.reader.readexactly(4) == b"API\0"
        low, high = (await read_text(self.reader)).split(" ")[0][1:].split("..")
        self.version = min(self.tws.version, int(high))
        assert self.version >= int(low)
        await self._pause()
        self.send(self.version, time.strftime("%Y%m%d %H:%M:%S UTC", time.gmtime()))
        while True:
            fields = await read_fields(self.reader)
            self.tws.message_times.append(time.monotonic())
            await self._pause()
            if self.tws.is_silent:
                continue
            answer = self._answers.get(int(fields[0]))
            if answer is not None:
                result = answer(fields)
                if result is not None:
                    await result
            await self.writer.drain()

    def close(self) -> None:
        self.writer.close()
        self.reader.feed_eof()

    def send(self, *fields: object) -> None:
        if not self.tws.is_silent:
            body = payload(*fields)
            self.writer.write(PREFIX.pack(len(body)) + body)

    def error(self, request: object, code: int, text: str) -> None:
        self.send(4, 2, request, code, text, "")

    async def _pause(self) -> None:
        if self.tws.delay_s:
            await asyncio.sleep(self.tws.delay_s)

    def start_api(self, fields: Fields) -> None:
        self.client_id = int(fields[2])
        if self.client_id in self.tws.used_client_ids:
            self.error(-1, 326, "Unable to connect as the client id is already in use.")
            self.close()
            return
        self.send(15, 1, ",".join(self.tws.account.names))
        self.send(9, 1, 1)
        self.error(-1, 2104, "Market data farm connection is OK:usfarm")

    def current_time(self, fields: Fields) -> None:
        self.send(49, 1, int(time.time()))

    # Market data.

    def contract_details(self, fields: Fields) -> None:
        request, contract = fields[2], fields[3:15]
        found = [each for each in self.tws.securities if each.is_asked_for(contract)]
        for each in found:
            self.send(*each.details(request, contract[7] or each.exchange))
        if found:
            self.send(52, 1, request)
        else:
            self.error(request, 200, UNKNOWN)

    def data_type(self, fields: Fields) -> None:
        self.market_data_type = fields[2]

    def market_data(self, fields: Fields) -> None:
        request, security = fields[2], self._known(fields[2], fields[3:15])
        if security is None or not self._permits(request, security):
            return
        self._subscribe("quotes", request, security)
        self.send(81, request, security.min_tick, "9c0001", 3)
        self.send(58, 1, request, self.market_data_type)

    def trades(self, fields: Fields) -> None:
        security = self._known(fields[1], fields[2:14])
        if security is not None:
            self._subscribe("trades", fields[1], security)

    def bars(self, fields: Fields) -> None:
        security = self._known(fields[2], fields[3:15])
        if security is not None:
            self._subscribe("bars", fields[2], security)

    def depth(self, fields: Fields) -> None:
        security = self._known(fields[2], fields[3:15])
        if security is not None:
            self._subscribe("books", fields[2], security)

    def cancel(self, fields: Fields) -> None:
        request = fields[1] if fields[0] == "98" else fields[2]
        self.subscribed.pop(int(request), None)

    def _known(self, request: str, contract: Fields) -> Security | None:
        security = self.tws.security(contract)
        if security is None:
            self.error(request, 200, UNKNOWN)
        return security

    def _permits(self, request: str, security: Security) -> bool:
        """Say what a user without a subscription is told."""
        if security.symbol in self.tws.only_delayed and self.market_data_type == DELAYED:
            self.error(request, 10167, DELAYED_INSTEAD)
            return True
        if security.symbol in self.tws.without_market_data | self.tws.only_delayed:
            self.error(request, 354, NOT_SUBSCRIBED)
            return False
        return True

    def _subscribe(self, kind: str, request: str, security: Security) -> None:
        self.subscribed[int(request)] = (kind, security.symbol)

    # History.

    def historical(self, fields: Fields) -> None:
        request, security = fields[1], self._known(fields[1], fields[2:14])
        if security is not None:
            self.tws.history.answer(self, request, fields[15:21])

    def head(self, fields: Fields) -> None:
        if self.tws.history.tells_first_time:
            self.send(88, fields[1], self.tws.history.head_text())
        else:
            self.error(fields[1], 162, "Historical Market Data Service error message:No head time")

    # The account.

    def place_order(self, fields: Fields) -> None:
        self.tws.orders_placed += 1

    def open_orders(self, fields: Fields) -> None:
        for order in self.tws.account.orders:
            self.send(*order.open_order(self.version))
            self.send(*order.status_message())
        self.send(53, 1)

    def executions(self, fields: Fields) -> None:
        for execution in self.tws.account.executions:
            self.send(*execution.details(fields[2], self.version))
            self.send(*execution.commission_report())
        self.send(55, 1, fields[2])

    def positions(self, fields: Fields) -> None:
        if not self.tws.answers_account:
            return
        for position in self.tws.account.positions:
            self.send(*position.message())
        self.send(62, 1)

    def account_values(self, fields: Fields) -> None:
        request, account = fields[2], fields[3]
        for tag, (value, currency) in self.tws.account.values.items():
            self.send(73, 1, request, account, "", tag, value, currency)
        self.send(74, 1, request)
