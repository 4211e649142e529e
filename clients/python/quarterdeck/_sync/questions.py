"""What a client is asked about the past: what was earned, and where it came from."""

from collections.abc import Mapping
from typing import Unpack

from quarterdeck._sync.services.analytics import (
    AttributionService,
    PerformanceService,
    ReportService,
)
from quarterdeck.attribution import (
    Brinson,
    Comparing,
    CompositionLike,
    Key,
    Profits,
    Whose,
    composition,
    contribution_key,
    linking_method,
)
from quarterdeck.performance import (
    Performance,
    Question,
    SubjectLike,
    asked,
    day,
    performance,
    subject,
)
from quarterdeck.reports import (
    Report,
    TableForm,
    TableName,
    TearsheetForm,
    report,
    report_table,
    table_format,
    tearsheet_format,
)
from quarterdeck.rolling import Comparison, Rolling, Statistic, comparison, rolling_metric


class Questions:
    """Questions that need several words of the contract; part of the client."""

    analytics: PerformanceService
    attribution: AttributionService
    reports: ReportService

    def performance(self, of: SubjectLike, **question: Unpack[Question]) -> Performance:
        """Compute what an instrument, account, strategy or series of returns earned.

        ``of`` and ``benchmark`` are identifiers of instruments, or what ``quarterdeck.performance``
        makes. ``start`` and ``end`` are inclusive days. ``risk_free`` is a rate a year as a
        fraction, or a series of rates in percent such as ``series/fred/DGS3MO``.
        """
        answer = self.analytics.compute_performance(
            subject=subject(of), with_columns=True, **asked(question)._asdict()
        )
        return performance(answer)

    def contributions(self, by: Key, **whose: Unpack[Whose]) -> Profits:
        """Tell profit apart by strategy, instrument, sector, side, weekday, hour or account.

        All that the caller may see, unless ``account``, ``strategy`` or ``instrument`` are named;
        ``start`` and ``end`` are inclusive trading days.
        """
        answer = self.attribution.compute_contributions(
            key=contribution_key(by),
            account=whose.get("account", ""),
            strategy=whose.get("strategy", ""),
            instrument=whose.get("instrument", ""),
            start_date=day(whose.get("start")),
            end_date=day(whose.get("end")),
            currency=whose.get("currency", ""),
        )
        return Profits(answer.contributions)

    def brinson(
        self, of: CompositionLike, against: CompositionLike, **comparing: Unpack[Comparing]
    ) -> Brinson:
        """Explain why a portfolio earned another return than a benchmark, by sector.

        Either is what ``quarterdeck.performance.portfolio`` or ``quarterdeck.attribution.groups``
        makes, weights by instrument, or one instrument.
        """
        answer = self.attribution.compute_brinson(
            portfolio=composition(of),
            benchmark=composition(against),
            start_date=day(comparing.get("start")),
            end_date=day(comparing.get("end")),
            groups=comparing.get("groups"),
            linking=linking_method(comparing.get("linking", "carino")),
            with_columns=True,
        )
        return Brinson(answer)

    def rolling(
        self,
        of: SubjectLike,
        *statistics: Statistic,
        window: int = 0,
        **question: Unpack[Question],
    ) -> Rolling:
        """Compute statistics of every window of returns: ``sharpe_ratio``, ``volatility``, ….

        Without any name these two; the default window is of 126 periods. What else is asked is
        as in ``performance``.
        """
        answer = self.analytics.compute_rolling(
            subject=subject(of),
            metrics=[rolling_metric(one) for one in statistics or ("sharpe_ratio", "volatility")],
            window=window,
            **asked(question)._asdict(),
        )
        return Rolling(answer)

    def compare(self, of: Mapping[str, SubjectLike], **question: Unpack[Question]) -> Comparison:
        """Compute the metrics of subjects, by names of yours, on the days that all of them have."""
        answer = self.analytics.compare_performance(
            subjects=[one for one in map(subject, of.values()) if one is not None],
            **asked(question)._asdict(),
        )
        return comparison(list(of), answer)

    def tearsheet(
        self,
        of: SubjectLike,
        *,
        format: TearsheetForm = "html",  # noqa: A002 - what it is called everywhere
        window: int = 0,
        title: str = "",
        **question: Unpack[Question],
    ) -> Report:
        """Render a tearsheet as ``html`` or ``pdf``: ``(…).save("tearsheet.pdf")``.

        What else is asked is as in ``performance``.
        """
        pieces = self.reports.render_tearsheet(
            subject=subject(of),
            format=tearsheet_format(format),
            window=window,
            title=title,
            **asked(question)._asdict(),
        )
        return report([piece for piece in pieces])

    def export(
        self,
        of: SubjectLike,
        table: TableName,
        *,
        format: TableForm = "csv",  # noqa: A002 - what it is called everywhere
        window: int = 0,
        **question: Unpack[Question],
    ) -> Report:
        """Export a table as ``csv``, ``xlsx``, ``json`` or ``parquet``.

        ``table`` is ``metrics``, ``returns``, ``drawdowns``, ``monthly_returns``, ``rolling`` or
        ``fills``. What else is asked is as in ``performance``.
        """
        pieces = self.reports.export_table(
            subject=subject(of),
            table=report_table(table),
            format=table_format(format),
            window=window,
            **asked(question)._asdict(),
        )
        return report([piece for piece in pieces])
