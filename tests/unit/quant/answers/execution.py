"""What our functions answer to the reference cases of execution quality."""

from typing import Any

from tests.unit.quant.answers.case import Case, Ours

from quarterdeck_server.quant.execution import impact, shortfall, spread


def perold(case: Case) -> dict[str, float]:
    given = case["inputs"]
    arrival = given.get("arrival_or_revised_benchmark", given["decision_price"])
    order = shortfall.Order(
        1,
        given["ordered"],
        given["decision_price"],
        arrival,
        given.get("cancel_price"),
        given["commission"],
    )
    parts = shortfall.implementation_shortfall(order, [given["avg_fill"]], [given["filled"]])
    return {name: parts.bps(getattr(parts, name)) / 1e4 for name in case["expected"]}


def almgren(case: Case) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for name in ("IBM", "DRI"):
        given = case["inputs"][name]
        found = [
            impact.almgren_impact(0.1, days, given["sigma_daily"], given["theta_over_V"])
            for days in case["inputs"]["T"]
        ]
        answers[f"{name}_I"] = found[0].permanent * 1e4
        answers[f"{name}_K"] = [each.temporary * 1e4 for each in found]
        answers[f"{name}_J"] = [each.total * 1e4 for each in found]
    return answers


def spreads(case: Case) -> dict[str, float]:
    given = case["inputs"]
    side, price, mid = [given["side"]], [given["price"]], [given["mid_at_trade"]]
    later = [given["mid_after_5min"]]
    return {
        "effective": spread.effective_spread_bps(side, price, mid)[0],
        "realised": spread.realised_spread_bps(side, price, mid, later)[0],
        "impact": spread.price_impact_bps(side, mid, later)[0],
    }


ANSWERS: dict[str, Ours] = {
    "implementation_shortfall_cfa_1000_700": perold,
    "implementation_shortfall_bloomberg_4000": perold,
    "almgren_2005_table_IBM_DRI": almgren,
    "effective_realised_spread_price_impact": spreads,
}
