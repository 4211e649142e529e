"""Put uv, which makes all other environments, into .tools/bin with nothing but a plain python3.

Runs on Python 3.9 and later, before any environment exists.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
UV = TOOLS / "bin" / "uv"
LOCK = ROOT / "requirements" / "uv.txt"
PIP = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
HELP = """\
python3 here can make no environment: it has neither the venv module nor pip. Install one of them,
  Debian, Ubuntu:  apt-get install -y python3-venv
  Fedora:          dnf install -y python3-pip
and call make again.
"""


def succeeds(argv: list[str]) -> bool:
    """Run a command and tell whether it ended well; its complaints are for the next attempt."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def has_uv() -> bool:
    """Tell whether uv is there in the locked version."""
    locked = next(line.split()[0] for line in LOCK.read_text().splitlines() if line[:4] == "uv==")
    if not UV.exists():
        return False
    answer = subprocess.run([str(UV), "--version"], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.split()[1] == locked[len("uv==") :]


def into_environment() -> bool:
    """Install uv into an environment of its own."""
    folder = TOOLS / "uv"
    if not succeeds([sys.executable, "-m", "venv", "--clear", str(folder)]):
        return False
    python = str(folder / "bin" / "python")
    subprocess.run([python, *PIP, "--require-hashes", "--requirement", str(LOCK)], check=True)
    link(folder / "bin" / "uv")
    return True


def into_folder() -> bool:
    """Install uv into a plain folder, where python3 has pip but cannot make environments."""
    folder = TOOLS / "uv"
    shutil.rmtree(folder, ignore_errors=True)
    if not succeeds([sys.executable, "-m", "pip", "--version"]):
        return False
    options = ["--target", str(folder), "--require-hashes", "--requirement", str(LOCK)]
    subprocess.run([sys.executable, *PIP, *options], check=True)
    link(folder / "bin" / "uv")
    return True


def link(program: Path) -> None:
    """Give uv its usual place."""
    UV.parent.mkdir(parents=True, exist_ok=True)
    if UV.exists() or UV.is_symlink():
        UV.unlink()
    UV.symlink_to(program)


def main() -> int:
    """Install uv when it is not there."""
    if has_uv() or into_environment() or into_folder():
        return 0
    sys.stderr.write(HELP)
    return 1


if __name__ == "__main__":
    sys.exit(main())
