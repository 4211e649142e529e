"""Make the SDK's blocking client from the one for asyncio.

Each substitution is one row of a table; one that is never used is an error, since it then says
something about code that is gone. ``--check`` fails when the committed client is not what it makes.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "clients/python/quarterdeck/_async"
TARGET = ROOT / "clients/python/quarterdeck/_sync"
HANDWRITTEN = {"__init__.py", "reading.py"}
"""Files that differ by more than names, relative to the folders."""
SUBSTITUTIONS = [
    (r"import asyncio\nimport time\n", "import threading\nimport time\n"),
    (r"asyncio\.Lock\b", "threading.Lock"),
    (r"asyncio\.sleep\b", "time.sleep"),
    (r"import grpc\.aio\n", ""),
    (r"grpc\.aio\.AioRpcError", "grpc.RpcError"),
    (r"grpc\.aio\.", "grpc."),
    (r"quarterdeck\._async", "quarterdeck._sync"),
    (r"Awaitable\[(\w+)\]", r"\1"),
    (r"import Awaitable, Callable", "import Callable"),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAsync([A-Z]\w+)", r"\1"),
    (r"\bStopAsyncIteration\b", "StopIteration"),
    (r"\b__a(iter|next|enter|exit)__", r"__\1__"),
    (r"\baclose\b", "close"),
    (r"\baiter\(", "iter("),
    (r"\banext\(", "next("),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
]


def converted(text: str, used: set[str]) -> str:
    """Apply every substitution and note which were of use."""
    for pattern, replacement in SUBSTITUTIONS:
        text, count = re.subn(pattern, replacement, text)
        if count:
            used.add(pattern)
    return text


def formatted(text: str) -> str:
    """Drop imports that nothing uses any more and wrap the shorter lines as everywhere."""
    ruff = str(Path(sys.executable).parent / "ruff")
    settings = ["--line-length", "100", "--target-version", "py313", "--isolated", "--quiet"]
    for command in (["check", "--select", "I,F401", "--fix"], ["format"]):
        done = subprocess.run(
            [ruff, *command, *settings, "--stdin-filename", str(TARGET / "client.py"), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = done.stdout
    return text


def made() -> dict[str, str]:
    """Convert every file, by its path below the folders."""
    used: set[str] = set()
    files = sorted(SOURCE.rglob("*.py"))
    names = {str(path.relative_to(SOURCE)): path for path in files}
    texts = {
        name: formatted(converted(path.read_text(), used))
        for name, path in names.items()
        if name not in HANDWRITTEN
    }
    unused = [pattern for pattern, _ in SUBSTITUTIONS if pattern not in used]
    if unused:
        message = f"substitutions that nothing uses: {unused}"
        raise SystemExit(message)
    return texts


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the client is stale")
    check = parser.parse_args().check
    texts = made()
    kept = {str(path.relative_to(TARGET)) for path in TARGET.rglob("*.py")} - HANDWRITTEN
    stale = sorted(n for n in texts if n not in kept or (TARGET / n).read_text() != texts[n])
    gone = sorted(kept - texts.keys())
    if check:
        sys.stderr.writelines(f"stale, run tools/unasync.py: {n}\n" for n in stale + gone)
        return 1 if stale or gone else 0
    for name in stale:
        (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
        (TARGET / name).write_text(texts[name])
    for name in gone:
        (TARGET / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
