"""PortfolioService."""

from collections.abc import AsyncIterator, Callable
from functools import partial

from google.api.httpbody_pb2 import HttpBody

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck.api.trading.v1.portfolio_service_pb2_grpc import PortfolioServiceServicer
from quarterdeck_server.kernel import page
from quarterdeck_server.kernel.errors import NotFound
from quarterdeck_server.kernel.table import Table
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.runtime.convert import range_from
from quarterdeck_server.runtime.day import closed_range_from
from quarterdeck_server.runtime.download import sent
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.trading.area import Area
from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.exports import cash_table, positions_table, profit_table
from quarterdeck_server.trading.mapping import exporting
from quarterdeck_server.trading.mapping import portfolio as mapping
from quarterdeck_server.trading.mapping.exporting import TableKind
from quarterdeck_server.trading.portfolio import CostMethod, PositionKey
from quarterdeck_server.trading.servicers.view import view_of
from quarterdeck_server.trading.store import load, thinned

DEFAULT_ACCOUNTS, MOST_ACCOUNTS = 100, 1_000
DEFAULT_POSITIONS, MOST_POSITIONS = 1_000, 10_000
DEFAULT_POINTS, MOST_POINTS = 1_000, 10_000


class PortfolioServicer(PortfolioServiceServicer):
    """Serves what is held and what it earned."""

    def __init__(self, area: Area, postgres: Postgres, compute: Compute) -> None:
        self._desk, self._feed, self._daily = area.desk, area.feed, area.daily
        self._postgres, self._compute = postgres, compute

    async def GetPortfolio(
        self, request: pb.GetPortfolioRequest, context: Context
    ) -> pb.GetPortfolioResponse:
        view = view_of(request.account, request.strategy)
        method = mapping.cost_method_from(request.cost_method)
        answer = pb.GetPortfolioResponse()
        # Written in place: a message with many rows is worth no copy.
        mapping.columns_into(
            answer.portfolio.positions, self._desk.columns(view, method), self._desk.unpriced
        )
        profits, cash = self._desk.profits(view, method), self._desk.cash_of(view)
        answer.portfolio.MergeFrom(mapping.portfolio_to(profits, cash))
        return answer

    async def ListPositions(
        self, request: pb.ListPositionsRequest, context: Context
    ) -> pb.ListPositionsResponse:
        view = view_of(request.account, request.strategy)
        method = mapping.cost_method_from(request.cost_method)
        filters = (request.account, request.strategy, request.open_only, method.value)
        after = page.decode(request.page_token, "ListPositions", filters, str, str, str)
        size = page.page_size(request.page_size, DEFAULT_POSITIONS, MOST_POSITIONS)
        keys = sorted(self._desk.keys(view, method, open_only=request.open_only), key=_place)
        if after is not None:
            keys = [key for key in keys if [*_place(key)] > [str(part) for part in after]]
        columns = self._desk.book(method).columns_of(keys[:size])
        token = ""
        if len(keys) > size:
            token = page.encode("ListPositions", filters, [*_place(keys[size - 1])])
        return pb.ListPositionsResponse(
            positions=mapping.columns_to(columns, self._desk.unpriced), next_page_token=token
        )

    async def ListAccounts(
        self, request: pb.ListAccountsRequest, context: Context
    ) -> pb.ListAccountsResponse:
        view = view_of()
        after = page.decode(request.page_token, "ListAccounts", (), str)
        size = page.page_size(request.page_size, DEFAULT_ACCOUNTS, MOST_ACCOUNTS)
        found = [
            account
            for account in await load.accounts(self._postgres)
            if view.shows(account.account) and (after is None or account.account > str(after[0]))
        ]
        accounts = [
            mapping.account_to(
                account,
                self._desk.strategies_of(view, account.account),
                self._desk.cash(account.account),
            )
            for account in found[:size]
        ]
        more = len(found) > size
        token = page.encode("ListAccounts", (), [found[size - 1].account]) if more else ""
        return pb.ListAccountsResponse(accounts=accounts, next_page_token=token)

    async def WatchPortfolio(  # type: ignore[override] # written as bytes
        self, request: pb.WatchPortfolioRequest, context: Context
    ) -> AsyncIterator[bytes]:
        view = view_of(request.account, request.strategy)
        async for answer in self._feed.watch(view, request.max_rate):
            yield answer

    async def ExportPortfolio(
        self, request: pb.ExportPortfolioRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        view = view_of(request.account, request.strategy)
        wanted = exporting.wanted_from(request)
        table = self._table(wanted.table, view, wanted.method)
        made = await self._compute.thread(lambda: wanted.written(table()))
        async for piece in sent(made, context):
            yield piece

    def _table(self, table: TableKind, view: View, method: CostMethod) -> Callable[[], Table]:
        """Take the numbers of now, and return what makes rows of them."""
        desk = self._desk
        match table:
            case TableKind.POSITIONS:
                return partial(positions_table, desk.columns(view, method), desk.unpriced)
            case TableKind.PROFIT:
                return partial(profit_table, desk.profits(view, method))
            case TableKind.CASH:
                return partial(cash_table, desk.cash_of(view))

    async def GetEquityCurve(
        self, request: pb.GetEquityCurveRequest, context: Context
    ) -> pb.GetEquityCurveResponse:
        view_of(request.account, request.strategy)
        currency = self._desk.bases.get(request.account)
        if currency is None:
            raise NotFound("account", request.account)
        points = await thinned.curve(
            self._postgres,
            request.account,
            request.strategy,
            range_from(request),
            page.page_size(request.max_points, DEFAULT_POINTS, MOST_POINTS),
        )
        return mapping.curve_to(points, currency)

    async def GetDailyEquity(
        self, request: pb.GetDailyEquityRequest, context: Context
    ) -> pb.GetDailyEquityResponse:
        account, strategy = request.account, request.strategy
        view = view_of(account, strategy)
        currency = self._desk.bases.get(account)
        if currency is None:
            raise NotFound("account", account)
        if strategy and strategy not in self._desk.strategies_of(view, account):
            raise NotFound("strategy", strategy)
        found = await self._daily.read(account, strategy, closed_range_from(request))
        return mapping.daily_to(found, currency)


def _place(key: PositionKey) -> tuple[str, str, str]:
    return (key.account, key.strategy, key.instrument)
