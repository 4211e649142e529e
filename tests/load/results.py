"""Keeps what was measured: `docs/benchmarks/results.json` and the table of `docs/benchmarks.md`."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- results: generated -->", "<!-- end of results -->"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value: the median of its samples, and from where to where they reach."""

    value: float
    unit: str
    samples: int
    spread: tuple[float, float]


def figure(values: Sequence[float], unit: str) -> Figure:
    """Make a figure of samples."""
    rounded = [round(value, 3) for value in values]
    middle = round(statistics.median(values), 3)
    return Figure(middle, unit, len(values), (min(rounded), max(rounded)))


def keep(figures: dict[str, Figure], command: str) -> None:
    """Write figures over the earlier ones of the same names, and the page anew."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    facts = {
        "command": command,
        "commit": commit(),
        "machine": machine(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    for name, one in figures.items():
        measured = {"value": one.value, "unit": one.unit, "samples": one.samples}
        known[name] = {**measured, "spread": list(one.spread), **facts}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
    write_page(known)


def write_page(known: dict[str, dict[str, object]]) -> None:
    """Put the table between the marks of the page; the prose around it stays."""
    text = PAGE.read_text() if PAGE.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    heads = ("figure", "value", "unit", "samples", "from, to", "commit", "date")
    rows = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, row in sorted(known.items()):
        low, high = row["spread"]  # type: ignore[misc]
        cells = (f"`{name}`", row["value"], row["unit"], row["samples"], f"{low}, {high}")
        rows.append("| " + " | ".join(str(c) for c in (*cells, row["commit"], row["date"])) + " |")
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(rows) + f"\n{END}{after}")


def commit() -> str:
    """Return the commit that is measured, marked when the tree differs from it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def machine() -> str:
    """Say on what was measured."""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} shared cores, {system}"
