"""Tables in every form, read back by others' readers."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import openpyxl
import pyarrow.parquet as pq
import pytest
from tests.unit.analytics.reports.cases import CRASH, MAKING, OTHERS, RETURNS, asked, studied

from quarterdeck_server.analytics.domain.fill import Fill
from quarterdeck_server.analytics.domain.studying import Looked, Study
from quarterdeck_server.analytics.domain.windows import Statistic
from quarterdeck_server.analytics.reports.forms import Contents, TableForm
from quarterdeck_server.analytics.reports.measures import measures
from quarterdeck_server.analytics.reports.writing import WantedTable, fills_file, study_file

type Read = list[dict[str, object]]
FORMULA = '=HYPERLINK("http://example.com")'
LARGE = Decimal("123456789012345678.123456789")


def read(content: bytes, form: TableForm) -> Read:
    """Read a table; what CSV has as text is a number again where it can be one."""
    match form:
        case TableForm.CSV:
            assert content.count(b"\r\n") == content.count(b"\n")
            return list(csv.DictReader(io.StringIO(content.decode(), newline="")))
        case TableForm.XLSX:
            sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
            assert sheet.freeze_panes == "A2"
            names, *rows = sheet.iter_rows(values_only=True)
            return [dict(zip(names, row, strict=True)) for row in rows]
        case TableForm.JSON:
            return json.loads(content)["rows"]
        case TableForm.PARQUET:
            return pq.read_table(io.BytesIO(content)).to_pylist()


def exported(
    contents: Contents, form: TableForm, study: Study, *, is_against: bool = False
) -> Read:
    wanted = WantedTable(contents, form, 63)
    made = study_file(asked(is_against=is_against), study, MAKING, wanted)
    assert made.name == f"{contents.value}-SIM-001.{form.ending}"
    return read(made.content, form)


def number(value: object) -> float | None:
    return None if value in (None, "") else float(str(value))


def day(value: object) -> date | None:
    match value:
        case None | "":
            return None
        case datetime():
            return value.date()
        case date():
            return value
        case _:
            return date.fromisoformat(str(value))


@pytest.mark.parametrize("form", TableForm)
def test_metrics_are_the_numbers_themselves_and_say_why_one_is_missing(form: TableForm) -> None:
    study = studied(CRASH)
    rows = exported(Contents.METRICS, form, study)
    found = measures(study.performance)
    assert [row["metric"] for row in rows] == [one.name for one in found]
    for row, one in zip(rows, found, strict=True):
        # A spreadsheet's file has 16 digits.
        value = one.estimate.value
        assert number(row["value"]) == (value and pytest.approx(value, rel=1e-15))
    annual = next(row for row in rows if row["metric"] == "annual_return")
    assert (annual["value"] or None, annual["state"]) == (None, "insufficient")


@pytest.mark.parametrize("form", TableForm)
def test_days_windows_months_and_drawdowns_are_dated_and_complete(form: TableForm) -> None:
    every = Looked(tuple(Statistic), 63)
    study = studied(RETURNS, OTHERS, looked=every)
    returns = exported(Contents.RETURNS, form, study, is_against=True)
    assert [number(row["return"]) for row in returns] == pytest.approx(RETURNS, rel=1e-15)
    assert number(returns[-1]["benchmark_growth"]) == pytest.approx(np.prod(1 + OTHERS))
    assert day(returns[0]["date"]) == date(2019, 11, 4)
    windows = exported(Contents.ROLLING, form, study)
    assert len(windows) == len(RETURNS) - 62
    assert set(windows[0]) == {"date", *(one.value for one in Statistic)}
    months = exported(Contents.MONTHLY_RETURNS, form, study)
    assert np.prod([1 + number(row["return"]) for row in months]) == pytest.approx(
        np.prod(1 + RETURNS)
    )
    spells = exported(Contents.DRAWDOWNS, form, study)
    depths = [number(row["depth"]) for row in spells]
    assert depths == sorted(depths)
    assert all(day(row["peak_date"]) < day(row["trough_date"]) for row in spells)


FILL = Fill(
    time_ns=1_325_624_400_123_456_789,
    account="SIM-001",
    strategy=FORMULA,
    instrument="AAPL.XNAS",
    side="buy",
    quantity=Decimal(2),
    price=Decimal("100.25"),
    fee=Decimal("-0.10"),
    fee_currency="USD",
    liquidity="taker",
    trade_id="T-1",
    client_order_id="O-1",
    late=False,
    order_unknown=True,
    busted=False,
    correction_count=0,
)


@pytest.mark.parametrize("form", TableForm)
def test_fills_keep_every_digit_and_texts_stay_texts(form: TableForm) -> None:
    found = [FILL, replace(FILL, trade_id="T-2", price=LARGE, busted=True)]
    wanted = WantedTable(Contents.FILLS, form, 63)
    rows = read(fills_file(asked(), found, MAKING, wanted).content, form)
    assert [Decimal(str(row["price"])) for row in rows] == [Decimal("100.25"), LARGE]
    assert [Decimal(str(row["fee"])) for row in rows] == [Decimal("-0.1")] * 2
    assert rows[0]["strategy"] == FORMULA
    assert rows[0]["time_ns"] == "1325624400123456789"
    assert [str(row["busted"]).lower() for row in rows] == ["false", "true"]
    time = rows[0]["time"]
    moment = datetime.fromisoformat(time) if isinstance(time, str) else time
    assert abs(moment.replace(tzinfo=UTC).timestamp() - 1_325_624_400.1234) < 0.001


@pytest.mark.parametrize("form", TableForm)
def test_a_table_without_rows_is_a_table(form: TableForm) -> None:
    empty = studied(RETURNS[:0], looked=Looked((Statistic.VOLATILITY,), 63))
    for contents in (Contents.RETURNS, Contents.DRAWDOWNS, Contents.ROLLING):
        assert exported(contents, form, empty) == []
    wanted = WantedTable(Contents.FILLS, form, 63)
    assert read(fills_file(asked(), [], MAKING, wanted).content, form) == []


def test_a_table_says_what_it_is_of() -> None:
    study, forms = studied(RETURNS), (TableForm.XLSX, TableForm.JSON, TableForm.PARQUET)
    made = [
        study_file(asked(), study, MAKING, WantedTable(Contents.RETURNS, form, 63)).content
        for form in forms
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(made[0]))["about"]
    told = dict(sheet.iter_rows(values_only=True))
    assert json.loads(made[1])["about"]["subject"] == told["Subject"] == "SIM-001"
    schema = pq.read_schema(io.BytesIO(made[2])).metadata
    assert schema[b"quarterdeck.made"].decode() == told["Made"] == MAKING.words
    assert "252 periods a year" in told["Conventions"]


def test_a_spreadsheet_has_numbers_as_numbers_and_dates_as_dates() -> None:
    wanted = WantedTable(Contents.RETURNS, TableForm.XLSX, 63)
    content = study_file(asked(), studied(RETURNS), MAKING, wanted).content
    row = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0][2]
    assert [cell.data_type for cell in row] == ["d", "n", "n", "n"]
    assert row[0].number_format == "yyyy-mm-dd"


def test_a_spreadsheet_has_days_that_it_cannot_show_as_texts() -> None:
    on = np.arange(np.datetime64("1899-12-30", "D"), np.datetime64("1900-01-03", "D"))
    study = studied(RETURNS[: len(on)], on=on)
    rows = exported(Contents.RETURNS, TableForm.XLSX, study)
    assert [row["date"] for row in rows[:2]] == ["1899-12-30", "1899-12-31"]
    assert [day(row["date"]) for row in rows] == on.tolist()
