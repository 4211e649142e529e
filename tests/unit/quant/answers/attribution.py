"""What our functions answer to the reference cases of attribution."""

from typing import Any

from tests.unit.quant.answers.case import Case, Ours

from quarterdeck_server.quant.attribution.brinson import Effects, brinson
from quarterdeck_server.quant.attribution.linking import Linking, linked


def quarters(case: Case) -> Effects:
    given = case["inputs"]
    return brinson(given["w_p"], given["w_b"], given["r_p"], given["r_b"])


def brinson_quarter(case: Case) -> dict[str, Any]:
    found = quarters(case)
    parts = {name: getattr(found, name)[0] for name in ("allocation", "selection", "interaction")}
    return {"r_p": found.portfolio[0], "r_b": found.benchmark[0], **parts}


def brinson_quarters(case: Case) -> dict[str, Any]:
    found = quarters(case)
    both = found.selection_with_interaction
    return {"allocation": found.allocation, "selection_plus_interaction": both}


def menchero(case: Case) -> dict[str, float]:
    found = linked(quarters(case), Linking.MENCHERO)
    chosen = found.selection.sum() + found.interaction.sum()
    return {"allocation": found.allocation.sum(), "selection_plus_interaction": chosen}


ANSWERS: dict[str, Ours] = {
    "bacon_brinson_fachler_table_5_3_quarter1": brinson_quarter,
    "bacon_brinson_fachler_4_quarters": brinson_quarters,
    "menchero_linking_bacon_table_8_3": menchero,
}
