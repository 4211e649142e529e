"""The reference cases, and what our functions answer to each, in the shape of what is expected."""

import json
from pathlib import Path

from tests.unit.quant.answers import attribution, execution, performance, profit
from tests.unit.quant.answers.case import Case, Ours

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FILES = {
    "performance": HERE / "cases" / "performance.json",
    "attribution": HERE / "cases" / "attribution.json",
    "execution": HERE / "cases" / "execution.json",
    "profit and loss": HERE.parent / "trading" / "portfolio" / "cases.json",
}
REFERENCE = ROOT.parent / "shared" / "reference" / "risk_cases.json"
"""Cases whose inputs belong to others are read here where it is present, and never copied."""
OURS: dict[str, Ours] = {
    **performance.ANSWERS,
    **attribution.ANSWERS,
    **execution.ANSWERS,
    **profit.ANSWERS,
}
"""Our answer to each case."""


def cases() -> dict[str, tuple[str, Case]]:
    """Return the area and the content of each case by name, the data put into its inputs."""
    found = {}
    for area, file in FILES.items():
        content = json.loads(file.read_text())
        for case in content["cases"]:
            data = content.get("data", {}).get(case["inputs"].get("data"), {})
            found[case["name"]] = (area, {**case, "inputs": {**case["inputs"], **data}})
    return found


def uncommitted() -> dict[str, tuple[str, Case]]:
    """Return the cases of the reference file that are not to be copied, where it is present."""
    if not REFERENCE.exists():
        return {}
    found = json.loads(REFERENCE.read_text())["cases"]
    wanted = [case for case in found if case["name"] in OURS and case.get("do_not_commit_inputs")]
    return {case["name"]: (case["area"], case) for case in wanted}
