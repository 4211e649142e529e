"""History on the wire: ranges, pages, columns."""

from collections.abc import Sequence

from quarterdeck.api.marketdata.v1 import history_service_pb2 as pb
from quarterdeck_server.kernel import page
from quarterdeck_server.marketdata.domain.columns import Ints, Quotes, Trades
from quarterdeck_server.marketdata.mapping.batch import quotes_to, trades_to
from quarterdeck_server.marketdata.ports import Stored, TickQuery
from quarterdeck_server.runtime.convert import LATEST_NS, range_from

type TickRequest = pb.ListQuotesRequest | pb.ListTradesRequest
type Request = TickRequest | pb.ListBarsRequest

DEFAULT_ROWS = 1_000
MAX_ROWS = 10_000


def tick_query_from(request: TickRequest) -> TickQuery:
    """Read which ticks are wanted; one row more than the page tells whether there is another."""
    start_ns, end_ns = range_from(request)
    position = _position_from(request, 3)
    return TickQuery(
        instrument=request.instrument,
        start_ns=start_ns,
        end_ns=end_ns,
        limit=row_count(request) + 1,
        newest_first=request.newest_first,
        position=(position[0], position[1], position[2]) if position else None,
    )


def quote_page_to(request: pb.ListQuotesRequest, stored: Stored[Quotes]) -> pb.ListQuotesResponse:
    """Write a page of quotes."""
    part = _page(len(stored.rows), request)
    key = (stored.rows.event_time_ns, stored.epoch, stored.sequence)
    return pb.ListQuotesResponse(
        quotes=quotes_to(stored.rows.rows(part)),
        sequence=stored.sequence[part].tolist(),
        epoch=stored.epoch[part].tolist(),
        next_page_token=_next(request, part, key),
    )


def trade_page_to(request: pb.ListTradesRequest, stored: Stored[Trades]) -> pb.ListTradesResponse:
    """Write a page of trades."""
    part = _page(len(stored.rows), request)
    key = (stored.rows.event_time_ns, stored.epoch, stored.sequence)
    return pb.ListTradesResponse(
        trades=trades_to(stored.rows.rows(part)),
        sequence=stored.sequence[part].tolist(),
        epoch=stored.epoch[part].tolist(),
        next_page_token=_next(request, part, key),
    )


def _position_from(request: TickRequest, parts: int) -> list[int] | None:
    position = page.decode(request.page_token, *_query(request))
    if position is None:
        return None
    numbers = [part for part in position if isinstance(part, int) and abs(part) <= LATEST_NS]
    if len(numbers) != parts:
        raise page.PageTokenInvalid
    return numbers


def _query(request: TickRequest) -> tuple[str, Sequence[object]]:
    """Return what a page token belongs to; the size of a page may change on the way."""
    filters = (request.instrument, *range_from(request), request.newest_first)
    return type(request).__name__, filters


def row_count(request: Request) -> int:
    """Read how many rows a page has."""
    return page.page_size(request.page_size, DEFAULT_ROWS, MAX_ROWS)


def _page(rows: int, request: TickRequest) -> slice:
    """Return which rows are the page: the one too many is the last, or the first going back."""
    surplus = max(rows - row_count(request), 0)
    return slice(surplus, rows) if request.newest_first else slice(0, rows - surplus)


def _next(request: TickRequest, part: slice, key: Sequence[Ints]) -> str:
    if part == slice(0, len(key[0])):
        return ""
    edge = part.start if request.newest_first else part.stop - 1
    return page.encode(*_query(request), [int(column[edge]) for column in key])
