"""The table of agreement: ``python -m tests.unit.quant.agreement`` writes it into docs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from tests.unit.quant.answers.case import Case
from tests.unit.quant.ours import OURS, ROOT, cases, uncommitted

OUTPUT = ROOT / "tests" / "output" / "agreement.md"
PAGE = ROOT / "docs" / "agreement.md"
BEGIN, END = "<!-- table: generated -->", "<!-- end of table -->"
HEADS = ("area", "case", "number", "ours", "reference", "difference", "allowed", "origin")
ORIGINS = {"published": "printed", "library": "library", "derived": "formula"}


@dataclass(frozen=True)
class Row:
    """One number: ours, the reference's, and how far they may be apart."""

    part: str
    ours: Any
    reference: Any
    allowed: float

    @property
    def difference(self) -> float:
        """Text agrees or does not."""
        if isinstance(self.reference, str):
            return 0.0 if self.ours == self.reference else float("inf")
        return abs(float(self.ours) - float(self.reference))


def table() -> dict[str, tuple[str, Case]]:
    """Return the area and content of all cases that are here, by name."""
    return cases() | uncommitted()


@cache
def rows(name: str) -> tuple[Row, ...]:
    """Return every number of a case."""
    case = table()[name][1]
    found = parts(case["expected"], OURS[name](case))
    return tuple(Row(place, ours, one, allowed(case, one)) for place, one, ours in found)


def parts(expected: Any, ours: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Walk through what is expected; what only one side has is not compared."""
    if isinstance(expected, dict):
        for key in sorted(expected.keys() & ours.keys()):
            yield from parts(expected[key], ours[key], f"{place}.{key}".strip("."))
    elif isinstance(expected, list):
        assert len(expected) == len(ours)
        for one, other in zip(expected, ours, strict=True):
            yield from parts(one, other, place)
    else:
        yield place, expected, ours


def allowed(case: Case, expected: Any) -> float:
    """Return the tolerance as an absolute number."""
    if isinstance(expected, str) or case["tolerance_type"] == "abs":
        return float(case["tolerance"])
    return float(case["tolerance"]) * abs(expected)


def text() -> str:
    """Return the table; of numbers that stand in a list the one that is furthest off."""
    lines = [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
    for name, (area, case) in sorted(table().items(), key=lambda item: (item[1][0], item[0])):
        worst: dict[str, list[Row]] = {}
        for row in rows(name):
            worst.setdefault(row.part, []).append(row)
        lines += [_line(area, name, case, found) for found in worst.values()]
    return "\n".join(lines) + "\n"


def _line(area: str, name: str, case: Case, found: list[Row]) -> str:
    row = max(found, key=lambda each: each.difference)
    part = f"{row.part}, worst of {len(found)}" if len(found) > 1 else row.part
    origin = ORIGINS[case.get("kind", "published")]
    numbers = (_shown(row.ours), _shown(row.reference), f"{row.difference:.0e}")
    cells = (area, name, part or "value", *numbers, f"{row.allowed:.0e}", origin)
    return f"| {' | '.join(cells)} |"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else f"{np.float64(value):.10g}"


def main() -> None:
    """Put the table between the marks of the page; the prose around it stays."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{text()}{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
