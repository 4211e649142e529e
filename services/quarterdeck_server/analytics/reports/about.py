"""Where the numbers of a report come from, in words."""

from dataclasses import dataclass

from quarterdeck_server.analytics.domain.studying import Study
from quarterdeck_server.analytics.domain.subject import (
    Asked,
    Choices,
    Given,
    Instrument,
    Named,
    Portfolio,
)
from quarterdeck_server.analytics.reports.page import Fact
from quarterdeck_server.analytics.reports.words import counted, day, number, percent
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.kernel.time import datetime_from_ns
from quarterdeck_server.quant.conventions import Trials
from quarterdeck_server.quant.flows import FlowTiming

PRODUCT = "Quarterdeck"


@dataclass(frozen=True, slots=True)
class Making:
    """By which version a report is made, and when; an account's days end at ``roll``."""

    version: str
    time_ns: int
    roll: DayRoll

    @property
    def words(self) -> str:
        """Return when and by what, in words."""
        moment = datetime_from_ns(self.time_ns)
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC by {PRODUCT} {self.version}"

    @property
    def day_end(self) -> str:
        """Return when an account's trading day ends, in words."""
        return f"end at {self.roll.at:%H:%M} {self.roll.zone.key}"


def name_of(named: Named) -> str:
    """Name a subject."""
    match named.subject:
        case Portfolio(account=account, strategy=""):
            return account
        case Portfolio(account=account, strategy=strategy):
            return f"{strategy} in {account}"
        case Instrument(instrument):
            return instrument
        case Given():
            return "Given returns"


def about(asked: Asked, study: Study, making: Making) -> tuple[Fact, ...]:
    """Say whose numbers these are, of which days, in which currency, against what, made when."""
    (subject,) = asked.subjects
    facts = [
        Fact("Subject", name_of(subject)),
        *_capital("Capital", subject),
        Fact("Period", period(study)),
        Fact("Days", _days(subject, making)),
        *_currency(study.matched.track.currency),
        Fact("Benchmark", name_of(asked.benchmark) if asked.benchmark else "none"),
        *_capital("Benchmark capital", asked.benchmark),
    ]
    if study.matched.unmatched:
        left_out = counted(study.matched.unmatched, "day")
        facts.append(Fact("Left out", f"{left_out}, which only one side has"))
    conventions = Fact("Conventions", ", ".join(conventions_of(asked.choices)))
    return (*facts, conventions, Fact("Made", making.words))


def about_fills(asked: Asked, making: Making) -> tuple[Fact, ...]:
    """Say whose fills these are, of which days, made when."""
    (subject,) = asked.subjects
    start, end = asked.period.start, asked.period.end
    first = "the beginning" if start is None else day(start)
    last = "the newest" if end is None else day(end)
    return (
        Fact("Subject", name_of(subject)),
        Fact("Period", f"{first} to {last}"),
        Fact("Days", making.day_end),
        Fact("Made", making.words),
    )


def period(study: Study) -> str:
    """Say of which days a report is."""
    track = study.matched.track
    if not len(track.returns):
        return "no return yet"
    first, last = (int(track.days[place].astype("int64")) for place in (0, -1))
    return f"{day(first)} to {day(last)}, {counted(len(track.returns), 'return')}"


def conventions_of(choices: Choices) -> tuple[str, ...]:
    """Say by which conventions numbers are made."""
    chosen = choices.conventions
    rate = f"{percent(chosen.risk_free)} a year"
    if choices.risk_free_series:
        days = choices.max_age_days
        rate = f"{choices.risk_free_series}, at most {days} days old"
    short = "also" if chosen.annualise_short else "not"
    timing = "start" if choices.timing is FlowTiming.START else "end"
    tried = chosen.trials
    return (
        f"{number(chosen.periods_per_year, 0)} periods a year",
        f"risk-free rate {rate}",
        f"minimum acceptable return {percent(chosen.minimum_acceptable)} a year",
        f"standard deviations divide by n - {chosen.ddof}",
        f"tails of {percent(chosen.tail, 1)}",
        f"less than a year {short} annualised",
        f"cash from outside counts at the {timing} of its day",
        *(() if tried is None else (_trials(tried),)),
    )


def _trials(tried: Trials) -> str:
    variance = number(tried.sharpe_variance, 4)
    return f"the best of {tried.count:,} trials, variance of their Sharpe ratios {variance}"


def _capital(name: str, named: Named | None) -> tuple[Fact, ...]:
    """Say on which capital a portfolio earned its returns."""
    match named and named.subject:
        case Portfolio(capital=float() as capital):
            return (Fact(name, f"{capital:,.15g} at first, to which profits are added"),)
        case Portfolio():
            return (Fact(name, "the equity of the account"),)
        case _:
            return ()


def _currency(name: str) -> tuple[Fact, ...]:
    """Say in what money; the returns of an instrument, and those that were given, are in none."""
    return (Fact("Currency", name),) if name else ()


def _days(subject: Named, making: Making) -> str:
    match subject.subject:
        case Portfolio():
            return making.day_end
        case Instrument():
            return "of UTC, daily closes"
        case Given():
            return "as given"
