"""AggregateService."""

from dataclasses import replace

from quarterdeck.api.trading.v1 import aggregate_service_pb2 as pb
from quarterdeck.api.trading.v1.aggregate_service_pb2_grpc import AggregateServiceServicer
from quarterdeck_server.kernel import page
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.kernel.errors import NotFound
from quarterdeck_server.runtime.convert import range_from
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.aggregate import ActivityColumns, head
from quarterdeck_server.trading.mapping import aggregate as mapping
from quarterdeck_server.trading.servicers.view import view_of
from quarterdeck_server.trading.store import aggregates as store

DEFAULT_ROWS, MOST_ROWS = 1_000, 10_000


class AggregateServicer(AggregateServiceServicer):
    """Serves performance and trading by interval."""

    def __init__(self, postgres: Postgres, desk: Desk, roll: DayRoll) -> None:
        self._postgres, self._desk, self._roll = postgres, desk, roll

    async def ListAggregates(
        self, request: pb.ListAggregatesRequest, context: Context
    ) -> pb.ListAggregatesResponse:
        account, strategy = request.account, request.strategy
        view = view_of(account, strategy)
        currency = self._currency(account)
        if strategy and strategy not in self._desk.strategies_of(view, account):
            raise NotFound("strategy", strategy)
        interval, within = mapping.interval_from(request.interval), range_from(request)
        filters = (account, strategy, int(interval), *within)
        after = page.decode(request.page_token, "ListAggregates", filters, int)
        size = page.page_size(request.page_size, DEFAULT_ROWS, MOST_ROWS)
        window = interval.beginning(within, self._roll)
        if after is not None:
            window = replace(window, start_ns=max(window.start_ns, int(after[0]) + 1))
        found = await store.curve(self._postgres, account, strategy, window, size + 1)
        listed, token = head(found, size), ""
        if len(found.start_ns) > size:
            token = page.encode("ListAggregates", filters, [listed.start_ns[-1]])
        columns = mapping.curve_to(listed, interval, self._roll)
        return pb.ListAggregatesResponse(
            currency=currency, aggregates=columns, next_page_token=token
        )

    async def ListActivity(
        self, request: pb.ListActivityRequest, context: Context
    ) -> pb.ListActivityResponse:
        view = view_of(request.account, request.strategy)
        self._currency(request.account)
        interval, within = mapping.interval_from(request.interval), range_from(request)
        filters = (view.account, view.strategy, request.instrument, int(interval), *within)
        after = page.decode(request.page_token, "ListActivity", filters, int, str, str, str)
        size = page.page_size(request.page_size, DEFAULT_ROWS, MOST_ROWS)
        window, place = interval.beginning(within, self._roll), after or store.BEFORE_ALL
        found = await store.activity(
            self._postgres, view, request.instrument, window, place, size + 1
        )
        listed, token = head(found, size), ""
        if len(found.start_ns) > size:
            token = page.encode("ListActivity", filters, _last(listed))
        columns = mapping.activity_to(listed, interval, self._roll)
        return pb.ListActivityResponse(activity=columns, next_page_token=token)

    def _currency(self, account: str) -> str:
        currency = self._desk.bases.get(account)
        if currency is None:
            raise NotFound("account", account)
        return currency


def _last(columns: ActivityColumns) -> page.Position:
    parts = (columns.start_ns, columns.strategy, columns.instrument, columns.currency)
    return [part[-1] for part in parts]
