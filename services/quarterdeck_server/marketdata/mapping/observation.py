"""Series and observations on the wire."""

from collections.abc import Sequence

from quarterdeck.api.marketdata.v1 import observation_pb2
from quarterdeck.api.marketdata.v1 import observation_service_pb2 as pb
from quarterdeck_server.kernel import page
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.observation import (
    FIRST_DAY,
    LAST_DAY,
    ObservationQuery,
    Observations,
    Series,
)
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.runtime.day import day_from, day_to, half_open_range_from

SERIES_ROWS, MOST_SERIES = 100, 1_000
ROWS, MOST_ROWS = 1_000, 10_000


def series_to(value: Series) -> observation_pb2.Series:
    """Write a series."""
    update_ns = value.source_update_time_ns
    return observation_pb2.Series(
        name=value.name,
        title=value.title,
        unit=value.unit,
        frequency=value.frequency,
        seasonal_adjustment=value.seasonal_adjustment,
        first_date=day_to(value.first_day),
        last_date=day_to(value.last_day),
        note=value.note,
        provenance=value.provenance,
        source_update_time=None if update_ns is None else timestamp_to(update_ns),
        update_time=timestamp_to(value.update_time_ns),
    )


def observations_to(value: Observations) -> observation_pb2.ObservationBatch:
    """Write observations."""
    return observation_pb2.ObservationBatch(
        series=value.series,
        date_days=value.day.tolist(),
        value=value.value,
        vintage_days=value.vintage_day.tolist(),
    )


def series_position_from(request: pb.ListSeriesRequest) -> tuple[str, int]:
    """Read the name after which the page begins, and its rows."""
    position = page.decode(request.page_token, "ListSeries", [request.query])
    rows = page.page_size(request.page_size, SERIES_ROWS, MOST_SERIES)
    return str(position[0]) if position else "", rows


def series_page_to(
    request: pb.ListSeriesRequest, found: Sequence[Series], rows: int
) -> pb.ListSeriesResponse:
    """Write a page of series; one more than its rows tells that there is another."""
    token = ""
    if len(found) > rows:
        token = page.encode("ListSeries", [request.query], [found[rows - 1].name])
    return pb.ListSeriesResponse(series=map(series_to, found[:rows]), next_page_token=token)


def query_from(request: pb.ListObservationsRequest) -> ObservationQuery:
    """Read which observations are wanted; one more than the page tells if there is another."""
    first, end, as_of = _range_from(request)
    position = page.decode(request.page_token, *_scope(request))
    return ObservationQuery(
        series=request.series,
        first_day=first,
        end_day=end,
        limit=_rows(request) + 1,
        as_of_day=as_of,
        all_vintages=request.all_vintages,
        position=_pair(position) if position else None,
    )


def page_to(
    request: pb.ListObservationsRequest, found: Observations
) -> pb.ListObservationsResponse:
    """Write a page of observations."""
    rows = _rows(request)
    token = ""
    if len(found) > rows:
        last: page.Position = [int(found.day[rows - 1]), int(found.vintage_day[rows - 1])]
        token = page.encode(*_scope(request), last)
    part = observations_to(found.rows(slice(0, rows)))
    return pb.ListObservationsResponse(observations=part, next_page_token=token)


def _range_from(request: pb.ListObservationsRequest) -> tuple[int, int, int | None]:
    as_of = None
    if request.HasField("as_of_date"):
        as_of = day_from(request.as_of_date, "as_of_date")
        if request.all_vintages:
            raise InvalidField("as_of_date", "must be absent where all vintages are wanted")
    return *half_open_range_from(request, FIRST_DAY, LAST_DAY), as_of


def _scope(request: pb.ListObservationsRequest) -> tuple[str, list[object]]:
    filters: list[object] = [request.series, *_range_from(request), request.all_vintages]
    return "ListObservations", filters


def _rows(request: pb.ListObservationsRequest) -> int:
    return page.page_size(request.page_size, ROWS, MOST_ROWS)


def _pair(position: page.Position) -> tuple[int, int]:
    match position:
        case [int(day), int(vintage)] if max(abs(day), abs(vintage)) <= LAST_DAY:
            return day, vintage
    raise page.PageTokenInvalid
