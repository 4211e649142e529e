"""Filings and reported facts on the wire."""

from collections.abc import Sequence

from quarterdeck.api.marketdata.v1 import filing_pb2
from quarterdeck.api.marketdata.v1 import filing_service_pb2 as pb
from quarterdeck_server.kernel import page
from quarterdeck_server.marketdata.domain.filing import CompanyFact, Filing, FilingQuery
from quarterdeck_server.marketdata.domain.observation import FIRST_DAY, LAST_DAY
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.runtime.day import day_to, half_open_range_from

ROWS, MOST_ROWS = 100, 1_000


def filing_to(value: Filing) -> filing_pb2.Filing:
    """Write a filing."""
    accepted_ns = value.acceptance_time_ns
    return filing_pb2.Filing(
        name=value.name,
        company=value.company,
        company_name=value.company_name,
        instruments=value.instruments,
        form=value.form,
        filing_date=day_to(value.filing_day),
        report_date=day_to(value.report_day),
        acceptance_time=None if accepted_ns is None else timestamp_to(accepted_ns),
        description=value.description,
        document_uri=value.document_uri,
        size_bytes=value.size_bytes,
    )


def fact_to(value: CompanyFact) -> filing_pb2.CompanyFact:
    """Write what was reported of a concept."""
    return filing_pb2.CompanyFact(
        taxonomy=value.taxonomy,
        concept=value.concept,
        label=value.label,
        unit=value.unit,
        start_days=value.start_day.tolist(),
        end_days=value.end_day.tolist(),
        value=value.value,
        filing_days=value.filing_day.tolist(),
        form=value.form,
        filing=value.filing,
    )


def query_from(request: pb.ListFilingsRequest) -> FilingQuery:
    """Read which filings are wanted; one more than the page tells if there is another."""
    first, end = _range_from(request)
    position = page.decode(request.page_token, *_scope(request))
    return FilingQuery(
        first_day=first,
        end_day=end,
        limit=_rows(request) + 1,
        company=request.company,
        forms=tuple(request.forms),
        position=_position(position) if position else None,
    )


def page_to(request: pb.ListFilingsRequest, found: Sequence[Filing]) -> pb.ListFilingsResponse:
    """Write a page of filings."""
    rows, token = _rows(request), ""
    if len(found) > rows:
        last = found[rows - 1]
        token = page.encode(*_scope(request), [last.filing_day, last.name, last.company])
    return pb.ListFilingsResponse(filings=map(filing_to, found[:rows]), next_page_token=token)


def _range_from(request: pb.ListFilingsRequest) -> tuple[int, int]:
    return half_open_range_from(request, FIRST_DAY, LAST_DAY)


def _scope(request: pb.ListFilingsRequest) -> tuple[str, list[object]]:
    return "ListFilings", [request.company, *request.forms, *_range_from(request)]


def _rows(request: pb.ListFilingsRequest) -> int:
    return page.page_size(request.page_size, ROWS, MOST_ROWS)


def _position(position: page.Position) -> tuple[int, str, str]:
    match position:
        case [int(day), str(name), str(company)] if abs(day) <= LAST_DAY:
            return day, name, company
    raise page.PageTokenInvalid
