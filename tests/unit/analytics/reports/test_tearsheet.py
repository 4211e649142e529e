"""A tearsheet in both of its forms, read back."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pypdfium2
import pytest
from tests.unit.analytics.reports.cases import (
    CRASH,
    KINDS,
    MAKING,
    OTHERS,
    RETURNS,
    asked,
    described,
    studied,
)

from quarterdeck_server.analytics.domain.studying import Study
from quarterdeck_server.analytics.domain.subject import Named, Portfolio
from quarterdeck_server.analytics.reports import html, pdf
from quarterdeck_server.analytics.reports.about import about
from quarterdeck_server.analytics.reports.chart import LEFT, RIGHT
from quarterdeck_server.analytics.reports.measures import measures
from quarterdeck_server.analytics.reports.page import Fact, Table
from quarterdeck_server.analytics.reports.picture import Line, Picture, Role, Shape, Words
from quarterdeck_server.analytics.reports.tearsheet import tearsheet
from quarterdeck_server.analytics.reports.words import measured
from quarterdeck_server.kernel.errors import InvalidField

MADE = datetime(2026, 11, 22, 23, 26, 40, tzinfo=UTC)
ATTACK = '<script>alert(1)</script> & "A"</td><b x=\''


class Reader(HTMLParser):
    """Reads a page as a browser does: its elements, in their order, and its words."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += f" {data}"


def pages(content: bytes) -> list[str]:
    found = pypdfium2.PdfDocument(content)
    texts = [page.get_textpage().get_text_bounded() for page in found]
    found.close()
    return texts


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def against_index() -> tuple[Study, str, str]:
    study = studied(RETURNS, OTHERS)
    document = tearsheet(asked("SIM-001", "momentum", is_against=True), study, MAKING)
    text = plain(" ".join(pages(pdf.render(document, MADE))))
    return study, plain(Reader(html.render(document)).words), text


def test_both_forms_have_every_metric_with_its_definition_and_where_it_all_comes_from() -> None:
    study, on_screen, on_paper = against_index()
    for one in measures(study.performance):
        for words in (one.definition.title, measured(one.estimate, one.definition.unit)):
            assert words in on_screen
            assert words in on_paper
        assert plain(one.definition.formula) in on_screen
    for words in (
        *("momentum in SIM-001", "SPY.ARCX", "end at 17:00 America/New_York", "Quarterdeck 1.2.3"),
        *("252 periods a year", "2026-11-22 23:26:40 UTC", "2019-11-03 to", "700 returns"),
        *("Monthly returns", "Worst drawdowns", "Sharpe ratio, windows of 63 periods"),
    ):
        assert words in on_screen
        assert words in on_paper


@pytest.mark.parametrize("kind", KINDS)
def test_a_tearsheet_of_hardly_anything_says_what_is_missing(kind: str) -> None:
    returns = KINDS[kind]
    document = described(returns)
    words = plain(Reader(html.render(document)).words)
    text = pages(pdf.render(document, MADE))
    assert 2 <= len(text) <= 4
    for bad in ("nan", "None", "-0.00 %", "inf "):
        assert bad not in words
    if len(returns) < 252:
        assert f"insufficient data: {len(returns)} of " in words or "all capital was lost" in words
    if not len(returns):
        assert "Nothing to draw: there is no return yet." in plain(text[0])


def test_names_are_words_whatever_they_hold() -> None:
    page = Reader(html.render(described(strategy=ATTACK)))
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert f"{ATTACK} in SIM-001" in page.words
    text = plain(pages(pdf.render(described(strategy=f"{ATTACK}日"), MADE))[0])
    # A letter that no font of ours has is written as its number.
    assert f"{ATTACK}U+65E5 in SIM-001" in text


def test_a_long_name_stays_on_the_page() -> None:
    study = studied(RETURNS, OTHERS)
    document = tearsheet(asked("N" * 80, "S" * 80, is_against=True), study, MAKING)
    found = pypdfium2.PdfDocument(pdf.render(document, MADE))
    assert len(found) == 3
    for page in found:
        words = page.get_textpage()
        rights = [words.get_rect(at)[2] for at in range(words.count_rects())]
        assert max(rights) < page.get_width() - 36
    found.close()


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    content = html.render(described())
    assert not {"script", "link", "img", "iframe"} & set(Reader(content).tags)
    assert b"default-src 'none'" in content
    assert b"http" not in content.replace(b"http-equiv", b"")


def test_charts_are_named_and_described_and_tables_have_heads() -> None:
    content = html.render(described()).decode()
    charts, tags = content.count("<svg"), Reader(content.encode()).tags
    assert charts == 5
    assert content.count('role="img"') == charts
    names = re.findall(r'aria-labelledby="(\S+) (\S+)"', content)
    assert all(f'id="{name}"' in content for pair in names for name in pair)
    assert tags.count("desc") == charts
    assert tags.count("thead") == tags.count("table")
    assert content.count('scope="row"') == content.count("<tr>") - tags.count("table")


def test_the_same_tearsheet_is_the_same_bytes_and_was_made_when_it_was_made() -> None:
    first, second = (pdf.render(described(), MADE) for _ in range(2))
    assert first == second
    found = pypdfium2.PdfDocument(first)
    told = found.get_metadata_dict()
    found.close()
    assert told["CreationDate"].startswith("D:20261122232640")
    assert told["Title"] == "SIM-001"


def test_every_mark_is_within_its_picture() -> None:
    for returns in KINDS.values():
        for section in described(returns).sections:
            for picture in (one for one in section.blocks if isinstance(one, Picture)):
                for mark in picture.marks:
                    points = mark.points if isinstance(mark, Line | Shape) else (mark.place,)
                    assert all(0 <= x <= picture.width + 0.1 for x, _ in points)
                    assert all(-0.1 <= y <= picture.height for _, y in points)


def test_drawdowns_that_follow_each_other_have_numbers_that_do_not_overlap() -> None:
    returns = np.full(2_000, 1e-2)
    returns[[1, 1_000, 1_010, 1_020, 1_998]] = [-0.05, -0.02, -0.01, -0.03, -0.04]
    blocks = (block for section in described(returns).sections for block in section.blocks)
    chart = next(one for one in blocks if isinstance(one, Picture) and one.title == "Drawdown")
    found = [m for m in chart.marks if isinstance(m, Words) and m.role is Role.LOSS]
    assert [one.text for one in found] == ["1", "4", "5", "3", "2"]
    places = [one.place[0] for one in found]
    assert all(right - left >= 6.9 for left, right in pairwise(places))
    assert LEFT <= places[0] < places[-1] <= RIGHT


def test_months_compound_to_years_and_the_worst_drawdowns_come_first() -> None:
    blocks = [block for section in described(CRASH).sections for block in section.blocks]
    months = next(b for b in blocks if isinstance(b, Table) and b.title.startswith("Monthly"))
    assert [row[0].text for row in months.rows] == ["2019", "2020"]
    assert months.rows[1][-1].text == "-100.0"
    spells = next(b for b in blocks if isinstance(b, Table) and b.title == "Worst drawdowns")
    assert [cell.text for cell in spells.rows[0]][:2] == ["1", "-100.00 %"]
    assert spells.rows[0][4].text == "lasts"


def test_more_years_than_a_page_shows_are_refused() -> None:
    years = np.array([np.datetime64(f"{year}-06-01", "D") for year in range(1900, 1962)])
    study = studied(np.full(61, 0.01), on=years[1:])
    with pytest.raises(InvalidField, match=r"start_date must leave at most 60 years .* are 61"):
        tearsheet(asked(), study, MAKING)


@pytest.mark.parametrize(
    ("capital", "words"), [(None, "the equity of the account"), (25e4, "250,000")]
)
def test_a_tearsheet_says_of_which_capital_returns_are(capital: float | None, words: str) -> None:
    subject = Named("subject", Portfolio("SIM-001", "momentum", capital))
    told = about(replace(asked(), subjects=(subject,)), studied(RETURNS), MAKING)
    assert words in told[1].value


def test_a_tearsheet_says_in_which_money_returns_are_if_they_are_in_any() -> None:
    study = studied(RETURNS)
    names = [fact.name for fact in about(asked(), study, MAKING)]
    dollars = replace(study.matched.track, currency="USD")
    told = about(asked(), replace(study, matched=replace(study.matched, track=dollars)), MAKING)
    assert "Currency" not in names
    assert Fact("Currency", "USD") in told
