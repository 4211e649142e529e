"""The services of marketdata; written by ``tools/rpcs.py`` from the contracts."""

from collections.abc import Iterable
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck._method import Method
from quarterdeck._sync.channel import Channel
from quarterdeck._times import timestamp
from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.history_service_pb2 import (
    ListBarsRequest,
    ListBarsResponse,
    ListQuotesRequest,
    ListQuotesResponse,
    ListTradesRequest,
    ListTradesResponse,
)
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest, PublishResponse
from quarterdeck.api.marketdata.v1.instrument_pb2 import Instrument
from quarterdeck.api.marketdata.v1.instrument_service_pb2 import (
    GetInstrumentRequest,
    GetInstrumentResponse,
    ListInstrumentsRequest,
    ListInstrumentsResponse,
    SearchInstrumentsRequest,
    SearchInstrumentsResponse,
    UpsertInstrumentRequest,
    UpsertInstrumentResponse,
)
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.source_pb2 import ReplayOptions
from quarterdeck.api.marketdata.v1.source_service_pb2 import (
    GetSourceRequest,
    GetSourceResponse,
    ListSourcesRequest,
    ListSourcesResponse,
    StartSourceRequest,
    StartSourceResponse,
    StopSourceRequest,
    StopSourceResponse,
)
from quarterdeck.api.marketdata.v1.trade_pb2 import TradeBatch

LIST_BARS = Method[ListBarsRequest, ListBarsResponse](
    "/quarterdeck.api.marketdata.v1.HistoryService/ListBars", ListBarsResponse, repeatable=True
)
LIST_QUOTES = Method[ListQuotesRequest, ListQuotesResponse](
    "/quarterdeck.api.marketdata.v1.HistoryService/ListQuotes", ListQuotesResponse, repeatable=True
)
LIST_TRADES = Method[ListTradesRequest, ListTradesResponse](
    "/quarterdeck.api.marketdata.v1.HistoryService/ListTrades", ListTradesResponse, repeatable=True
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
        timeout: float | None = None,
    ) -> ListBarsResponse:
        """Lists bars of one instrument in the half-open time range, oldest first.

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


PUBLISH = Method[PublishRequest, PublishResponse](
    "/quarterdeck.api.marketdata.v1.IngestService/Publish", PublishResponse, repeatable=True
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
        timeout: float | None = None,
    ) -> PublishResponse:
        """Publishes batches: each row gets the next sequence number of its topic and goes to the
        readers.

        All batches are checked before any is published; a bad one fails the call with
        INVALID_ARGUMENT (FIELD_INVALID), naming for example "bars[0].close[3]", and nothing is
        published. Fails with NOT_FOUND (INSTRUMENT_NOT_FOUND) for an unknown instrument.
        """
        request = PublishRequest(quotes=quotes, trades=trades, bars=bars, request_id=request_id)
        return self._channel.unary(PUBLISH, request, timeout)


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
        """Creates the instrument, or replaces it as a whole.

        Fails with FAILED_PRECONDITION (STATE_FORBIDS) if a precision changes while prices are
        stored.
        """
        request = UpsertInstrumentRequest(instrument=instrument)
        return self._channel.unary(UPSERT_INSTRUMENT, request, timeout)


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
        self, *, name: str = "", replay: ReplayOptions | None = None, timeout: float | None = None
    ) -> StartSourceResponse:
        """Starts a source, which from then on also starts with the deck.

        The replay source first reads the whole data set: a wrong file fails the call with
        INVALID_ARGUMENT (FILE_INVALID), naming row and column, and nothing starts. Bars before the
        start time are imported into history by a job. Fails with FAILED_PRECONDITION
        (STATE_FORBIDS) if the source is running with other options.
        """
        request = StartSourceRequest(name=name, replay=replay)
        return self._channel.unary(START_SOURCE, request, timeout)

    def stop_source(self, *, name: str = "", timeout: float | None = None) -> StopSourceResponse:
        """Stops a source. Stopping a stopped one changes nothing.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = StopSourceRequest(name=name)
        return self._channel.unary(STOP_SOURCE, request, timeout)
