"""The tearsheet: what it says, in which order. How it looks is its renderers'."""

from quarterdeck_server.analytics.domain.studying import Study
from quarterdeck_server.analytics.domain.subject import Asked
from quarterdeck_server.analytics.domain.windows import Statistic
from quarterdeck_server.analytics.reports import months, panels
from quarterdeck_server.analytics.reports.about import Making, about, name_of, period
from quarterdeck_server.analytics.reports.chart import shortened
from quarterdeck_server.analytics.reports.measures import Measure, measures
from quarterdeck_server.analytics.reports.page import (
    Align,
    Cell,
    Column,
    Document,
    Fact,
    Figures,
    Row,
    Section,
    Table,
    Text,
)
from quarterdeck_server.analytics.reports.words import day, measured, percent
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.drawdown import Spell

MOST_YEARS = 60
STATISTICS = (Statistic.SHARPE_RATIO, Statistic.VOLATILITY)
"""What a tearsheet shows of every window."""
HEAD = (
    "total_return",
    "annual_return",
    "annual_volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "max_drawdown",
    "calmar_ratio",
    "hit_rate",
)
AGAINST = ("alpha", "beta", "correlation", "information_ratio")
DISCLAIMER = "Past returns say nothing about future ones. Nothing here is investment advice."
LONGEST_FOOTER = 60
UNSOURCED = "-"
UNRECOVERED = "lasts"


def tearsheet(asked: Asked, study: Study, making: Making, title: str = "") -> Document:
    """Describe the tearsheet of a subject; refuses more years than a page has rows for."""
    _check_years(study)
    (subject,) = asked.subjects
    other = name_of(asked.benchmark) if asked.benchmark else ""
    return Document(
        title=title or name_of(subject),
        subtitle=f"Tearsheet: {period(study)}",
        about=about(asked, study, making),
        sections=(
            Section("Key figures", (_figures(study),)),
            Section("Growth and drawdowns", (*panels.growth(study, other), _spells(study))),
            Section("Months", (months.table(study.months),), begins_page=True),
            Section("Windows and distribution", panels.rolling(study)),
            Section("Every metric", (_metrics(study), Text(DISCLAIMER)), begins_page=True),
        ),
        footer=f"{shortened(title or name_of(subject), LONGEST_FOOTER)} · made {making.words}",
    )


def _check_years(study: Study) -> None:
    found = study.months
    years = found[-1].year - found[0].year + 1 if found else 0
    if years > MOST_YEARS:
        problem = f"must leave at most {MOST_YEARS} years for a tearsheet, are {years}"
        raise InvalidField("start_date", problem)


def _figures(study: Study) -> Figures:
    found = {one.name: one for one in measures(study.performance)}
    names = (*HEAD, *(AGAINST if study.matched.benchmark is not None else ()))
    chosen = (found[name] for name in names)
    return Figures(
        tuple(
            Fact(one.definition.title, measured(one.estimate, one.definition.unit))
            for one in chosen
        )
    )


def _spells(study: Study) -> Table:
    deepest = study.curve.deepest[: panels.MARKED]
    return Table(
        "Worst drawdowns",
        (
            Column("No.", 0.07, Align.RIGHT),
            Column("Depth", 0.17, Align.RIGHT),
            Column("Peak", 0.19),
            Column("Trough", 0.19),
            Column("Recovery", 0.19),
            Column("Days", 0.19, Align.RIGHT),
        ),
        tuple(_spell(place, spell, study) for place, spell in enumerate(deepest, 1)),
        "Numbered as in the chart." if deepest else "There was none.",
    )


def _spell(place: int, spell: Spell, study: Study) -> Row:
    days = study.matched.track.days

    def at(point: int) -> str:
        return day(int(days[point].astype("int64")))

    until = UNRECOVERED if spell.recovery is None else at(spell.recovery)
    length = f"{spell.days(days):,}" + (" so far" if spell.recovery is None else "")
    texts = (str(place), percent(spell.depth), at(spell.peak), at(spell.trough), until, length)
    return tuple(map(Cell, texts))


def _metrics(study: Study) -> Table:
    return Table(
        "",
        (
            Column("Metric", 0.21),
            Column("Value", 0.19, Align.RIGHT),
            Column("Sample", 0.08, Align.RIGHT),
            Column("Definition", 0.33),
            Column("Source", 0.19),
        ),
        tuple(map(_metric, measures(study.performance))),
        "r simple returns, e those above the risk-free rate, τ the minimum acceptable return, "
        "b the benchmark, m the periods a year, n how many, DD the drawdown.",
    )


def _metric(measure: Measure) -> Row:
    meaning, estimate = measure.definition, measure.estimate
    texts = (
        meaning.title,
        measured(estimate, meaning.unit),
        f"{estimate.count:,}",
        meaning.formula,
        "" if meaning.source == UNSOURCED else meaning.source,
    )
    return tuple(map(Cell, texts))
