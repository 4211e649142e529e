"""Holes of history on the wire."""

from collections.abc import Sequence

from quarterdeck.api.marketdata.v1 import history_service_pb2 as pb
from quarterdeck.api.marketdata.v1.hole_pb2 import Hole
from quarterdeck_server.kernel import page
from quarterdeck_server.kernel.time import datetime_from_ns, ns_from_datetime
from quarterdeck_server.marketdata.ports import HoleQuery, KnownHole
from quarterdeck_server.runtime.convert import timestamp_to

SCOPE = "ListHoles"
DEFAULT_ROWS = 100
MAX_ROWS = 1_000


def hole_query_from(request: pb.ListHolesRequest) -> HoleQuery:
    """Read which holes are wanted; one more than the page tells whether there is another."""
    position = page.decode(request.page_token, SCOPE, (request.topic,))
    match position:
        case None:
            return HoleQuery(request.topic, _rows(request) + 1)
        case [int(create_ns), str(topic), int(epoch), int(first)]:
            after = (datetime_from_ns(create_ns), topic, epoch, first)
            return HoleQuery(request.topic, _rows(request) + 1, after)
    raise page.PageTokenInvalid


def hole_page_to(request: pb.ListHolesRequest, found: Sequence[KnownHole]) -> pb.ListHolesResponse:
    """Write a page of holes."""
    rows = _rows(request)
    token = ""
    if len(found) > rows:
        token = page.encode(SCOPE, (request.topic,), _position(found[rows - 1]))
    return pb.ListHolesResponse(holes=map(hole_to, found[:rows]), next_page_token=token)


def hole_to(known: KnownHole) -> Hole:
    """Write a hole."""
    filled = known.fill_time
    return Hole(
        topic=known.hole.topic,
        epoch=known.hole.epoch,
        first_sequence=known.hole.first_sequence,
        last_sequence=known.hole.last_sequence,
        first_event_time_ns=known.hole.first_event_time_ns,
        last_event_time_ns=known.hole.last_event_time_ns,
        create_time=timestamp_to(ns_from_datetime(known.create_time)),
        fill_time=None if filled is None else timestamp_to(ns_from_datetime(filled)),
    )


def _position(known: KnownHole) -> page.Position:
    hole = known.hole
    return [ns_from_datetime(known.create_time), hole.topic, hole.epoch, hole.first_sequence]


def _rows(request: pb.ListHolesRequest) -> int:
    return page.page_size(request.page_size, DEFAULT_ROWS, MAX_ROWS)
