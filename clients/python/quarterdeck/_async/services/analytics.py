"""The services of analytics; written by ``tools/rpcs.py`` from the contracts."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from quarterdeck._async.channel import AsyncChannel
from quarterdeck._method import Method
from quarterdeck._times import duration, timestamp
from quarterdeck.api.analytics.v1.attribution_service_pb2 import (
    ComputeBrinsonRequest,
    ComputeBrinsonResponse,
    ComputeContributionsRequest,
    ComputeContributionsResponse,
    ComputeFactorsRequest,
    ComputeFactorsResponse,
    Factor,
)
from quarterdeck.api.analytics.v1.brinson_pb2 import (
    LINKING_METHOD_UNSPECIFIED,
    Composition,
    LinkingMethod,
)
from quarterdeck.api.analytics.v1.contribution_pb2 import (
    CONTRIBUTION_KEY_UNSPECIFIED,
    ContributionKey,
)
from quarterdeck.api.analytics.v1.execution_pb2 import (
    EXECUTION_KEY_UNSPECIFIED,
    ExecutionKey,
    ExecutionScope,
)
from quarterdeck.api.analytics.v1.execution_service_pb2 import (
    ComputeImpactRequest,
    ComputeImpactResponse,
    ComputeQualityRequest,
    ComputeQualityResponse,
    ListSlippageRequest,
    ListSlippageResponse,
    WatchQualityRequest,
    WatchQualityResponse,
)
from quarterdeck.api.analytics.v1.performance_pb2 import (
    Conventions,
    Portfolio,
    RollingMetric,
    Subject,
)
from quarterdeck.api.analytics.v1.performance_service_pb2 import (
    ComparePerformanceRequest,
    ComparePerformanceResponse,
    ComputePerformanceRequest,
    ComputePerformanceResponse,
    ComputeRollingRequest,
    ComputeRollingResponse,
    WatchPerformanceRequest,
    WatchPerformanceResponse,
)
from quarterdeck.api.analytics.v1.report_pb2 import (
    REPORT_TABLE_UNSPECIFIED,
    TABLE_FORMAT_UNSPECIFIED,
    TEARSHEET_FORMAT_UNSPECIFIED,
    ReportTable,
    TableFormat,
    TearsheetFormat,
)
from quarterdeck.api.analytics.v1.report_service_pb2 import (
    ExportTableRequest,
    RenderTearsheetRequest,
)

COMPUTE_BRINSON = Method[ComputeBrinsonRequest, ComputeBrinsonResponse](
    "/quarterdeck.api.analytics.v1.AttributionService/ComputeBrinson",
    ComputeBrinsonResponse,
    repeatable=True,
)
COMPUTE_CONTRIBUTIONS = Method[ComputeContributionsRequest, ComputeContributionsResponse](
    "/quarterdeck.api.analytics.v1.AttributionService/ComputeContributions",
    ComputeContributionsResponse,
    repeatable=True,
)
COMPUTE_FACTORS = Method[ComputeFactorsRequest, ComputeFactorsResponse](
    "/quarterdeck.api.analytics.v1.AttributionService/ComputeFactors",
    ComputeFactorsResponse,
    repeatable=True,
)


class AsyncAttributionService:
    """Where profit and returns came from. Parts add up to the whole to 1e-12 of what was added
    up.
    """

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel

    async def compute_brinson(
        self,
        *,
        portfolio: Composition | None = None,
        benchmark: Composition | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        groups: Mapping[str, str] | None = None,
        linking: LinkingMethod.ValueType = LINKING_METHOD_UNSPECIFIED,
        with_columns: bool = False,
        timeout: float | None = None,
    ) -> ComputeBrinsonResponse:
        """Computes why a portfolio's return is another one than its benchmark's: allocation,
        selection and interaction by group, day by day and linked (Brinson and Fachler 1985).

        Groups are the instruments' sectors, unless the caller tells others. Fails with
        INVALID_ARGUMENT (FIELD_INVALID) for weights that do not add up to one, series whose days
        are not the same, a benchmark without a price of the last seven days, and a return of -1 or
        below, which cannot be linked; with FAILED_PRECONDITION (STATE_FORBIDS) for an account
        without capital and for a currency without a rate; with NOT_FOUND for an unknown account,
        strategy or instrument; with PERMISSION_DENIED for what the caller may not read.
        """
        request = ComputeBrinsonRequest(
            portfolio=portfolio,
            benchmark=benchmark,
            start_date=start_date,
            end_date=end_date,
            groups=groups,
            linking=linking,
            with_columns=with_columns,
        )
        return await self._channel.unary(COMPUTE_BRINSON, request, timeout)

    async def compute_contributions(
        self,
        *,
        key: ContributionKey.ValueType = CONTRIBUTION_KEY_UNSPECIFIED,
        account: str = "",
        strategy: str = "",
        instrument: str = "",
        start_date: Date | None = None,
        end_date: Date | None = None,
        currency: str = "",
        timeout: float | None = None,
    ) -> ComputeContributionsResponse:
        """Computes profit by strategy, account, instrument, sector, side, weekday or hour.

        Fails with INVALID_ARGUMENT (FIELD_INVALID) if accounts have several base currencies and
        none is named; with NOT_FOUND (RESOURCE_NOT_FOUND) for an unknown account; with
        FAILED_PRECONDITION (STATE_FORBIDS) for a currency without a rate; with PERMISSION_DENIED
        for what the caller may not read.
        """
        request = ComputeContributionsRequest(
            key=key,
            account=account,
            strategy=strategy,
            instrument=instrument,
            start_date=start_date,
            end_date=end_date,
            currency=currency,
        )
        return await self._channel.unary(COMPUTE_CONTRIBUTIONS, request, timeout)

    async def compute_factors(
        self,
        *,
        subject: Subject | None = None,
        factors: Iterable[Factor] | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        conventions: Conventions | None = None,
        lags: int | None = None,
        timeout: float | None = None,
    ) -> ComputeFactorsResponse:
        """Computes a regression of a subject's returns on factors, on the days that all of them
        have.

        Too few days and factors that repeat each other are a state, not an error. Fails as
        ComparePerformance does.
        """
        request = ComputeFactorsRequest(
            subject=subject,
            factors=factors,
            start_date=start_date,
            end_date=end_date,
            conventions=conventions,
            lags=lags,
        )
        return await self._channel.unary(COMPUTE_FACTORS, request, timeout)


COMPUTE_QUALITY = Method[ComputeQualityRequest, ComputeQualityResponse](
    "/quarterdeck.api.analytics.v1.ExecutionService/ComputeQuality",
    ComputeQualityResponse,
    repeatable=True,
)
LIST_SLIPPAGE = Method[ListSlippageRequest, ListSlippageResponse](
    "/quarterdeck.api.analytics.v1.ExecutionService/ListSlippage",
    ListSlippageResponse,
    repeatable=True,
)
COMPUTE_IMPACT = Method[ComputeImpactRequest, ComputeImpactResponse](
    "/quarterdeck.api.analytics.v1.ExecutionService/ComputeImpact",
    ComputeImpactResponse,
    repeatable=True,
)
WATCH_QUALITY = Method[WatchQualityRequest, WatchQualityResponse](
    "/quarterdeck.api.analytics.v1.ExecutionService/WatchQuality",
    WatchQualityResponse,
    repeatable=True,
)


class AsyncExecutionService:
    """What trading cost, and why.

    What needs market data that were not recorded is INSUFFICIENT, never zero. Every rpc fails with
    PERMISSION_DENIED (SCOPE_FORBIDDEN) for an account or strategy outside of the caller's, or
    (PERMISSION_MISSING) without PERMISSION_MARKETDATA_READ, and with RESOURCE_EXHAUSTED
    (LIMIT_EXCEEDED) for a time with too many orders or prices for one answer.
    """

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel

    async def compute_quality(
        self,
        *,
        scope: ExecutionScope | None = None,
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        group_by: ExecutionKey.ValueType = EXECUTION_KEY_UNSPECIFIED,
        horizons_ns: Iterable[int] | None = None,
        max_price_age_s: int = 0,
        timeout: float | None = None,
    ) -> ComputeQualityResponse:
        """Computes the execution quality of orders, by group if asked for, and by currency."""
        request = ComputeQualityRequest(
            scope=scope,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            group_by=group_by,
            horizons_ns=horizons_ns,
            max_price_age_s=max_price_age_s,
        )
        return await self._channel.unary(COMPUTE_QUALITY, request, timeout)

    async def list_slippage(
        self,
        *,
        scope: ExecutionScope | None = None,
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        max_price_age_s: int = 0,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListSlippageResponse:
        """Lists what single orders cost, the newest first."""
        request = ListSlippageRequest(
            scope=scope,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            max_price_age_s=max_price_age_s,
            page_size=page_size,
            page_token=page_token,
        )
        return await self._channel.unary(LIST_SLIPPAGE, request, timeout)

    async def compute_impact(
        self,
        *,
        scope: ExecutionScope | None = None,
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        max_price_age_s: int = 0,
        planned_quantity: float | None = None,
        timeout: float | None = None,
    ) -> ComputeImpactResponse:
        """Computes the impact of own orders on prices and, for an order that is planned, its
        cost.
        """
        request = ComputeImpactRequest(
            scope=scope,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            max_price_age_s=max_price_age_s,
            planned_quantity=planned_quantity,
        )
        return await self._channel.unary(COMPUTE_IMPACT, request, timeout)

    def watch_quality(
        self,
        *,
        scope: ExecutionScope | None = None,
        window_s: int = 0,
        group_by: ExecutionKey.ValueType = EXECUTION_KEY_UNSPECIFIED,
        horizons_ns: Iterable[int] | None = None,
        max_price_age_s: int = 0,
        max_rate: float = 0.0,
        heartbeat_interval: Duration | timedelta | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[WatchQualityResponse]:
        """Streams the execution quality over a sliding window, whenever an order or fill changes
        it.

        The window is in the market's time and ends with the newest change of an order in the scope.
        What changes while an answer is computed is in the next one. The stream fails as
        PerformanceService.WatchPerformance does, and the error comes in it, too, as its last
        message.
        """
        request = WatchQualityRequest(
            scope=scope,
            window_s=window_s,
            group_by=group_by,
            horizons_ns=horizons_ns,
            max_price_age_s=max_price_age_s,
            max_rate=max_rate,
            heartbeat_interval=duration(heartbeat_interval),
        )
        return self._channel.stream(WATCH_QUALITY, request, timeout)


COMPUTE_PERFORMANCE = Method[ComputePerformanceRequest, ComputePerformanceResponse](
    "/quarterdeck.api.analytics.v1.PerformanceService/ComputePerformance",
    ComputePerformanceResponse,
    repeatable=True,
)
COMPUTE_ROLLING = Method[ComputeRollingRequest, ComputeRollingResponse](
    "/quarterdeck.api.analytics.v1.PerformanceService/ComputeRolling",
    ComputeRollingResponse,
    repeatable=True,
)
COMPARE_PERFORMANCE = Method[ComparePerformanceRequest, ComparePerformanceResponse](
    "/quarterdeck.api.analytics.v1.PerformanceService/ComparePerformance",
    ComparePerformanceResponse,
    repeatable=True,
)
WATCH_PERFORMANCE = Method[WatchPerformanceRequest, WatchPerformanceResponse](
    "/quarterdeck.api.analytics.v1.PerformanceService/WatchPerformance",
    WatchPerformanceResponse,
    repeatable=True,
)


class AsyncPerformanceService:
    """What accounts, strategies and instruments earned, and at which risk.

    Computed from the trading log: what a strategy earned before a redeployment is part of it.
    """

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel

    async def compute_performance(
        self,
        *,
        subject: Subject | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        benchmark: Subject | None = None,
        conventions: Conventions | None = None,
        with_columns: bool = False,
        timeout: float | None = None,
    ) -> ComputePerformanceResponse:
        """Computes all metrics of a subject, against a benchmark if one is given.

        Too little data is a state of a metric, not an error. Fails with INVALID_ARGUMENT
        (FIELD_INVALID) for series that are unsorted, repeat a day or hold NaN, for a benchmark
        without a day in common and for one without a price of the last seven days; with NOT_FOUND
        for an unknown account, strategy, instrument or series; with FAILED_PRECONDITION
        (STATE_FORBIDS) for an account without capital; with PERMISSION_DENIED for what the caller
        may not read.
        """
        request = ComputePerformanceRequest(
            subject=subject,
            start_date=start_date,
            end_date=end_date,
            benchmark=benchmark,
            conventions=conventions,
            with_columns=with_columns,
        )
        return await self._channel.unary(COMPUTE_PERFORMANCE, request, timeout)

    async def compute_rolling(
        self,
        *,
        subject: Subject | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        benchmark: Subject | None = None,
        conventions: Conventions | None = None,
        metrics: Iterable[RollingMetric.ValueType] | None = None,
        window: int = 0,
        timeout: float | None = None,
    ) -> ComputeRollingResponse:
        """Computes statistics of every window of a subject's returns.

        Fails as ComputePerformance does, and with INVALID_ARGUMENT (FIELD_INVALID) for beta and
        correlation without a benchmark.
        """
        request = ComputeRollingRequest(
            subject=subject,
            start_date=start_date,
            end_date=end_date,
            benchmark=benchmark,
            conventions=conventions,
            metrics=metrics,
            window=window,
        )
        return await self._channel.unary(COMPUTE_ROLLING, request, timeout)

    async def compare_performance(
        self,
        *,
        subjects: Iterable[Subject] | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        benchmark: Subject | None = None,
        conventions: Conventions | None = None,
        timeout: float | None = None,
    ) -> ComparePerformanceResponse:
        """Computes the metrics of several subjects on the days that all of them have.

        Fails as ComputePerformance does, and with INVALID_ARGUMENT (FIELD_INVALID) for subjects
        that have no day in common.
        """
        request = ComparePerformanceRequest(
            subjects=subjects,
            start_date=start_date,
            end_date=end_date,
            benchmark=benchmark,
            conventions=conventions,
        )
        return await self._channel.unary(COMPARE_PERFORMANCE, request, timeout)

    def watch_performance(
        self,
        *,
        portfolio: Portfolio | None = None,
        conventions: Conventions | None = None,
        max_rate: float = 0.0,
        heartbeat_interval: Duration | timedelta | None = None,
        timeout: float | None = None,
    ) -> AsyncIterator[WatchPerformanceResponse]:
        """Streams the metrics of an account or strategy: as of now, then whenever its profit
        changed.

        The day that is not over counts with what it earned so far. A slow reader gets the newest
        metrics. Fails as ComputePerformance does, with RESOURCE_EXHAUSTED (READER_TOO_SLOW) for a
        reader that takes nothing for 10 s, with UNAUTHENTICATED (TOKEN_EXPIRED, TOKEN_REVOKED) when
        the token no longer holds, and with UNAVAILABLE (SHUTTING_DOWN, DEPENDENCY_UNAVAILABLE). The
        error also comes in the stream, as its last message.
        """
        request = WatchPerformanceRequest(
            portfolio=portfolio,
            conventions=conventions,
            max_rate=max_rate,
            heartbeat_interval=duration(heartbeat_interval),
        )
        return self._channel.stream(WATCH_PERFORMANCE, request, timeout)


RENDER_TEARSHEET = Method[RenderTearsheetRequest, HttpBody](
    "/quarterdeck.api.analytics.v1.ReportService/RenderTearsheet", HttpBody, repeatable=True
)
EXPORT_TABLE = Method[ExportTableRequest, HttpBody](
    "/quarterdeck.api.analytics.v1.ReportService/ExportTable", HttpBody, repeatable=True
)


class AsyncReportService:
    """Reports for people: what PerformanceService computes, as files.

    A file comes in pieces: the data of all answers, joined in their order. Each carries the content
    type. The edge joins them, so that `curl -o` writes the file; its name is in the header content-
    disposition, which gRPC has in the initial metadata.

    A principal waits for at most 16 reports at once; one more is refused with RESOURCE_EXHAUSTED
    (LIMIT_EXCEEDED).
    """

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel

    def render_tearsheet(
        self,
        *,
        subject: Subject | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        benchmark: Subject | None = None,
        conventions: Conventions | None = None,
        format: TearsheetFormat.ValueType = TEARSHEET_FORMAT_UNSPECIFIED,
        window: int = 0,
        title: str = "",
        timeout: float | None = None,
    ) -> AsyncIterator[HttpBody]:
        """Renders the tearsheet of a subject: key figures, charts, months and every metric.

        Fails as PerformanceService.ComputePerformance does, and with INVALID_ARGUMENT
        (FIELD_INVALID) if the days span more than 60 years.
        """
        request = RenderTearsheetRequest(
            subject=subject,
            start_date=start_date,
            end_date=end_date,
            benchmark=benchmark,
            conventions=conventions,
            format=format,
            window=window,
            title=title,
        )
        return self._channel.stream(RENDER_TEARSHEET, request, timeout)

    def export_table(
        self,
        *,
        subject: Subject | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        benchmark: Subject | None = None,
        conventions: Conventions | None = None,
        table: ReportTable.ValueType = REPORT_TABLE_UNSPECIFIED,
        format: TableFormat.ValueType = TABLE_FORMAT_UNSPECIFIED,
        window: int = 0,
        timeout: float | None = None,
    ) -> AsyncIterator[HttpBody]:
        """Exports a table that a tearsheet is made of, or the fills behind it.

        A number that does not exist is an empty cell, never zero; the metrics have the reason
        beside it. Fails as PerformanceService.ComputePerformance and ComputeRolling do, and with
        INVALID_ARGUMENT (FIELD_INVALID) for fills of a subject that has none, and of more than
        200,000.
        """
        request = ExportTableRequest(
            subject=subject,
            start_date=start_date,
            end_date=end_date,
            benchmark=benchmark,
            conventions=conventions,
            table=table,
            format=format,
            window=window,
        )
        return self._channel.stream(EXPORT_TABLE, request, timeout)
