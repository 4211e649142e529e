"""Make the environments that the Makefile's targets run in, from locks with hashes.

`run` and `dev` share .venv, the others have their own. What is already as its lock says is left
alone, and `run` is content with what `dev` installed. Runs on Python 3.9 and later.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".tools" / "bin" / "uv"
PYTHON = "3.13"
OWN = ("generate", "ib_async", "peers")
"""Environments that have a folder of their own."""
FOLDERS = {
    "run": ROOT / ".venv",
    "dev": ROOT / ".venv",
    **{name: ROOT / ".tools" / name for name in OWN},
}
SATISFIED_BY = {"run": ("run", "dev"), "dev": ("dev",), **{name: (name,) for name in OWN}}
NO_PYTHON = f"""
There is no Python {PYTHON} on this machine and none could be fetched. Install one, so that
`python{PYTHON}` is on the PATH or below ~/.pyenv/versions, and call make again.
"""
NO_PACKAGES = """
The packages of requirements/{}.txt could not be installed; see the message above.
"""
PACKAGES = (ROOT / "services", ROOT / "clients" / "python")
"""The folders of our own packages, which are imported from where they are."""


def digest(name: str) -> str:
    """Name the content of a lock."""
    return hashlib.sha256((ROOT / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


def stamp(name: str) -> Path:
    """Name the file that says which lock an environment was made from."""
    return FOLDERS[name] / "lock"


def is_current(name: str) -> bool:
    """Tell whether an environment has what a lock asks for."""
    file = stamp(name)
    made_from = file.read_text().strip() if file.exists() else ""
    return made_from in (digest(lock) for lock in SATISFIED_BY[name])


def candidates() -> Iterator[str]:
    """List interpreters that may be here."""
    for program in (f"python{PYTHON}", "python3"):
        if found := shutil.which(program):
            yield found
    yield from map(str, Path.home().glob(f".pyenv/versions/{PYTHON}*/bin/python3"))


def is_wanted(program: str) -> bool:
    """Tell whether an interpreter works and has the version."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([program, "-c", question], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == PYTHON


def local_python() -> str | None:
    """Find an interpreter on this machine; without one uv fetches it."""
    return next((program for program in candidates() if is_wanted(program)), None)


def uv(*arguments: str) -> None:
    """Run uv."""
    subprocess.run([str(UV), *arguments], check=True, cwd=str(ROOT))


def make(folder: Path) -> None:
    """Make an empty environment, unless a working one of the version is there."""
    python = folder / "bin" / "python"
    if not (python.exists() and is_wanted(str(python))):
        uv("venv", "--quiet", "--clear", "--python", local_python() or PYTHON, str(folder))


def install(name: str) -> None:
    """Bring an environment to what its lock says; only what runs tolerates more than that."""
    folder = FOLDERS[name]
    make(folder)
    if stamp(name).exists():
        stamp(name).unlink()
    command = ["install", "--requirement"] if name == "run" else ["sync"]
    python = ["--require-hashes", "--python", str(folder / "bin" / "python")]
    uv("pip", *command, f"requirements/{name}.txt", *python)
    stamp(name).write_text(digest(name))


def make_importable(folder: Path) -> None:
    """Let our packages be imported from their places; needs no build and no network."""
    site_packages = next((folder / "lib").glob("python*/site-packages"))
    (site_packages / "quarterdeck.pth").write_text("".join(f"{path}\n" for path in PACKAGES))


def main() -> int:
    """Bring the environment that is named on the command line up to date."""
    name = sys.argv[1]
    try:
        if not is_current(name):
            install(name)
    except subprocess.CalledProcessError as failure:
        # What failed has said why.
        sys.stderr.write(NO_PYTHON if "venv" in failure.cmd else NO_PACKAGES.format(name))
        return 1
    if name != "generate":
        make_importable(FOLDERS[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
