"""The services of marketdata; written by ``tools/rpcs.py`` from the contracts."""

from collections.abc import Iterable
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from quarterdeck._method import Method
from quarterdeck._sync.channel import Channel
from quarterdeck._times import timestamp
from quarterdeck.api.marketdata.v1.bar_pb2 import BAR_ORIGIN_UNSPECIFIED, BarBatch, BarOrigin
from quarterdeck.api.marketdata.v1.book_pb2 import OrderBookDeltaBatch, OrderBookSnapshot
from quarterdeck.api.marketdata.v1.filing_service_pb2 import (
    GetCompanyFactsRequest,
    GetCompanyFactsResponse,
    GetFilingRequest,
    GetFilingResponse,
    ListFilingsRequest,
    ListFilingsResponse,
)
from quarterdeck.api.marketdata.v1.history_service_pb2 import (
    ListBarsRequest,
    ListBarsResponse,
    ListHolesRequest,
    ListHolesResponse,
    ListQuotesRequest,
    ListQuotesResponse,
    ListTradesRequest,
    ListTradesResponse,
)
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import (
    PublishRequest,
    PublishResponse,
    PublishStreamRequest,
    PublishStreamResponse,
)
from quarterdeck.api.marketdata.v1.instrument_pb2 import Instrument
from quarterdeck.api.marketdata.v1.instrument_service_pb2 import (
    GetInstrumentRequest,
    GetInstrumentResponse,
    ImportSectorsRequest,
    ImportSectorsResponse,
    ListInstrumentsRequest,
    ListInstrumentsResponse,
    SearchInstrumentsRequest,
    SearchInstrumentsResponse,
    UpsertInstrumentRequest,
    UpsertInstrumentResponse,
)
from quarterdeck.api.marketdata.v1.observation_service_pb2 import (
    GetSeriesRequest,
    GetSeriesResponse,
    ListObservationsRequest,
    ListObservationsResponse,
    ListSeriesRequest,
    ListSeriesResponse,
)
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.source_pb2 import LiveOptions, ReplayOptions
from quarterdeck.api.marketdata.v1.source_service_pb2 import (
    BackfillSourceRequest,
    BackfillSourceResponse,
    BarBackfill,
    FilingBackfill,
    GetSourceRequest,
    GetSourceResponse,
    ListSourcesRequest,
    ListSourcesResponse,
    SeriesBackfill,
    StartSourceRequest,
    StartSourceResponse,
    StopSourceRequest,
    StopSourceResponse,
)
from quarterdeck.api.marketdata.v1.status_pb2 import InstrumentStatus
from quarterdeck.api.marketdata.v1.trade_pb2 import TradeBatch

LIST_FILINGS = Method[ListFilingsRequest, ListFilingsResponse](
    "/quarterdeck.api.marketdata.v1.FilingService/ListFilings", ListFilingsResponse, repeatable=True
)
GET_FILING = Method[GetFilingRequest, GetFilingResponse](
    "/quarterdeck.api.marketdata.v1.FilingService/GetFiling", GetFilingResponse, repeatable=True
)
GET_COMPANY_FACTS = Method[GetCompanyFactsRequest, GetCompanyFactsResponse](
    "/quarterdeck.api.marketdata.v1.FilingService/GetCompanyFacts",
    GetCompanyFactsResponse,
    repeatable=True,
)


class FilingService:
    """What companies filed with their regulator."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def list_filings(
        self,
        *,
        company: str = "",
        forms: Iterable[str] | None = None,
        start_date: Date | None = None,
        end_date: Date | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListFilingsResponse:
        """Lists filings that were backfilled, newest first."""
        request = ListFilingsRequest(
            company=company,
            forms=forms,
            start_date=start_date,
            end_date=end_date,
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_FILINGS, request, timeout)

    def get_filing(self, *, name: str = "", timeout: float | None = None) -> GetFilingResponse:
        """Gets one filing.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = GetFilingRequest(name=name)
        return self._channel.unary(GET_FILING, request, timeout)

    def get_company_facts(
        self,
        *,
        company: str = "",
        taxonomy: str = "",
        concepts: Iterable[str] | None = None,
        timeout: float | None = None,
    ) -> GetCompanyFactsResponse:
        """Gets what a company reported for a concept, in every unit, ordered by period and day of
        filing.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND) for a company that was not backfilled.
        """
        request = GetCompanyFactsRequest(company=company, taxonomy=taxonomy, concepts=concepts)
        return self._channel.unary(GET_COMPANY_FACTS, request, timeout)


LIST_BARS = Method[ListBarsRequest, ListBarsResponse](
    "/quarterdeck.api.marketdata.v1.HistoryService/ListBars", ListBarsResponse, repeatable=True
)
LIST_QUOTES = Method[ListQuotesRequest, ListQuotesResponse](
    "/quarterdeck.api.marketdata.v1.HistoryService/ListQuotes", ListQuotesResponse, repeatable=True
)
LIST_TRADES = Method[ListTradesRequest, ListTradesResponse](
    "/quarterdeck.api.marketdata.v1.HistoryService/ListTrades", ListTradesResponse, repeatable=True
)
LIST_HOLES = Method[ListHolesRequest, ListHolesResponse](
    "/quarterdeck.api.marketdata.v1.HistoryService/ListHoles", ListHolesResponse, repeatable=True
)


class HistoryService:
    """What the market did, from the database."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def list_bars(
        self,
        *,
        instrument: str = "",
        interval: str = "",
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        newest_first: bool = False,
        page_size: int = 0,
        page_token: str = "",
        origin: BarOrigin.ValueType = BAR_ORIGIN_UNSPECIFIED,
        timeout: float | None = None,
    ) -> ListBarsResponse:
        """Lists bars of one instrument in the half-open time range, oldest first.

        Any interval is answered: from recorded bars, else from smaller recorded bars, else from
        trades or quotes; `origin` in the answer says which. A bar that is not complete yet is left
        out.

        Fails with NOT_FOUND (INSTRUMENT_NOT_FOUND).
        """
        request = ListBarsRequest(
            instrument=instrument,
            interval=interval,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            newest_first=newest_first,
            page_size=page_size,
            page_token=page_token,
            origin=origin,
        )
        return self._channel.unary(LIST_BARS, request, timeout)

    def list_quotes(
        self,
        *,
        instrument: str = "",
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        newest_first: bool = False,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListQuotesResponse:
        """Lists quotes of one instrument in the half-open time range, oldest first.

        Fails with NOT_FOUND (INSTRUMENT_NOT_FOUND).
        """
        request = ListQuotesRequest(
            instrument=instrument,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            newest_first=newest_first,
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_QUOTES, request, timeout)

    def list_trades(
        self,
        *,
        instrument: str = "",
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        newest_first: bool = False,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListTradesResponse:
        """Lists trades of one instrument in the half-open time range, oldest first.

        Fails with NOT_FOUND (INSTRUMENT_NOT_FOUND).
        """
        request = ListTradesRequest(
            instrument=instrument,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            newest_first=newest_first,
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_TRADES, request, timeout)

    def list_holes(
        self,
        *,
        topic: str = "",
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListHolesResponse:
        """Lists what was published and is not in history, newest first, with whether it was
        filled since.
        """
        request = ListHolesRequest(topic=topic, page_size=page_size, page_token=page_token)
        return self._channel.unary(LIST_HOLES, request, timeout)


PUBLISH = Method[PublishRequest, PublishResponse](
    "/quarterdeck.api.marketdata.v1.IngestService/Publish", PublishResponse, repeatable=True
)
PUBLISH_STREAM = Method[PublishStreamRequest, PublishStreamResponse](
    "/quarterdeck.api.marketdata.v1.IngestService/PublishStream",
    PublishStreamResponse,
    repeatable=False,
)


class IngestService:
    """Takes market data in."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def publish(
        self,
        *,
        quotes: Iterable[QuoteBatch] | None = None,
        trades: Iterable[TradeBatch] | None = None,
        bars: Iterable[BarBatch] | None = None,
        request_id: str = "",
        books: Iterable[OrderBookSnapshot] | None = None,
        deltas: Iterable[OrderBookDeltaBatch] | None = None,
        statuses: Iterable[InstrumentStatus] | None = None,
        timeout: float | None = None,
    ) -> PublishResponse:
        """Publishes batches: each row gets the next sequence number of its topic and goes to the
        readers.

        All batches are checked before any is published; a bad one fails the call with
        INVALID_ARGUMENT (FIELD_INVALID), naming for example "bars[0].close[3]", and nothing is
        published. Fails with NOT_FOUND (INSTRUMENT_NOT_FOUND) for an unknown instrument.
        """
        request = PublishRequest(
            quotes=quotes,
            trades=trades,
            bars=bars,
            request_id=request_id,
            books=books,
            deltas=deltas,
            statuses=statuses,
        )
        return self._channel.unary(PUBLISH, request, timeout)

    def publish_stream(
        self, requests: Iterable[PublishStreamRequest], *, timeout: float | None = None
    ) -> PublishStreamResponse:
        """Publishes as Publish does, request after request on one call, for publishers at a high
        rate.

        Each request stands for itself: a bad one ends the call with its error, whose metadata
        "accepted_requests" says how many before it were published. Flow control slows a publisher
        that is faster than the service; over its rate the call ends with RESOURCE_EXHAUSTED
        (LIMIT_EXCEEDED). The response comes when the publisher closes its side.
        """
        return self._channel.upload(PUBLISH_STREAM, requests, timeout)


GET_INSTRUMENT = Method[GetInstrumentRequest, GetInstrumentResponse](
    "/quarterdeck.api.marketdata.v1.InstrumentService/GetInstrument",
    GetInstrumentResponse,
    repeatable=True,
)
LIST_INSTRUMENTS = Method[ListInstrumentsRequest, ListInstrumentsResponse](
    "/quarterdeck.api.marketdata.v1.InstrumentService/ListInstruments",
    ListInstrumentsResponse,
    repeatable=True,
)
SEARCH_INSTRUMENTS = Method[SearchInstrumentsRequest, SearchInstrumentsResponse](
    "/quarterdeck.api.marketdata.v1.InstrumentService/SearchInstruments",
    SearchInstrumentsResponse,
    repeatable=True,
)
UPSERT_INSTRUMENT = Method[UpsertInstrumentRequest, UpsertInstrumentResponse](
    "/quarterdeck.api.marketdata.v1.InstrumentService/UpsertInstrument",
    UpsertInstrumentResponse,
    repeatable=True,
)
IMPORT_SECTORS = Method[ImportSectorsRequest, ImportSectorsResponse](
    "/quarterdeck.api.marketdata.v1.InstrumentService/ImportSectors",
    ImportSectorsResponse,
    repeatable=True,
)


class InstrumentService:
    """What can be traded."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get_instrument(
        self, *, instrument: str = "", timeout: float | None = None
    ) -> GetInstrumentResponse:
        """Gets one instrument.

        Fails with NOT_FOUND (INSTRUMENT_NOT_FOUND).
        """
        request = GetInstrumentRequest(instrument=instrument)
        return self._channel.unary(GET_INSTRUMENT, request, timeout)

    def list_instruments(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> ListInstrumentsResponse:
        """Lists instruments by identifier."""
        request = ListInstrumentsRequest(page_size=page_size, page_token=page_token)
        return self._channel.unary(LIST_INSTRUMENTS, request, timeout)

    def search_instruments(
        self, *, query: str = "", limit: int = 0, timeout: float | None = None
    ) -> SearchInstrumentsResponse:
        """Searches instruments whose identifier or display name contains the text, best match
        first.
        """
        request = SearchInstrumentsRequest(query=query, limit=limit)
        return self._channel.unary(SEARCH_INSTRUMENTS, request, timeout)

    def upsert_instrument(
        self, *, instrument: Instrument | None = None, timeout: float | None = None
    ) -> UpsertInstrumentResponse:
        """Creates the instrument, or replaces it as a whole; a sector that is absent stays as it
        was.

        Fails with FAILED_PRECONDITION (STATE_FORBIDS) if a precision changes while prices are
        stored.
        """
        request = UpsertInstrumentRequest(instrument=instrument)
        return self._channel.unary(UPSERT_INSTRUMENT, request, timeout)

    def import_sectors(
        self, *, csv: str = "", dry_run: bool = False, timeout: float | None = None
    ) -> ImportSectorsResponse:
        """Sets the sectors of many instruments from a file.

        This operation is atomic: if a row cannot be accepted, nothing is stored, and the call fails
        with INVALID_ARGUMENT (FILE_INVALID), naming the first such row. A dry run stores nothing
        and tells all of them.
        """
        request = ImportSectorsRequest(csv=csv, dry_run=dry_run)
        return self._channel.unary(IMPORT_SECTORS, request, timeout)


LIST_SERIES = Method[ListSeriesRequest, ListSeriesResponse](
    "/quarterdeck.api.marketdata.v1.ObservationService/ListSeries",
    ListSeriesResponse,
    repeatable=True,
)
GET_SERIES = Method[GetSeriesRequest, GetSeriesResponse](
    "/quarterdeck.api.marketdata.v1.ObservationService/GetSeries",
    GetSeriesResponse,
    repeatable=True,
)
LIST_OBSERVATIONS = Method[ListObservationsRequest, ListObservationsResponse](
    "/quarterdeck.api.marketdata.v1.ObservationService/ListObservations",
    ListObservationsResponse,
    repeatable=True,
)


class ObservationService:
    """Statistical series and what was observed, as it was known at any day."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def list_series(
        self,
        *,
        query: str = "",
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListSeriesResponse:
        """Lists the series that were backfilled, by name."""
        request = ListSeriesRequest(query=query, page_size=page_size, page_token=page_token)
        return self._channel.unary(LIST_SERIES, request, timeout)

    def get_series(self, *, name: str = "", timeout: float | None = None) -> GetSeriesResponse:
        """Gets one series.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = GetSeriesRequest(name=name)
        return self._channel.unary(GET_SERIES, request, timeout)

    def list_observations(
        self,
        *,
        series: str = "",
        start_date: Date | None = None,
        end_date: Date | None = None,
        as_of_date: Date | None = None,
        all_vintages: bool = False,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListObservationsResponse:
        """Lists observations of one series in the half-open range of days, oldest first.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = ListObservationsRequest(
            series=series,
            start_date=start_date,
            end_date=end_date,
            as_of_date=as_of_date,
            all_vintages=all_vintages,
            page_size=page_size,
            page_token=page_token,
        )
        return self._channel.unary(LIST_OBSERVATIONS, request, timeout)


LIST_SOURCES = Method[ListSourcesRequest, ListSourcesResponse](
    "/quarterdeck.api.marketdata.v1.SourceService/ListSources", ListSourcesResponse, repeatable=True
)
GET_SOURCE = Method[GetSourceRequest, GetSourceResponse](
    "/quarterdeck.api.marketdata.v1.SourceService/GetSource", GetSourceResponse, repeatable=True
)
START_SOURCE = Method[StartSourceRequest, StartSourceResponse](
    "/quarterdeck.api.marketdata.v1.SourceService/StartSource", StartSourceResponse, repeatable=True
)
STOP_SOURCE = Method[StopSourceRequest, StopSourceResponse](
    "/quarterdeck.api.marketdata.v1.SourceService/StopSource", StopSourceResponse, repeatable=True
)
BACKFILL_SOURCE = Method[BackfillSourceRequest, BackfillSourceResponse](
    "/quarterdeck.api.marketdata.v1.SourceService/BackfillSource",
    BackfillSourceResponse,
    repeatable=True,
)


class SourceService:
    """Starts and stops the sources of market data."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def list_sources(self, *, timeout: float | None = None) -> ListSourcesResponse:
        """Lists the sources by name."""
        request = ListSourcesRequest()
        return self._channel.unary(LIST_SOURCES, request, timeout)

    def get_source(self, *, name: str = "", timeout: float | None = None) -> GetSourceResponse:
        """Gets one source.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = GetSourceRequest(name=name)
        return self._channel.unary(GET_SOURCE, request, timeout)

    def start_source(
        self,
        *,
        name: str = "",
        replay: ReplayOptions | None = None,
        live: LiveOptions | None = None,
        timeout: float | None = None,
    ) -> StartSourceResponse:
        """Starts a source, which from then on also starts with the deck.

        The replay source first reads the whole data set: a wrong file fails the call with
        INVALID_ARGUMENT (FILE_INVALID), naming row and column, and nothing starts. Bars before the
        start time are imported into history by a job. Fails with FAILED_PRECONDITION
        (STATE_FORBIDS) if the source is running with other options.
        """
        request = StartSourceRequest(name=name, replay=replay, live=live)
        return self._channel.unary(START_SOURCE, request, timeout)

    def stop_source(self, *, name: str = "", timeout: float | None = None) -> StopSourceResponse:
        """Stops a source. Stopping a stopped one changes nothing.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = StopSourceRequest(name=name)
        return self._channel.unary(STOP_SOURCE, request, timeout)

    def backfill_source(
        self,
        *,
        name: str = "",
        bars: BarBackfill | None = None,
        series: SeriesBackfill | None = None,
        filings: FilingBackfill | None = None,
        request_id: str = "",
        timeout: float | None = None,
    ) -> BackfillSourceResponse:
        """Starts a job that reads the past from a source into history.

        The job keeps to the vendor's quota, so it may take days; it goes on after a restart from
        where it was, and what it already stored is not read again. Bars go into history, and holes
        within the range count as filled. Fails with FAILED_PRECONDITION (STATE_FORBIDS) if the
        source lacks a setting or cannot backfill what is asked for.
        """
        request = BackfillSourceRequest(
            name=name, bars=bars, series=series, filings=filings, request_id=request_id
        )
        return self._channel.unary(BACKFILL_SOURCE, request, timeout)
