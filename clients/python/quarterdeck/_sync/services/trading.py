"""The services of trading; written by ``tools/rpcs.py`` from the contracts."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import cast

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from quarterdeck._method import Method
from quarterdeck._sync.channel import Channel
from quarterdeck._times import duration, timestamp
from quarterdeck.api.trading.v1.aggregate_service_pb2 import (
    AGGREGATE_INTERVAL_UNSPECIFIED,
    AggregateInterval,
    ListActivityRequest,
    ListActivityResponse,
    ListAggregatesRequest,
    ListAggregatesResponse,
)
from quarterdeck.api.trading.v1.break_pb2 import BREAK_STATE_UNSPECIFIED, BreakState
from quarterdeck.api.trading.v1.node_pb2 import (
    COMMAND_KIND_UNSPECIFIED,
    NODE_MODE_UNSPECIFIED,
    AccountRegistration,
    CachedPosition,
    CommandKind,
    CommandResult,
    NodeHealth,
    NodeMode,
)
from quarterdeck.api.trading.v1.node_service_pb2 import (
    GetNodeRequest,
    GetNodeResponse,
    ListNodesRequest,
    ListNodesResponse,
    RegisterNodeRequest,
    RegisterNodeResponse,
    ReportNodeRequest,
    ReportNodeResponse,
    SendCommandRequest,
    SendCommandResponse,
    WatchCommandsRequest,
    WatchCommandsResponse,
)
from quarterdeck.api.trading.v1.order_life_service_pb2 import (
    ListOrderLivesRequest,
    ListOrderLivesResponse,
)
from quarterdeck.api.trading.v1.order_pb2 import ORDER_TYPE_UNSPECIFIED, OrderType
from quarterdeck.api.trading.v1.portfolio_service_pb2 import (
    COST_METHOD_UNSPECIFIED,
    PORTFOLIO_FORMAT_UNSPECIFIED,
    PORTFOLIO_TABLE_UNSPECIFIED,
    CostMethod,
    ExportPortfolioRequest,
    GetDailyEquityRequest,
    GetDailyEquityResponse,
    GetEquityCurveRequest,
    GetEquityCurveResponse,
    GetPortfolioRequest,
    GetPortfolioResponse,
    ListAccountsRequest,
    ListAccountsResponse,
    ListPositionsRequest,
    ListPositionsResponse,
    PortfolioFormat,
    PortfolioTable,
    WatchPortfolioRequest,
    WatchPortfolioResponse,
)
from quarterdeck.api.trading.v1.position_change_service_pb2 import (
    ListPositionChangesRequest,
    ListPositionChangesResponse,
)
from quarterdeck.api.trading.v1.reconciliation_service_pb2 import (
    BrokerStatement,
    GetBreakRequest,
    GetBreakResponse,
    ListBreaksRequest,
    ListBreaksResponse,
    ReconcileRequest,
    ReconcileResponse,
    ResolveBreakRequest,
    ResolveBreakResponse,
)
from quarterdeck.api.trading.v1.trading_event_pb2 import LogCursor, TradingEvent
from quarterdeck.api.trading.v1.trading_event_service_pb2 import (
    ImportTradingEventsRequest,
    ImportTradingEventsResponse,
    ListFillsRequest,
    ListFillsResponse,
    ListOrdersRequest,
    ListOrdersResponse,
    ListTopicRecordsRequest,
    ListTopicRecordsResponse,
    ListTradingEventsRequest,
    ListTradingEventsResponse,
    RecordAdjustmentsRequest,
    RecordAdjustmentsResponse,
    RecordEventsRequest,
    RecordEventsResponse,
    WatchTradingRequest,
    WatchTradingResponse,
)

LIST_AGGREGATES = Method[ListAggregatesRequest, ListAggregatesResponse](
    "/quarterdeck.api.trading.v1.AggregateService/ListAggregates",
    ListAggregatesResponse,
    repeatable=True,
)
LIST_ACTIVITY = Method[ListActivityRequest, ListActivityResponse](
    "/quarterdeck.api.trading.v1.AggregateService/ListActivity",
    ListActivityResponse,
    repeatable=True,
)


class AggregateService:
    """Performance and trading by minute, hour and trading day, folded where they are stored:
    years are answered at once.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def list_aggregates(
        self,
        *,
        account: str = "",
        strategy: str = "",
        interval: AggregateInterval.ValueType = AGGREGATE_INTERVAL_UNSPECIFIED,
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListAggregatesResponse:
        """Lists what an account was worth and made, or what a strategy in it made, oldest first.

        Minutes are kept for a time, hours and days for ever. Fails with NOT_FOUND
        (RESOURCE_NOT_FOUND) for an unknown account or strategy, and with PERMISSION_DENIED
        (SCOPE_FORBIDDEN) for what is outside of the caller's scope.
        """
        request = ListAggregatesRequest(
            account=account,
            strategy=strategy,
            interval=interval,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_AGGREGATES, request, timeout)

    def list_activity(
        self,
        *,
        account: str = "",
        strategy: str = "",
        instrument: str = "",
        interval: AggregateInterval.ValueType = AGGREGATE_INTERVAL_UNSPECIFIED,
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListActivityResponse:
        """Lists what was ordered and filled in an account, by interval, strategy and instrument,
        oldest first.

        Without a strategy those within the caller's scope are listed. Fails with NOT_FOUND
        (RESOURCE_NOT_FOUND) for an unknown account, and with PERMISSION_DENIED (SCOPE_FORBIDDEN)
        for what is outside of the caller's scope.
        """
        request = ListActivityRequest(
            account=account,
            strategy=strategy,
            instrument=instrument,
            interval=interval,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_ACTIVITY, request, timeout)


REGISTER_NODE = Method[RegisterNodeRequest, RegisterNodeResponse](
    "/quarterdeck.api.trading.v1.NodeService/RegisterNode", RegisterNodeResponse, repeatable=True
)
REPORT_NODE = Method[ReportNodeRequest, ReportNodeResponse](
    "/quarterdeck.api.trading.v1.NodeService/ReportNode", ReportNodeResponse, repeatable=True
)
WATCH_COMMANDS = Method[WatchCommandsRequest, WatchCommandsResponse](
    "/quarterdeck.api.trading.v1.NodeService/WatchCommands", WatchCommandsResponse, repeatable=True
)
LIST_NODES = Method[ListNodesRequest, ListNodesResponse](
    "/quarterdeck.api.trading.v1.NodeService/ListNodes", ListNodesResponse, repeatable=True
)
GET_NODE = Method[GetNodeRequest, GetNodeResponse](
    "/quarterdeck.api.trading.v1.NodeService/GetNode", GetNodeResponse, repeatable=True
)
SEND_COMMAND = Method[SendCommandRequest, SendCommandResponse](
    "/quarterdeck.api.trading.v1.NodeService/SendCommand", SendCommandResponse, repeatable=True
)


class NodeService:
    """The nodes that trade: who they are, how they are, what they are told."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def register_node(
        self,
        *,
        node_id: str = "",
        display_name: str = "",
        mode: NodeMode.ValueType = NODE_MODE_UNSPECIFIED,
        engine_version: str = "",
        code_hash: str = "",
        accounts: Iterable[AccountRegistration] | None = None,
        strategies: Iterable[str] | None = None,
        positions: Iterable[CachedPosition] | None = None,
        timeout: float | None = None,
    ) -> RegisterNodeResponse:
        """Registers a node at its start: creates it or replaces what is known of it.

        An account that the log does not know gets its opening balances; a known one keeps what the
        log says, also if it had deposits alone. The node sends what its cache holds, and the answer
        lists what differs from the log. Fails with PERMISSION_DENIED (SCOPE_FORBIDDEN) for an
        account or strategy outside of the caller's.
        """
        request = RegisterNodeRequest(
            node_id=node_id,
            display_name=display_name,
            mode=mode,
            engine_version=engine_version,
            code_hash=code_hash,
            accounts=accounts,
            strategies=strategies,
            positions=positions,
        )
        return self._channel.unary(REGISTER_NODE, request, timeout)

    def report_node(
        self,
        *,
        name: str = "",
        health: NodeHealth | None = None,
        command_results: Iterable[CommandResult] | None = None,
        stopping: bool = False,
        timeout: float | None = None,
    ) -> ReportNodeResponse:
        """Reports the health of a node and what came of its commands; expected every second or two.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND) if the node must register first.
        """
        request = ReportNodeRequest(
            name=name, health=health, command_results=command_results, stopping=stopping
        )
        return self._channel.unary(REPORT_NODE, request, timeout)

    def watch_commands(
        self, *, name: str = "", timeout: float | None = None
    ) -> Iterator[WatchCommandsResponse]:
        """Streams the commands to a node: those pending, then each new one; an empty answer is a
        heartbeat.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND) if the node must register first.
        """
        request = WatchCommandsRequest(name=name)
        return self._channel.stream(WATCH_COMMANDS, request, timeout)

    def list_nodes(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> ListNodesResponse:
        """Lists nodes by name."""
        request = ListNodesRequest(page_size=page_size, page_token=page_token)
        return self._channel.unary(LIST_NODES, request, timeout)

    def get_node(self, *, name: str = "", timeout: float | None = None) -> GetNodeResponse:
        """Gets one node.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = GetNodeRequest(name=name)
        return self._channel.unary(GET_NODE, request, timeout)

    def send_command(
        self,
        *,
        name: str = "",
        kind: CommandKind.ValueType = COMMAND_KIND_UNSPECIFIED,
        strategy: str = "",
        request_id: str = "",
        timeout: float | None = None,
    ) -> SendCommandResponse:
        """Sends a command to a node; it is kept until the node has carried it out.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = SendCommandRequest(name=name, kind=kind, strategy=strategy, request_id=request_id)
        return self._channel.unary(SEND_COMMAND, request, timeout)


LIST_ORDER_LIVES = Method[ListOrderLivesRequest, ListOrderLivesResponse](
    "/quarterdeck.api.trading.v1.OrderLifeService/ListOrderLives",
    ListOrderLivesResponse,
    repeatable=True,
)


class OrderLifeService:
    """The lives of many orders at once, for those who measure how they were executed."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def list_order_lives(
        self,
        *,
        account: str = "",
        strategy: str = "",
        instrument: str = "",
        venue: str = "",
        order_type: OrderType.ValueType = ORDER_TYPE_UNSPECIFIED,
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        newest_first: bool = False,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListOrderLivesResponse:
        """Lists when orders did what, with their fills, in the order in which they were made.

        Fails with PERMISSION_DENIED (SCOPE_FORBIDDEN) for a named account or strategy outside of
        the caller's; without one, orders outside of the caller's scope are left out.
        """
        request = ListOrderLivesRequest(
            account=account,
            strategy=strategy,
            instrument=instrument,
            venue=venue,
            order_type=order_type,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            newest_first=newest_first,
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_ORDER_LIVES, request, timeout)


GET_PORTFOLIO = Method[GetPortfolioRequest, GetPortfolioResponse](
    "/quarterdeck.api.trading.v1.PortfolioService/GetPortfolio",
    GetPortfolioResponse,
    repeatable=True,
)
LIST_POSITIONS = Method[ListPositionsRequest, ListPositionsResponse](
    "/quarterdeck.api.trading.v1.PortfolioService/ListPositions",
    ListPositionsResponse,
    repeatable=True,
)
LIST_ACCOUNTS = Method[ListAccountsRequest, ListAccountsResponse](
    "/quarterdeck.api.trading.v1.PortfolioService/ListAccounts",
    ListAccountsResponse,
    repeatable=True,
)
WATCH_PORTFOLIO = Method[WatchPortfolioRequest, WatchPortfolioResponse](
    "/quarterdeck.api.trading.v1.PortfolioService/WatchPortfolio",
    WatchPortfolioResponse,
    repeatable=True,
)
EXPORT_PORTFOLIO = Method[ExportPortfolioRequest, HttpBody](
    "/quarterdeck.api.trading.v1.PortfolioService/ExportPortfolio", HttpBody, repeatable=True
)
GET_EQUITY_CURVE = Method[GetEquityCurveRequest, GetEquityCurveResponse](
    "/quarterdeck.api.trading.v1.PortfolioService/GetEquityCurve",
    GetEquityCurveResponse,
    repeatable=True,
)
GET_DAILY_EQUITY = Method[GetDailyEquityRequest, GetDailyEquityResponse](
    "/quarterdeck.api.trading.v1.PortfolioService/GetDailyEquity",
    GetDailyEquityResponse,
    repeatable=True,
)


class PortfolioService:
    """What is held and what it earned, computed from the trading log and live prices."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get_portfolio(
        self,
        *,
        account: str = "",
        strategy: str = "",
        cost_method: CostMethod.ValueType = COST_METHOD_UNSPECIFIED,
        timeout: float | None = None,
    ) -> GetPortfolioResponse:
        """Gets the portfolio as of now, within the caller's scope.

        Fails with PERMISSION_DENIED (SCOPE_FORBIDDEN) for a named account or strategy outside of
        it.
        """
        request = GetPortfolioRequest(account=account, strategy=strategy, cost_method=cost_method)
        return self._channel.unary(GET_PORTFOLIO, request, timeout)

    def list_positions(
        self,
        *,
        account: str = "",
        strategy: str = "",
        open_only: bool = False,
        cost_method: CostMethod.ValueType = COST_METHOD_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListPositionsResponse:
        """Lists positions by account, strategy and instrument."""
        request = ListPositionsRequest(
            account=account,
            strategy=strategy,
            open_only=open_only,
            cost_method=cost_method,
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_POSITIONS, request, timeout)

    def list_accounts(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> ListAccountsResponse:
        """Lists accounts by identifier."""
        request = ListAccountsRequest(page_size=page_size, page_token=page_token)
        return self._channel.unary(LIST_ACCOUNTS, request, timeout)

    def watch_portfolio(
        self,
        *,
        account: str = "",
        strategy: str = "",
        max_rate: float = 0.0,
        timeout: float | None = None,
    ) -> Iterator[WatchPortfolioResponse]:
        """Streams the portfolio: a snapshot, then the rows that changed, as often as the reader
        takes them and no more often than they change.

        A slow reader gets the newest values; no row that changed is left out.
        """
        request = WatchPortfolioRequest(account=account, strategy=strategy, max_rate=max_rate)
        return self._channel.stream(WATCH_PORTFOLIO, request, timeout)

    def export_portfolio(
        self,
        *,
        account: str = "",
        strategy: str = "",
        cost_method: CostMethod.ValueType = COST_METHOD_UNSPECIFIED,
        table: PortfolioTable.ValueType = PORTFOLIO_TABLE_UNSPECIFIED,
        format: PortfolioFormat.ValueType = PORTFOLIO_FORMAT_UNSPECIFIED,
        timeout: float | None = None,
    ) -> Iterator[HttpBody]:
        """Exports the portfolio as of now, within the caller's scope, as a file.

        The file comes in pieces: the data of all answers, joined in their order. The edge joins
        them, so that `curl -o` writes the file. Numbers are those of GetPortfolio, as decimals;
        what depends on a price is empty where there is none.
        """
        request = ExportPortfolioRequest(
            account=account, strategy=strategy, cost_method=cost_method, table=table, format=format
        )
        return self._channel.stream(EXPORT_PORTFOLIO, request, timeout)

    def get_equity_curve(
        self,
        *,
        account: str = "",
        strategy: str = "",
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        max_points: int = 0,
        timeout: float | None = None,
    ) -> GetEquityCurveResponse:
        """Gets the equity of an account, or the profit of a strategy, over the market's time.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND) for an unknown account.
        """
        request = GetEquityCurveRequest(
            account=account,
            strategy=strategy,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            max_points=max_points,
        )
        return self._channel.unary(GET_EQUITY_CURVE, request, timeout)

    def get_daily_equity(
        self,
        *,
        account: str = "",
        strategy: str = "",
        start_date: Date | None = None,
        end_date: Date | None = None,
        timeout: float | None = None,
    ) -> GetDailyEquityResponse:
        """Gets the equity of an account and its profit, or a strategy's, at the end of each day.

        A day ends at the configured time of the configured zone, in the market's time. Days on
        which nothing was valued are left out. Fails with NOT_FOUND (RESOURCE_NOT_FOUND) for an
        unknown account or strategy.
        """
        request = GetDailyEquityRequest(
            account=account, strategy=strategy, start_date=start_date, end_date=end_date
        )
        return self._channel.unary(GET_DAILY_EQUITY, request, timeout)


LIST_POSITION_CHANGES = Method[ListPositionChangesRequest, ListPositionChangesResponse](
    "/quarterdeck.api.trading.v1.PositionChangeService/ListPositionChanges",
    ListPositionChangesResponse,
    repeatable=True,
)


class PositionChangeService:
    """What each fill did to its position: for those who ask where profit came from."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def list_position_changes(
        self,
        *,
        account: str = "",
        strategy: str = "",
        instrument: str = "",
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListPositionChangesResponse:
        """Lists what happened to positions: by account, strategy and instrument, each by time.

        Computed from the log as it is now, so that late fills, corrections and busts are in it.
        Fails with NOT_FOUND (RESOURCE_NOT_FOUND) for an unknown account, and with PERMISSION_DENIED
        (SCOPE_FORBIDDEN) for a named account or strategy outside of the caller's; without one,
        positions outside of the caller's scope are left out.
        """
        request = ListPositionChangesRequest(
            account=account,
            strategy=strategy,
            instrument=instrument,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_POSITION_CHANGES, request, timeout)


RECONCILE = Method[ReconcileRequest, ReconcileResponse](
    "/quarterdeck.api.trading.v1.ReconciliationService/Reconcile",
    ReconcileResponse,
    repeatable=True,
)
LIST_BREAKS = Method[ListBreaksRequest, ListBreaksResponse](
    "/quarterdeck.api.trading.v1.ReconciliationService/ListBreaks",
    ListBreaksResponse,
    repeatable=True,
)
GET_BREAK = Method[GetBreakRequest, GetBreakResponse](
    "/quarterdeck.api.trading.v1.ReconciliationService/GetBreak", GetBreakResponse, repeatable=True
)
RESOLVE_BREAK = Method[ResolveBreakRequest, ResolveBreakResponse](
    "/quarterdeck.api.trading.v1.ReconciliationService/ResolveBreak",
    ResolveBreakResponse,
    repeatable=True,
)


class ReconciliationService:
    """The log against what others say: brokers when asked, nodes whenever they register, and the
    log against itself all the time.

    A fill whose order stays unknown, and an order that stays unanswered, become breaks after 30
    seconds, and are resolved when the missing word comes. New breaks are announced on
    `notices/reconciliation`.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def reconcile(
        self,
        *,
        statement: BrokerStatement | None = None,
        broker: str | None = None,
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> ReconcileResponse:
        """Compares what a broker says with the log as it is now, and keeps each difference as a
        break.

        A difference that is known is not a second break. A break that this comparison covers and
        does not find again is resolved. A difference that somebody resolved comes back only when it
        changes. Fails with INVALID_ARGUMENT (FILE_INVALID) for a statement that cannot be read, and
        with PERMISSION_DENIED (SCOPE_FORBIDDEN) for an account outside of the caller's.
        """
        request = ReconcileRequest(statement=statement, broker=cast("str", broker), dry_run=dry_run)
        return self._channel.unary(RECONCILE, request, timeout)

    def list_breaks(
        self,
        *,
        account: str = "",
        source: str = "",
        state: BreakState.ValueType = BREAK_STATE_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListBreaksResponse:
        """Lists breaks, newest first."""
        request = ListBreaksRequest(
            account=account, source=source, state=state, page_size=page_size, page_token=page_token
        )
        return self._channel.unary(LIST_BREAKS, request, timeout)

    def get_break(self, *, name: str = "", timeout: float | None = None) -> GetBreakResponse:
        """Gets one break.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = GetBreakRequest(name=name)
        return self._channel.unary(GET_BREAK, request, timeout)

    def resolve_break(
        self, *, name: str = "", reason: str = "", timeout: float | None = None
    ) -> ResolveBreakResponse:
        """Resolves a break with a reason; it changes nothing in the log.

        Repeating the call of the same principal with the same reason changes nothing. Fails with
        NOT_FOUND (RESOURCE_NOT_FOUND), and with FAILED_PRECONDITION (STATE_FORBIDS) if it was
        resolved otherwise.
        """
        request = ResolveBreakRequest(name=name, reason=reason)
        return self._channel.unary(RESOLVE_BREAK, request, timeout)


RECORD_EVENTS = Method[RecordEventsRequest, RecordEventsResponse](
    "/quarterdeck.api.trading.v1.TradingEventService/RecordEvents",
    RecordEventsResponse,
    repeatable=True,
)
RECORD_ADJUSTMENTS = Method[RecordAdjustmentsRequest, RecordAdjustmentsResponse](
    "/quarterdeck.api.trading.v1.TradingEventService/RecordAdjustments",
    RecordAdjustmentsResponse,
    repeatable=True,
)
IMPORT_TRADING_EVENTS = Method[ImportTradingEventsRequest, ImportTradingEventsResponse](
    "/quarterdeck.api.trading.v1.TradingEventService/ImportTradingEvents",
    ImportTradingEventsResponse,
    repeatable=True,
)
LIST_TRADING_EVENTS = Method[ListTradingEventsRequest, ListTradingEventsResponse](
    "/quarterdeck.api.trading.v1.TradingEventService/ListTradingEvents",
    ListTradingEventsResponse,
    repeatable=True,
)
LIST_ORDERS = Method[ListOrdersRequest, ListOrdersResponse](
    "/quarterdeck.api.trading.v1.TradingEventService/ListOrders",
    ListOrdersResponse,
    repeatable=True,
)
LIST_FILLS = Method[ListFillsRequest, ListFillsResponse](
    "/quarterdeck.api.trading.v1.TradingEventService/ListFills", ListFillsResponse, repeatable=True
)
LIST_TOPIC_RECORDS = Method[ListTopicRecordsRequest, ListTopicRecordsResponse](
    "/quarterdeck.api.trading.v1.TradingEventService/ListTopicRecords",
    ListTopicRecordsResponse,
    repeatable=True,
)
WATCH_TRADING = Method[WatchTradingRequest, WatchTradingResponse](
    "/quarterdeck.api.trading.v1.TradingEventService/WatchTrading",
    WatchTradingResponse,
    repeatable=True,
)


class TradingEventService:
    """The trading log: what happened to orders, positions and accounts, durable and complete."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def record_events(
        self,
        *,
        node: str = "",
        events: Iterable[TradingEvent] | None = None,
        timeout: float | None = None,
    ) -> RecordEventsResponse:
        """Records events; the answer comes after the database has committed them.

        This operation is atomic: a bad event fails the call with INVALID_ARGUMENT (FIELD_INVALID),
        naming for example "events[3].fill.quantity", and nothing is stored. An event whose
        identifier and content are known is accepted and counted; the same identifier with other
        content fails with ABORTED (EVENT_ID_REUSED). A fill for an unknown order is stored with
        `order_unknown`. A correction or bust of a fill that the log does not have fails with
        NOT_FOUND (RESOURCE_NOT_FOUND), naming for example "events[3].fill_bust.trade_id". Fails
        with PERMISSION_DENIED (SCOPE_FORBIDDEN) for an account or strategy outside of the caller's.
        Deposits, withdrawals, transfers and corporate actions also need TRADING_CONTROL and fail
        with PERMISSION_DENIED (PERMISSION_MISSING) without it: a node may tell what its positions
        earned, not what an account was given.
        """
        request = RecordEventsRequest(node=node, events=events)
        return self._channel.unary(RECORD_EVENTS, request, timeout)

    def record_adjustments(
        self, *, events: Iterable[TradingEvent] | None = None, timeout: float | None = None
    ) -> RecordAdjustmentsResponse:
        """Records what people know and nodes do not: cash flows, corporate actions, and corrections
        and busts of fills; the answer comes after the database has committed them.

        Atomic and idempotent as RecordEvents is, and fails as it does. A corporate action of all
        accounts needs a scope over all accounts, a transfer one over both of its accounts. What no
        node may tell fails with INVALID_ARGUMENT (FIELD_INVALID) if it is of the future: positions
        and cash change when they do, not when it is announced.
        """
        request = RecordAdjustmentsRequest(events=events)
        return self._channel.unary(RECORD_ADJUSTMENTS, request, timeout)

    def import_trading_events(
        self, *, csv: str = "", dry_run: bool = False, timeout: float | None = None
    ) -> ImportTradingEventsResponse:
        """Records orders, fills, cash flows and corporate actions from a file; the answer comes
        after the database has committed them.

        This operation is atomic: if a row cannot be accepted, nothing is stored, and the call fails
        with INVALID_ARGUMENT (FILE_INVALID), naming the first such row. A dry run stores nothing
        and tells all of them. What the log has already, by its event identifier or as the same
        fill, is counted, so a file may be imported again. Fails with PERMISSION_DENIED
        (SCOPE_FORBIDDEN) for an account or strategy outside of the caller's.
        """
        request = ImportTradingEventsRequest(csv=csv, dry_run=dry_run)
        return self._channel.unary(IMPORT_TRADING_EVENTS, request, timeout)

    def list_trading_events(
        self,
        *,
        account: str = "",
        strategy: str = "",
        instrument: str = "",
        client_order_id: str = "",
        kinds: Iterable[str] | None = None,
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListTradingEventsResponse:
        """Lists events of the log as they were reported, in the order of the market's time.

        With `account` and `client_order_id` it is the whole life of an order. Fails with
        PERMISSION_DENIED (SCOPE_FORBIDDEN) for a named account or strategy outside of the caller's;
        without one, events outside of the caller's scope are left out.
        """
        request = ListTradingEventsRequest(
            account=account,
            strategy=strategy,
            instrument=instrument,
            client_order_id=client_order_id,
            kinds=kinds,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_TRADING_EVENTS, request, timeout)

    def list_orders(
        self,
        *,
        account: str = "",
        strategy: str = "",
        instrument: str = "",
        open_only: bool = False,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListOrdersResponse:
        """Lists orders, last changed first."""
        request = ListOrdersRequest(
            account=account,
            strategy=strategy,
            instrument=instrument,
            open_only=open_only,
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_ORDERS, request, timeout)

    def list_fills(
        self,
        *,
        account: str = "",
        strategy: str = "",
        instrument: str = "",
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListFillsResponse:
        """Lists fills, newest first."""
        request = ListFillsRequest(
            account=account,
            strategy=strategy,
            instrument=instrument,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_FILLS, request, timeout)

    def list_topic_records(
        self,
        *,
        topic: str = "",
        after_sequence: int = 0,
        page_size: int = 0,
        timeout: float | None = None,
    ) -> ListTopicRecordsResponse:
        """Lists what one durable topic published after a sequence number, oldest first.

        Streams resume from this when their ring no longer reaches back far enough.
        """
        request = ListTopicRecordsRequest(
            topic=topic, after_sequence=after_sequence, page_size=page_size
        )
        return self._channel.unary(LIST_TOPIC_RECORDS, request, timeout)

    def watch_trading(
        self,
        *,
        account: str = "",
        strategy: str = "",
        cursor: LogCursor | None = None,
        live_only: bool = False,
        heartbeat_interval: Duration | timedelta | None = None,
        timeout: float | None = None,
    ) -> Iterator[WatchTradingResponse]:
        """Streams the trading log in its own order, from a cursor or its beginning, and then what
        is recorded, within the caller's scope.

        Every event comes once; none is left out. Fails with INVALID_ARGUMENT (CURSOR_INVALID) for a
        cursor of another log or beyond the newest event, with PERMISSION_DENIED (SCOPE_FORBIDDEN)
        for a named account or strategy outside of the caller's, with RESOURCE_EXHAUSTED
        (READER_TOO_SLOW) for a reader that takes nothing for 10 s, with UNAUTHENTICATED
        (TOKEN_EXPIRED, TOKEN_REVOKED) when the token no longer holds, and with UNAVAILABLE
        (SHUTTING_DOWN, DEPENDENCY_UNAVAILABLE). The error also comes in the stream, as its last
        message; continue from its cursor.
        """
        request = WatchTradingRequest(
            account=account,
            strategy=strategy,
            cursor=cursor,
            live_only=live_only,
            heartbeat_interval=duration(heartbeat_interval),
        )
        return self._channel.stream(WATCH_TRADING, request, timeout)
