"""TradingEventService."""

from collections.abc import Sequence
from functools import partial

from quarterdeck.api.trading.v1 import trading_event_service_pb2 as pb
from quarterdeck.api.trading.v1.trading_event_service_pb2_grpc import TradingEventServiceServicer
from quarterdeck.api.type.v1.row_problem_pb2 import RowProblem
from quarterdeck_server.kernel import page
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.convert import LATEST_NS, range_from
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.runtime.streaming import Streaming, heartbeat_s
from quarterdeck_server.trading.domain import topic as topics
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.importer import Importer
from quarterdeck_server.trading.log_readers import HEARTBEAT_S, LogReaders, Wish
from quarterdeck_server.trading.mapping import log as mapping
from quarterdeck_server.trading.mapping.event import events_from
from quarterdeck_server.trading.mapping.life import event_filter_from, logged_to
from quarterdeck_server.trading.mapping.logged import cursor_from
from quarterdeck_server.trading.recorder import Recorded, Recorder
from quarterdeck_server.trading.servicers.admission import check_adjustment, permit
from quarterdeck_server.trading.servicers.view import view_of
from quarterdeck_server.trading.store import listing
from quarterdeck_server.trading.store.topics import topic_page

DEFAULT_ROWS = 100
MOST_ROWS = 1_000


class TradingEventServicer(TradingEventServiceServicer):
    """Serves the trading log."""

    def __init__(
        self,
        recorder: Recorder,
        importer: Importer,
        postgres: Postgres,
        readers: LogReaders,
        streaming: Streaming,
        clock: Clock,
    ) -> None:
        self._recorder, self._importer, self._postgres = recorder, importer, postgres
        self._readers, self._streaming, self._clock = readers, streaming, clock

    async def RecordEvents(
        self, request: pb.RecordEventsRequest, context: Context
    ) -> pb.RecordEventsResponse:
        recorded = await self._record(events_from(request.events, request.node))
        return pb.RecordEventsResponse(recorded_count=recorded.new, duplicate_count=recorded.known)

    async def RecordAdjustments(
        self, request: pb.RecordAdjustmentsRequest, context: Context
    ) -> pb.RecordAdjustmentsResponse:
        events = events_from(request.events)
        for event in events:
            check_adjustment(event)
        recorded = await self._record(events)
        return pb.RecordAdjustmentsResponse(
            recorded_count=recorded.new, duplicate_count=recorded.known
        )

    async def ImportTradingEvents(
        self, request: pb.ImportTradingEventsRequest, context: Context
    ) -> pb.ImportTradingEventsResponse:
        admit = partial(permit, current(), self._clock.now_ns())
        imported = await self._importer.run(request.csv, admit, dry_run=request.dry_run)
        return pb.ImportTradingEventsResponse(
            recorded_count=imported.new,
            duplicate_count=imported.known,
            problems=[
                RowProblem(row=one.row, column=one.column, problem=one.cell_problem)
                for one in imported.problems[:MOST_ROWS]
            ],
        )

    async def ListTradingEvents(
        self, request: pb.ListTradingEventsRequest, context: Context
    ) -> pb.ListTradingEventsResponse:
        view = view_of(request.account, request.strategy)
        wanted = event_filter_from(request)
        filters = (request.account, request.strategy, wanted)
        size = page.page_size(request.page_size, DEFAULT_ROWS, MOST_ROWS)
        after = page.decode(request.page_token, "ListTradingEvents", filters, int, int)
        found = await listing.events(self._postgres, view, wanted, _time_place(after), size + 1)
        token = _next("ListTradingEvents", filters, found.places, size)
        events = logged_to(found.items[:size])
        return pb.ListTradingEventsResponse(events=events, next_page_token=token)

    async def ListOrders(
        self, request: pb.ListOrdersRequest, context: Context
    ) -> pb.ListOrdersResponse:
        view = view_of(request.account, request.strategy)
        filters = (*_filters(request), request.open_only)
        found = await listing.orders(
            self._postgres,
            view,
            request.instrument,
            _order_place(page.decode(request.page_token, "ListOrders", filters, int, str)),
            (size := page.page_size(request.page_size, DEFAULT_ROWS, MOST_ROWS)) + 1,
            open_only=request.open_only,
        )
        token = _next("ListOrders", filters, found.places, size)
        orders = [mapping.order_to(order) for order in found.items[:size]]
        return pb.ListOrdersResponse(orders=orders, next_page_token=token)

    async def ListFills(
        self, request: pb.ListFillsRequest, context: Context
    ) -> pb.ListFillsResponse:
        view = view_of(request.account, request.strategy)
        within = range_from(request)
        filters = (*_filters(request), *within)
        found = await listing.fills(
            self._postgres,
            view,
            request.instrument,
            within,
            _time_place(page.decode(request.page_token, "ListFills", filters, int, int)),
            (size := page.page_size(request.page_size, DEFAULT_ROWS, MOST_ROWS)) + 1,
        )
        token = _next("ListFills", filters, found.places, size)
        fills = [mapping.fill_to(fill) for fill in found.items[:size]]
        return pb.ListFillsResponse(fills=fills, next_page_token=token)

    async def ListTopicRecords(
        self, request: pb.ListTopicRecordsRequest, context: Context
    ) -> pb.ListTopicRecordsResponse:
        owner = topics.owner(request.topic)
        current().require_scope(owner.account, owner.strategy, "topic")
        size = page.page_size(request.page_size, MOST_ROWS, MOST_ROWS)
        after = min(request.after_sequence, LATEST_NS)
        found = await topic_page(self._postgres, request.topic, after, size)
        return pb.ListTopicRecordsResponse(
            records=[mapping.record_to(record, found.epoch) for record in found.records],
            epoch=found.epoch,
            last_sequence=found.last_sequence,
        )

    # It writes encoded answers to the context itself: awaiting the write is the backpressure.
    async def WatchTrading(  # type: ignore[override]
        self, request: pb.WatchTradingRequest, context: Context
    ) -> None:
        wish = Wish(
            view=view_of(request.account, request.strategy),
            cursor=cursor_from(request),
            live_only=request.live_only,
            heartbeat_s=heartbeat_s(request, HEARTBEAT_S),
        )
        reader = await self._readers.reader(wish)
        await self._streaming.run(context, reader.answers(), reader.ended)

    async def _record(self, events: Sequence[Event]) -> Recorded:
        caller = current()
        for event in events:
            permit(caller, self._clock.now_ns(), event)
        return await self._recorder.record(events)


def _filters(request: pb.ListOrdersRequest | pb.ListFillsRequest) -> tuple[str, str, str]:
    return (request.account, request.strategy, request.instrument)


def _order_place(position: page.Position | None) -> tuple[int, str] | None:
    return None if position is None else (int(position[0]), str(position[1]))


def _time_place(position: page.Position | None) -> tuple[int, int] | None:
    return None if position is None else (int(position[0]), int(position[1]))


def _next(
    rpc: str, filters: tuple[object, ...], places: tuple[tuple[int, str | int], ...], size: int
) -> str:
    return page.encode(rpc, filters, [*places[size - 1]]) if len(places) > size else ""
