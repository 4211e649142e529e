"""What a person sees while a benchmark runs, and at its end."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

WIDTH = 30


class Progress:
    """A bar on standard error; only its last state where that is no terminal."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show("done" if error is None else "failed", end="\n")

    def step(self, name: str) -> None:
        """Say what begins now."""
        self._show(name, end="" if sys.stderr.isatty() else "\n")
        self._done += 1

    def _show(self, name: str, end: str) -> None:
        filled = WIDTH * min(self._done, self._steps) // self._steps
        bar = "#" * filled + "." * (WIDTH - filled)
        seconds = time.monotonic() - self._started
        start = "\r\x1b[K" if sys.stderr.isatty() else ""
        sys.stderr.write(f"{start}[{bar}] {self._done}/{self._steps} {seconds:4.0f} s {name}{end}")
        sys.stderr.flush()


def show(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table with columns as wide as they must be."""
    texts = [[_text(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(heads))]
    for row in texts:
        cells = [row[0].ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    sys.stdout.flush()


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1_000 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
