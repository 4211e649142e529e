"""Reports over the wire: the numbers that the performance has, as files."""

import csv
import io
from collections.abc import Sequence

import pypdfium2
import pytest
from google.type.date_pb2 import Date
from prometheus_client import REGISTRY
from tests.integration.analytics import market
from tests.integration.analytics.conftest import Client, Deck
from tests.integration.analytics.market import ACCOUNT, DAYS, INDEX, STRATEGY
from tests.integration.trading.waiting import refusal, until

from quarterdeck.api.analytics.v1 import performance_pb2, report_pb2
from quarterdeck.api.analytics.v1 import performance_service_pb2 as performance_service
from quarterdeck.api.analytics.v1 import report_service_pb2 as pb
from quarterdeck_server.analytics import fill_peer

OWN = performance_pb2.Subject(
    portfolio=performance_pb2.Portfolio(account=ACCOUNT, strategy=STRATEGY)
)
INDEXED = performance_pb2.Subject(instrument=INDEX)
NOBODY = performance_pb2.Subject(portfolio=performance_pb2.Portfolio(account="SIM-404"))
COUNTED = "quarterdeck_analytics_rendered_reports_total"


@pytest.fixture
async def ada(deck: Deck) -> Client:
    """Somebody who may do everything, in a deck with a year of days."""
    client = await deck.client()
    await market.publish(client)
    await market.trade(deck, client)
    request = performance_service.ComputePerformanceRequest(subject=INDEXED)

    async def recorded() -> bool:
        found = await client.performance.ComputePerformance(request)
        return found.performance.count == len(DAYS) - 1

    await until(recorded)
    return client


def tearsheet(form: str, **more: object) -> pb.RenderTearsheetRequest:
    format_ = report_pb2.TearsheetFormat.Value(f"TEARSHEET_FORMAT_{form}")
    return pb.RenderTearsheetRequest(**{"subject": OWN, "format": format_, **more})


def table(name: str, **more: object) -> pb.ExportTableRequest:
    contents = report_pb2.ReportTable.Value(f"REPORT_TABLE_{name}")
    form = report_pb2.TABLE_FORMAT_CSV
    return pb.ExportTableRequest(**{"subject": OWN, "table": contents, "format": form, **more})


async def file(
    client: Client, request: pb.RenderTearsheetRequest | pb.ExportTableRequest
) -> tuple[bytes, str, str]:
    """Return a report, its content type and what its file is called."""
    is_table = isinstance(request, pb.ExportTableRequest)
    ask = client.reports.ExportTable if is_table else client.reports.RenderTearsheet
    call = ask(request)
    pieces = [piece async for piece in call]
    headers = dict(await call.initial_metadata())
    content = b"".join(piece.data for piece in pieces)
    (content_type,) = {piece.content_type for piece in pieces}
    return content, content_type, str(headers["content-disposition"])


def rows(content: bytes) -> Sequence[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


async def test_a_report_has_the_numbers_of_the_performance(ada: Client) -> None:
    request = performance_service.ComputePerformanceRequest(subject=OWN, benchmark=INDEXED)
    wanted = (await ada.performance.ComputePerformance(request)).performance
    content, content_type, name = await file(ada, table("METRICS", benchmark=INDEXED))
    found = {row["metric"]: (row["value"], row["state"]) for row in rows(content)}
    assert content_type.startswith("text/csv")
    assert name == f'attachment; filename="metrics-{STRATEGY}-in-{ACCOUNT}.csv"'
    for metric in wanted.metrics:
        value = metric.estimate.value if metric.estimate.HasField("value") else None
        assert found[metric.name][0] == ("" if value is None else repr(value))
    counted = REGISTRY.get_sample_value(COUNTED, {"report": "metrics", "form": "csv"})
    assert counted >= 1
    fills = rows((await file(ada, table("FILLS")))[0])
    assert [(row["side"], row["order_unknown"]) for row in fills] == [("buy", "true")]
    later = table("FILLS", start_date=Date(year=2030, month=1, day=1))
    assert rows((await file(ada, later))[0]) == []
    # Any days of the calendar, also those that nanoseconds cannot tell.
    first, last = Date(year=1, month=1, day=1), Date(year=9999, month=12, day=31)
    every = table("FILLS", start_date=first, end_date=last)
    assert rows((await file(ada, every))[0]) == fills
    assert rows((await file(ada, table("FILLS", start_date=last)))[0]) == []
    assert rows((await file(ada, table("FILLS", end_date=first)))[0]) == []


async def test_a_tearsheet_comes_as_a_file_and_in_pieces(ada: Client) -> None:
    content, content_type, name = await file(ada, tearsheet("HTML", benchmark=INDEXED))
    assert content_type == "text/html; charset=utf-8"
    assert f"<h1>{STRATEGY} in {ACCOUNT}</h1>".encode() in content
    assert b"USD" in content
    assert name.endswith('.html"')
    content, content_type, _ = await file(ada, tearsheet("PDF", title="Our year"))
    document = pypdfium2.PdfDocument(content)
    assert "Our year" in document[0].get_textpage().get_text_bounded()
    document.close()
    assert content_type == "application/pdf"
    many = {"days": range(20_000), "returns": [0.001, -0.001] * 10_000}
    given = performance_pb2.Subject(returns=performance_pb2.ReturnSeries(**many))
    call = ada.reports.ExportTable(table("RETURNS", subject=given))
    sizes = [len(piece.data) async for piece in call]
    assert len(sizes) > 2
    assert max(sizes) == 256 * 1024


async def test_what_cannot_be_reported_is_refused_before_anything_is_sent(
    deck: Deck, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill_peer, "MOST_FILLS", 0)
    bob = await deck.client("bob")
    early = {"start_date": Date(year=2030, month=1, day=2), "end_date": Date(year=2030)}
    years = {"days": [0, 30_000], "returns": [0.1, 0.1]}
    given = performance_pb2.Subject(returns=performance_pb2.ReturnSeries(**years))
    lost = {"days": [0, 1, 2], "returns": [0.1, -1.0, 0.1]}
    ruined = performance_pb2.Subject(returns=performance_pb2.ReturnSeries(**lost))
    for client, request, reason, field in (
        (ada, table("FILLS", subject=INDEXED), "FIELD_INVALID", "subject"),
        (ada, table("FILLS"), "FIELD_INVALID", "subject"),
        (ada, table("FILLS", subject=NOBODY), "RESOURCE_NOT_FOUND", "subject"),
        (ada, tearsheet("PDF", **early), "FIELD_INVALID", "end_date"),
        (ada, tearsheet("PDF", subject=given), "FIELD_INVALID", "start_date"),
        (ada, table("ROLLING", subject=ruined, window=2), "FIELD_INVALID", "subject"),
        (ada, tearsheet("UNSPECIFIED"), "FIELD_INVALID", "format"),
        (bob, tearsheet("PDF"), "SCOPE_FORBIDDEN", "subject.portfolio.account"),
        (bob, table("FILLS"), "SCOPE_FORBIDDEN", "subject.portfolio.account"),
    ):
        _, info = await refusal(file(client, request))
        assert (info.reason, info.metadata.get("field", field)) == (reason, field)
