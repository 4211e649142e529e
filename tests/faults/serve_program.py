"""Serves areas as the product does, but by a clock that a file can step.

Run as `python serve_program.py <file> <area> …`; the file holds seconds, added to the wall clock.
"""

import sys
from pathlib import Path

from quarterdeck_server import app, cli
from quarterdeck_server.runtime.clock import SystemClock


class SteppedClock(SystemClock):
    """The wall clock of this machine, moved by what a file says; time itself goes on evenly."""

    file: Path

    def now_ns(self) -> int:
        return super().now_ns() + int(float(self.file.read_text()) * 1e9)


if __name__ == "__main__":
    SteppedClock.file = Path(sys.argv[1])
    app.SystemClock = SteppedClock
    cli.main(["serve", *sys.argv[2:]])
