"""Generate the code that comes from the contracts: Python, TypeScript and the gateway's descriptor.

Runs in the environment of requirements/generate.txt, whose protoc is the oldest that every
supported runtime accepts. ``--check`` fails when the committed code is not what they say.
"""

import argparse
import importlib.resources
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_OUT = Path("clients/python")
TYPESCRIPT_PLUGIN = ROOT / "clients/node_modules/.bin/protoc-gen-es"
GENERATED = [
    PYTHON_OUT / "quarterdeck/api",
    PYTHON_OUT / "buf",
    Path("gateway/descriptor.binpb"),
]
if TYPESCRIPT_PLUGIN.exists():
    GENERATED.append(Path("clients/typescript/src/gen"))
BIN = Path(sys.executable).parent


def buf(*arguments: str) -> None:
    """Run buf from the environment this runs in."""
    subprocess.run([BIN / "buf", *arguments], check=True, cwd=ROOT)


def python(target: Path) -> None:
    """Write messages, stubs and types of our contracts and of the validation rules they import."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.binpb"
        buf("build", "--as-file-descriptor-set", "-o", str(image))
        names = [
            str(path.relative_to(base))
            for base in (ROOT / "proto", ROOT / "third_party/protovalidate")
            for path in sorted(base.rglob("*.proto"))
        ]
        include = importlib.resources.files("grpc_tools") / "_proto"
        outs = [f"--{name}_out={target}" for name in ("python", "grpc_python", "mypy", "mypy_grpc")]
        command = [sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={image}"]
        plugins = [f"--plugin=protoc-gen-{n}={BIN}/protoc-gen-{n}" for n in ("mypy", "mypy_grpc")]
        subprocess.run(
            [*command, *plugins, *outs, *names],
            check=True,
            cwd=str(include),
            stderr=subprocess.PIPE,
        )
    drop_empty_stubs(target)


def drop_empty_stubs(target: Path) -> None:
    """Remove the service stubs of files that define no service."""
    for stub in target.rglob("*_pb2_grpc.py"):
        if "class " not in stub.read_text():
            stub.unlink()
            stub.with_suffix(".pyi").unlink(missing_ok=True)


def generate(target: Path) -> None:
    """Write everything below ``target``, which is laid out as the repository."""
    for place in GENERATED:
        shutil.rmtree(target / place, ignore_errors=True)
    (target / PYTHON_OUT).mkdir(parents=True, exist_ok=True)
    python(target / PYTHON_OUT)
    (target / "gateway").mkdir(exist_ok=True)
    buf(
        *("build", "--as-file-descriptor-set", "--exclude-source-info"),
        *("-o", str(target / "gateway/descriptor.binpb")),
    )
    if TYPESCRIPT_PLUGIN.exists():
        buf("generate", "--output", str(target))


def content(base: Path) -> dict[str, bytes]:
    """Read every generated file below ``base`` by its path."""
    files = (f for place in GENERATED for f in [base / place, *(base / place).rglob("*")])
    return {
        str(f.relative_to(base)): f.read_bytes()
        for f in files
        if f.is_file() and "__pycache__" not in f.parts
    }


def check() -> int:
    """Compare what the contracts say with what is committed."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh, committed = content(Path(folder)), content(ROOT)
    stale = sorted(p for p in fresh.keys() | committed.keys() if fresh.get(p) != committed.get(p))
    if stale:
        sys.stderr.write("not what the contracts say, run make generate:\n  " + "\n  ".join(stale))
    return 1 if stale else 0


def main() -> int:
    """Generate, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when committed code is stale")
    if parser.parse_args().check:
        return check()
    generate(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
