"""The table of faults: what a reader saw, what is stored, how long it took, which test.

``python -m tests.faults.table`` copies the one that `make faults` wrote into the guide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.pace import TABLE

HEAD = ("fault", "what a reader sees", "what is stored", "how long", "test")
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "faults.md"
BEGIN, END = "<!-- faults: measured -->\n", "<!-- end of faults -->"


@dataclass(slots=True)
class Table:
    """Collects a row for each fault, prints it at once and writes all of them at the end."""

    rows: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, fault: str, reader: str, stored: str, lasted: str, test: str) -> None:
        self.rows[fault] = (fault, reader, stored, lasted, f"`{test}`")
        print(line(self.rows[fault]))

    def write(self) -> None:
        TABLE.parent.mkdir(exist_ok=True)
        rows = sorted(self.rows.values(), key=lambda row: (row[-1], row[0]))
        text = [line(HEAD), line(["---"] * len(HEAD)), *map(line, rows)]
        TABLE.write_text("\n".join(text) + "\n")


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def publish() -> None:
    """Put the table between the marks of the guide."""
    before, _, rest = GUIDE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    GUIDE.write_text(f"{before}{BEGIN}{TABLE.read_text()}{END}{after}")


if __name__ == "__main__":
    publish()
