"""What each metric of a ``MetricSet`` means, so that every answer can say it.

r are simple returns, e returns above the risk-free rate, τ the minimum acceptable return, b the
benchmark's returns, m the periods a year, n their number, DD the drawdown after each period. Losses
and drawdowns are negative. Fractions, never percent.
"""

from dataclasses import dataclass
from enum import Enum


class Unit(Enum):
    """In what a metric is measured."""

    FRACTION = "fraction"
    FRACTION_A_YEAR = "fraction_a_year"
    RATIO = "ratio"
    PROBABILITY = "probability"
    PERIODS = "periods"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric: what people call it, its unit, its formula, and who defined it so."""

    title: str
    unit: Unit
    formula: str
    source: str


YEARLY, PLAIN, RATIO = Unit.FRACTION_A_YEAR, Unit.FRACTION, Unit.RATIO
BACON = "Bacon (2008)"

DEFINITIONS: dict[str, Definition] = {
    "total_return": Definition("Total return", PLAIN, "Π (1 + r) - 1", "GIPS"),
    "annual_return": Definition(
        "Annual return", YEARLY, "(Π (1 + r))^(m/n) - 1, not below one year", "GIPS"
    ),
    "arithmetic_annual_return": Definition(
        "Arithmetic annual return", YEARLY, "mean(r) · m", BACON
    ),
    "annual_volatility": Definition("Volatility", YEARLY, "sd(r) · √m, divisor n - ddof", BACON),
    "downside_deviation": Definition(
        "Downside deviation", YEARLY, "√(Σ min(r - τ, 0)² / n) · √m", "Sortino and Price (1994)"
    ),
    "sharpe_ratio": Definition(
        "Sharpe ratio", RATIO, "mean(e) / sd(e) · √m, divisor n - ddof", "Sharpe (1994)"
    ),
    "probabilistic_sharpe_ratio": Definition(
        "Probabilistic Sharpe ratio",
        Unit.PROBABILITY,
        "Φ(SR √(n - 1) / √(1 - γ3 SR + (γ4 - 1) SR² / 4)), SR a period, γ4 raw kurtosis",
        "Bailey and López de Prado (2012)",
    ),
    "deflated_sharpe_ratio": Definition(
        "Deflated Sharpe ratio",
        Unit.PROBABILITY,
        "the same for SR less σ ((1 - γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e))), the best to expect of "
        "N trials without worth, σ² the variance of their SR, γ Euler's constant",
        "Bailey and López de Prado (2014)",
    ),
    "sortino_ratio": Definition(
        "Sortino ratio",
        RATIO,
        "(mean(r) - τ) / √(Σ min(r - τ, 0)² / n) · √m",
        "Sortino and Price (1994)",
    ),
    "omega_ratio": Definition(
        "Omega ratio", RATIO, "Σ max(r - τ, 0) / Σ max(τ - r, 0)", "Keating and Shadwick (2002)"
    ),
    "upside_potential_ratio": Definition(
        "Upside potential ratio",
        RATIO,
        "(Σ max(r - τ, 0) / n) / √(Σ min(r - τ, 0)² / n)",
        "Sortino, van der Meer and Plantinga (1999)",
    ),
    "gain_to_pain_ratio": Definition(
        "Gain to pain ratio", RATIO, "Σ r / Σ max(-r, 0)", "Schwager (2012)"
    ),
    "tail_ratio": Definition(
        "Tail ratio", RATIO, "|quantile(1 - tail) / quantile(tail)|, type 7", "empyrical"
    ),
    "skewness": Definition("Skewness", RATIO, "m3 / m2^1.5, divisor n", "Pearson"),
    "excess_kurtosis": Definition("Excess kurtosis", RATIO, "m4 / m2² - 3, divisor n", "Pearson"),
    "best_return": Definition("Best period", PLAIN, "max(r)", "-"),
    "worst_return": Definition("Worst period", PLAIN, "min(r)", "-"),
    "hit_rate": Definition(
        "Hit rate", PLAIN, "periods with r above 0 / periods with r other than 0", BACON
    ),
    "profit_factor": Definition("Profit factor", RATIO, "Σ max(r, 0) / Σ max(-r, 0)", BACON),
    "payoff_ratio": Definition(
        "Payoff ratio", RATIO, "mean of r above 0 / |mean of r below 0|", BACON
    ),
    "max_drawdown": Definition("Max drawdown", PLAIN, "min(DD), the start counts as a peak", BACON),
    "average_drawdown": Definition(
        "Average drawdown", PLAIN, "mean of the deepest DD of each spell under water", BACON
    ),
    "pain_index": Definition("Pain index", PLAIN, "mean |DD|, divisor n", "Becker"),
    "ulcer_index": Definition("Ulcer index", PLAIN, "√(Σ DD² / n)", "Martin (1987)"),
    "calmar_ratio": Definition(
        "Calmar ratio", RATIO, "annual return / |max drawdown|, all of the history", "Young (1991)"
    ),
    "pain_ratio": Definition("Pain ratio", RATIO, "annual return / pain index", "Becker"),
    "martin_ratio": Definition(
        "Martin ratio", RATIO, "annual return / ulcer index", "Martin and McCann (1989)"
    ),
    "longest_drawdown_periods": Definition(
        "Longest drawdown", Unit.PERIODS, "from peak to recovery, or so far", BACON
    ),
    "longest_drawdown_days": Definition(
        "Longest drawdown in days", Unit.DAYS, "calendar days from peak to recovery", BACON
    ),
    "alpha": Definition("Alpha", YEARLY, "(mean(e) - β mean(e_b)) · m", "Jensen (1968)"),
    "beta": Definition("Beta", RATIO, "cov(e, e_b) / var(e_b)", "Sharpe (1964)"),
    "correlation": Definition("Correlation", RATIO, "cov(e, e_b) / (sd(e) sd(e_b))", "Pearson"),
    "tracking_error": Definition("Tracking error", YEARLY, "sd(r - b) · √m, divisor n - 1", BACON),
    "information_ratio": Definition(
        "Information ratio", RATIO, "mean(r - b) / sd(r - b) · √m", "Goodwin (1998)"
    ),
    "up_capture": Definition(
        "Up capture",
        RATIO,
        "geometric mean of r over that of b, where b is above 0",
        "Morningstar",
    ),
    "down_capture": Definition(
        "Down capture",
        RATIO,
        "geometric mean of r over that of b, where b is below 0",
        "Morningstar",
    ),
    "capture_ratio": Definition(
        "Capture ratio", RATIO, "up capture / |down capture|", "Morningstar"
    ),
    "batting_average": Definition("Batting average", PLAIN, "periods with r above b / n", BACON),
}
"""Every metric by its name, in the order in which people read them."""
