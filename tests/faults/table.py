"""The table of faults: what a reader saw, what is stored, how long it took, which test."""

from dataclasses import dataclass, field

from tests.faults.pace import TABLE

HEAD = ("fault", "what a reader sees", "what is stored", "how long", "test")


@dataclass(slots=True)
class Table:
    """Collects a row for each fault, prints it at once and writes all of them at the end."""

    rows: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, fault: str, reader: str, stored: str, lasted: str, test: str) -> None:
        self.rows[fault] = (fault, reader, stored, lasted, f"`{test}`")
        print(line(self.rows[fault]))

    def write(self) -> None:
        TABLE.parent.mkdir(exist_ok=True)
        text = [line(HEAD), line(["---"] * len(HEAD)), *map(line, self.rows.values())]
        TABLE.write_text("\n".join(text) + "\n")


def line(cells: object) -> str:
    assert isinstance(cells, list | tuple)
    return f"| {' | '.join(cells)} |"
