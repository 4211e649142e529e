"""What our functions answer to the reference cases of performance."""

from collections.abc import Callable
from typing import Any

import numpy as np
from tests.unit.quant import prices
from tests.unit.quant.answers.case import Case, Ours, known

from quarterdeck_server.quant import (
    drawdown,
    drawdown_ratios,
    flows,
    ratios,
    regression,
    relative,
    returns,
    rolling,
    rolling_relative,
    series,
    sharpe,
    trades,
)
from quarterdeck_server.quant.moments import moments

MONTHS = 12


def bacon(compute: Callable[[Any, Any], Any]) -> Ours:
    """Return a function of the monthly returns of portfolio and benchmark."""
    return lambda case: compute(case["inputs"]["portfolio"], case["inputs"]["benchmark"])


def bacon_pain(own: Any, _: Any) -> dict[str, float]:
    index, ratio = drawdown.pain_index(own), drawdown_ratios.pain_ratio(own, MONTHS)
    return {"pain_index": known(index), "pain_ratio": known(ratio)}


def bacon_upside(own: Any, _: Any) -> dict[str, float]:
    risk = known(ratios.upside_risk(own, 0.005))
    potential = known(ratios.upside_potential(own, 0.005))
    return {"risk": risk, "variance": risk**2, "potential": potential}


def bacon_jensen(own: Any, other: Any) -> dict[str, float]:
    """Specific and total risk are another library's construction, without a second source."""
    return {
        "jensen_alpha": known(relative.jensen_alpha(own, other, 0.0, MONTHS)),
        "systematic": known(relative.systematic_risk(own, other, MONTHS)),
    }


def bacon_information(own: Any, other: Any) -> dict[str, float]:
    return {
        kind.value: known(relative.information_ratio(own, other, MONTHS, kind))
        for kind in relative.Compounding
    }


def managers(case: Case) -> dict[str, float]:
    own, other = case["inputs"]["HAM1"], case["inputs"]["SP500"]
    rate = 0.035 / MONTHS
    over, market = returns.excess(own, rate), returns.excess(other, rate)
    geometric = relative.Compounding.GEOMETRIC
    yearly = known(returns.annualised_return(over, MONTHS))
    return {
        "ann_ret": known(returns.annualised_return(own, MONTHS)),
        "max_dd": -known(drawdown.max_drawdown(own)),
        "calmar": known(drawdown_ratios.calmar_ratio(own, MONTHS)),
        "sortino": known(ratios.sortino_ratio(own, 0.0, 1)),
        "te": known(relative.tracking_error(own, other, MONTHS)),
        "ir": known(relative.information_ratio(own, other, MONTHS, geometric)),
        "sharpe_arithmetic": known(ratios.sharpe_ratio(over, MONTHS)),
        "sharpe_geometric": yearly / known(returns.volatility(over, MONTHS)),
        "treynor": known(relative.treynor_ratio(over, market, MONTHS)),
    }


def sortino_omega_tail(_: Case) -> dict[str, float]:
    own = prices.equal_weights().values
    return {
        "sortino": known(ratios.sortino_ratio(own)),
        "omega": known(ratios.omega_ratio(own)),
        "tail": known(ratios.tail_ratio(own)),
    }


def growth_and_fall(_: Case) -> dict[str, float]:
    own = prices.equal_weights().values
    return {
        "cagr": known(returns.annualised_return(own)),
        "mdd": known(drawdown.max_drawdown(own)),
        "calmar": known(drawdown_ratios.calmar_ratio(own)),
    }


def drawdown_dates(_: Case) -> dict[str, Any]:
    own = prices.equal_weights()
    days = np.concatenate((prices.table("sp500_dataset")[0][:1], own.dates))
    under = drawdown.drawdowns_of(returns.growth(own.values))
    deepest = min(drawdown.spells_of(under), key=lambda spell: spell.depth)
    longest = drawdown.longest_spell(under, drawdown.edges_of(under), days)
    assert longest is not None
    return {
        "peak": str(days[deepest.peak]),
        "trough": str(days[deepest.trough]),
        "longest_days": longest.days(days),
        "longest_from": str(days[longest.peak]),
        "longest_to": str(days[longest.last]),
    }


def alpha_beta(_: Case) -> dict[str, float]:
    own, other = prices.equal_weights().values, prices.market()
    alphas = {kind: known(relative.alpha(own, other, 252, kind)) for kind in relative.Compounding}
    return {
        "beta": known(relative.beta(own, other)),
        "alpha_geometric": alphas[relative.Compounding.GEOMETRIC],
        "alpha_arithmetic": alphas[relative.Compounding.ARITHMETIC],
    }


def psr_paper(case: Case) -> dict[str, float]:
    given = case["inputs"]
    shape = {"skewness": given["skew"], "kurtosis": given["kurtosis"]}
    return {
        "psr": known(sharpe.confidence(given["sr"], given["n"], **shape)),
        "psr_normal": known(sharpe.confidence(given["sr"], given["n"])),
    }


def dsr_paper(case: Case) -> dict[str, float]:
    given = case["inputs"]
    year = given["periods_per_year"]
    shape = {"skewness": given["skew"], "kurtosis": given["kurtosis"]}
    best = {n: sharpe.expected_maximum(given["var_trials_annual"] / year, n) for n in given["N"]}
    own = given["sr_annual"] / np.sqrt(year)
    answers = {n: known(sharpe.confidence(own, given["T"], best[n], **shape)) for n in best}
    return {"sr0": best[100], "dsr100": answers[100], "dsr46": answers[46]}


def wins_and_losses(_: Case) -> dict[str, float]:
    own = prices.equal_weights().values
    return {
        "hit_rate": known(trades.hit_rate(own)),
        "payoff": known(trades.payoff_ratio(own)),
        "profit_factor": known(trades.profit_factor(own)),
        "gain_to_pain": known(ratios.gain_to_pain_ratio(own)),
        "information_ratio": known(relative.information_ratio(own, prices.market())),
    }


def rolling_windows(case: Case) -> dict[str, Any]:
    own, places = prices.equal_weights().values, case["inputs"]["windows"]
    return {
        "sharpe": rolling.rolling_sharpe(own, 126).values[places],
        "max_drawdown": rolling.rolling_max_drawdown(own, 126).values[places],
        "beta": rolling_relative.rolling_beta(own, prices.market(), 126).values[places],
    }


def factor_fit() -> tuple[tuple[str, ...], regression.Regression]:
    names, days, columns = prices.factors()
    own = prices.equal_weights()
    _, mine, theirs = np.intersect1d(own.dates, days, return_indices=True)
    fit = regression.factor_regression(own.values[mine], columns[theirs])
    assert isinstance(fit, regression.Regression)
    return names, fit


def factor_errors(_: Case) -> dict[str, Any]:
    _, fit = factor_fit()
    return {
        "errors": fit.errors,
        "robust_errors": fit.robust_errors,
        "adjusted_r2": fit.adjusted_r_squared,
    }


def factor_regression(_: Case) -> dict[str, Any]:
    names, fit = factor_fit()
    return {
        "alpha_annual": fit.alpha_a_year(),
        "betas": dict(zip(names, fit.betas.tolist(), strict=True)),
        "r2": fit.r_squared,
        "tstat_alpha": float(fit.t_statistics(robust=False)[0]),
    }


def xirr(case: Case) -> float:
    days = series.ordered(case["inputs"]["dates"]).astype(int)
    return known(flows.money_weighted_return(case["inputs"]["amounts"], days))


def cfa_returns(_: Case) -> dict[str, float]:
    """The dividend of the first year is a part of what is paid in for the second share."""
    total = known(flows.time_weighted_return([200, 450, 480], [220, 0]))
    mwr = flows.money_weighted_return([-200, -220, 480], [0, 365, 730])
    return {"twr": (1 + total) ** 0.5 - 1, "mwr": known(mwr)}


ANSWERS: dict[str, Ours] = {
    "bacon_downside_deviation_mar_0.5pct": bacon(
        lambda own, _: {
            "dd": known(ratios.downside_deviation(own, 0.005)),
            "dp": known(ratios.downside_potential(own, 0.005)),
        }
    ),
    "bacon_sortino_m2sortino_mar_0.5pct": bacon(
        lambda own, _: known(ratios.sortino_ratio(own, 0.005, 1))
    ),
    "bacon_kappa_l2_mar_0.5pct": bacon(lambda own, _: known(ratios.sortino_ratio(own, 0.005, 1))),
    "bacon_upside_risk_potential": bacon(bacon_upside),
    "bacon_pain_index_pain_ratio": bacon(bacon_pain),
    "bacon_jensen_alpha_beta_systematic_risk": bacon(bacon_jensen),
    "bacon_treynor_modified": bacon(
        lambda own, other: known(relative.modified_treynor_ratio(own, other, MONTHS))
    ),
    "bacon_prospect_ratio": bacon(lambda own, _: known(ratios.prospect_ratio(own, 0.05))),
    "bacon_mean_absolute_deviation": bacon(
        lambda own, _: known(ratios.mean_absolute_deviation(own))
    ),
    "bacon_information_ratio_active_premium": bacon(bacon_information),
    "pa_managers_HAM1_metrics": managers,
    "ew_sharpe_annualised_252": lambda _: known(ratios.sharpe_ratio(prices.equal_weights().values)),
    "ew_sortino_omega_tail_ratio": sortino_omega_tail,
    "ew_cagr_maxdd_calmar": growth_and_fall,
    "ew_max_drawdown_dates": drawdown_dates,
    "ew_alpha_beta_vs_sp500": alpha_beta,
    "ew_psr_1000_vs_0": lambda _: known(
        sharpe.probabilistic_sharpe_ratio_from(moments(prices.equal_weights().values[-1000:]))
    ),
    "bailey_lopez_psr_paper": psr_paper,
    "bailey_lopez_dsr_paper": dsr_paper,
    "factor_regression_ew_on_msci_factors": factor_regression,
    "factor_regression_newey_west": factor_errors,
    "ew_wins_losses_information_ratio": wins_and_losses,
    "ew_rolling_126": rolling_windows,
    "xirr_microsoft_example": xirr,
    "cfa_twr_vs_mwr": cfa_returns,
}
