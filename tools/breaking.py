"""Refuse contracts that break those of the last release; before the first one nothing can."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUF = Path(sys.executable).parent / "buf"
RELEASES = "v[0-9]*"


def last_release() -> str | None:
    """Name the newest release tag that leads to this commit."""
    command = ["git", "describe", "--tags", "--abbrev=0", "--match", RELEASES]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def main() -> int:
    """Compare the contracts with the last release."""
    tag = last_release()
    if tag is None:
        return 0
    # One module alone: the comparison of the whole workspace fails when a module is added.
    against = f".git#tag={tag},subdir=proto"
    command = [str(BUF), "breaking", "proto", "--against", against]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
