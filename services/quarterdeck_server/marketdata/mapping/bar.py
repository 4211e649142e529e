"""Bars of history on the wire: what is asked for, and pages that go on as they began."""

from collections.abc import Sequence

from quarterdeck.api.marketdata.v1 import bar_pb2
from quarterdeck.api.marketdata.v1 import history_service_pb2 as pb
from quarterdeck_server.kernel import page
from quarterdeck_server.kernel.time import NS, parse_interval
from quarterdeck_server.marketdata.domain.making import makings
from quarterdeck_server.marketdata.domain.rollup import BarOrigin
from quarterdeck_server.marketdata.mapping.batch import bars_to
from quarterdeck_server.marketdata.mapping.history import row_count
from quarterdeck_server.marketdata.ports import BarPage, BarPosition, BarQuery
from quarterdeck_server.runtime.convert import range_from


def bar_query_from(request: pb.ListBarsRequest) -> BarQuery:
    """Read which bars are wanted."""
    start_ns, end_ns = range_from(request)
    return BarQuery(
        instrument=request.instrument,
        interval=request.interval,
        start_ns=start_ns,
        end_ns=end_ns,
        limit=row_count(request),
        newest_first=request.newest_first,
        position=_position_from(request),
        origin=BarOrigin(request.origin) if request.origin else None,
    )


def bar_page_to(request: pb.ListBarsRequest, found: BarPage) -> pb.ListBarsResponse:
    """Write a page of bars."""
    token = "" if found.end is None else page.encode(*_query(request), _written(found.end))
    return pb.ListBarsResponse(
        bars=bars_to(found.bars),
        next_page_token=token,
        origin=bar_pb2.BarOrigin.ValueType(found.origin or 0),
    )


def _position_from(request: pb.ListBarsRequest) -> BarPosition | None:
    position = page.decode(request.page_token, *_query(request))
    if position is None:
        return None
    length_s = parse_interval(request.interval) // NS
    match position:
        case [int(close_time_ns), int(origin), str(recorded)]:
            ways = makings(length_s, [recorded] if recorded else [], None)
            for making in ways:
                if (making.origin, making.interval) == (origin, recorded):
                    return BarPosition(close_time_ns, making)
    raise page.PageTokenInvalid


def _written(position: BarPosition) -> page.Position:
    making = position.making
    return [position.close_time_ns, int(making.origin), making.interval]


def _query(request: pb.ListBarsRequest) -> tuple[str, Sequence[object]]:
    """Return what a page token belongs to; the size of a page may change on the way."""
    return "ListBarsRequest", (
        request.instrument,
        request.interval,
        *range_from(request),
        request.newest_first,
        request.origin,
    )
