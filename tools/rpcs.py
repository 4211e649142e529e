"""Write the SDK's classes of services from the contracts: one typed method for each rpc.

Reads the generated Python, so it runs in the environment of the SDK. ``--check`` fails when the
committed classes are not what the contracts say. ``tools/unasync.py`` makes the blocking ones.
"""

import argparse
import importlib
import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.descriptor import (
    Descriptor,
    FieldDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from google.protobuf.descriptor_pb2 import MethodOptions

from quarterdeck.api.auth.v1.permission_pb2 import PERMISSION_PUBLIC, permission

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / "clients/python"
OUT = PYTHON / "quarterdeck/_async/services"
WIDTH = 100
RESERVED = {"timeout", "self"}
SCALARS = {
    FieldDescriptor.CPPTYPE_STRING: "str",
    FieldDescriptor.CPPTYPE_BOOL: "bool",
    FieldDescriptor.CPPTYPE_DOUBLE: "float",
    FieldDescriptor.CPPTYPE_FLOAT: "float",
    FieldDescriptor.CPPTYPE_INT32: "int",
    FieldDescriptor.CPPTYPE_INT64: "int",
    FieldDescriptor.CPPTYPE_UINT32: "int",
    FieldDescriptor.CPPTYPE_UINT64: "int",
}
ZEROS = {"str": '""', "bool": "False", "float": "0.0", "int": "0"}
# Times are given as Python has them; the message is accepted as well.
TIMES = {
    "google.protobuf.Timestamp": ("Timestamp | datetime", "timestamp"),
    "google.protobuf.Duration": ("Duration | timedelta", "duration"),
}
TIME_IMPORTS = {
    "google.protobuf.Timestamp": {
        "from google.protobuf.timestamp_pb2 import Timestamp",
        "from datetime import datetime",
        "from quarterdeck._times import timestamp",
    },
    "google.protobuf.Duration": {
        "from google.protobuf.duration_pb2 import Duration",
        "from datetime import timedelta",
        "from quarterdeck._times import duration",
    },
}


@dataclass
class Module:
    """The services of one area and what their code imports."""

    imports: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)

    def named(self, descriptor: Descriptor) -> str:
        """Import a message and tell its name."""
        self.imports.add(f"from {module_of(descriptor.file.name)} import {descriptor.name}")
        return descriptor.name

    def annotation(self, item: FieldDescriptor) -> str:
        """Tell the type of a parameter."""
        if item.message_type and item.message_type.GetOptions().map_entry:
            self.imports.add("from collections.abc import Mapping")
            key, value = item.message_type.fields
            return f"Mapping[{self._one(key)}, {self._one(value)}]"
        one = self._one(item)
        if not item.is_repeated:
            return one
        self.imports.add("from collections.abc import Iterable")
        return f"Iterable[{one}]"

    def default(self, item: FieldDescriptor) -> str:
        """Tell the value that leaves the field unset."""
        if item.is_repeated or item.has_presence:
            return " | None = None"
        if item.enum_type:
            zero = item.enum_type.values_by_number[0].name
            self.imports.add(f"from {module_of(item.enum_type.file.name)} import {zero}")
            return f" = {zero}"
        return f" = {ZEROS[SCALARS[item.cpp_type]]}"

    def argument(self, item: FieldDescriptor) -> str:
        """Tell how a parameter enters the request."""
        if is_alternative(item):
            # Protobuf takes None for an alternative that is not chosen; its types do not say so.
            self.imports.add("from typing import cast")
            return f'{item.name}=cast("{SCALARS[item.cpp_type]}", {item.name})'
        if item.message_type and item.message_type.full_name in TIMES:
            return f"{item.name}={TIMES[item.message_type.full_name][1]}({item.name})"
        return f"{item.name}={item.name}"

    def _one(self, item: FieldDescriptor) -> str:
        if item.enum_type:
            enum = item.enum_type
            self.imports.add(f"from {module_of(enum.file.name)} import {enum.name}")
            return f"{enum.name}.ValueType"
        if item.message_type and item.message_type.full_name in TIMES:
            self.imports |= TIME_IMPORTS[item.message_type.full_name]
            return TIMES[item.message_type.full_name][0]
        if item.message_type:
            return self.named(item.message_type)
        return SCALARS[item.cpp_type]


def module_of(file: str) -> str:
    """Tell the Python module of a contract file."""
    return file.removesuffix(".proto").replace("/", ".") + "_pb2"


def is_alternative(item: FieldDescriptor) -> bool:
    """Tell whether a field is a plain value among the alternatives of a oneof."""
    oneof = item.containing_oneof
    plain = not (item.message_type or item.enum_type)
    return plain and oneof is not None and not oneof.name.startswith("_")


def snake(name: str) -> str:
    """Write ``GetApiKey`` as ``get_api_key``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def service_files() -> Iterator[Path]:
    """Find the generated modules that hold services."""
    yield from sorted((PYTHON / "quarterdeck/api").rglob("*_service_pb2.py"))


def write_method(module: Module, service: ServiceDescriptor, method: MethodDescriptor) -> None:
    """Write the constant that describes the rpc."""
    request, response = module.named(method.input_type), module.named(method.output_type)
    options = method.GetOptions()
    repeatable = options.idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    public = options.Extensions[permission] == PERMISSION_PUBLIC
    module.lines.append(
        f"{constant(method)} = Method[{request}, {response}]("
        f'"/{service.full_name}/{method.name}", {response}, '
        f"repeatable={repeatable}{', public=True' if public else ''})"
    )


def constant(method: MethodDescriptor) -> str:
    """Name the constant of an rpc."""
    return snake(method.name).upper()


def write_call(module: Module, method: MethodDescriptor, documentation: str) -> None:
    """Write the method that calls the rpc."""
    if method.client_streaming:
        write_upload(module, method, documentation)
        return
    fields = list(method.input_type.fields)
    names = {item.name for item in fields}
    if clash := {n for n in names if keyword.iskeyword(n)} | (names & RESERVED):
        message = f"{method.full_name} has a field that Python cannot name: {clash}"
        raise SystemExit(message)
    parameters = [
        f"{item.name}: {module.annotation(item)}{module.default(item)}" for item in fields
    ]
    star = ["*", *parameters, "timeout: float | None = None"]
    arguments = ", ".join(module.argument(item) for item in fields)
    head = "def" if method.server_streaming else "async def"
    name = method.output_type.name
    answer = f"AsyncIterator[{name}]" if method.server_streaming else name
    module.lines += [
        f"    {head} {snake(method.name)}(self, {', '.join(star)}) -> {answer}:",
        *docstring(documentation, "        "),
        f"        request = {method.input_type.name}({arguments})",
    ]
    verb = "self._channel.stream" if method.server_streaming else "await self._channel.unary"
    module.lines += [f"        return {verb}({constant(method)}, request, timeout)", ""]
    if method.server_streaming:
        module.imports.add("from collections.abc import AsyncIterator")


def write_upload(module: Module, method: MethodDescriptor, documentation: str) -> None:
    """Write the method that sends a stream of requests."""
    request, response = method.input_type.name, method.output_type.name
    parameters = f"requests: AsyncIterable[{request}], *, timeout: float | None = None"
    module.imports.add("from collections.abc import AsyncIterable")
    module.lines += [
        f"    async def {snake(method.name)}(self, {parameters}) -> {response}:",
        *docstring(documentation, "        "),
        f"        return await self._channel.upload({constant(method)}, requests, timeout)",
        "",
    ]


def docstring(text: str, indent: str) -> list[str]:
    """Wrap the contract's comment."""
    paragraphs = [" ".join(p.split()) for p in text.strip().split("\n\n")]
    width = WIDTH - len(indent)
    if len(paragraphs) == 1 and len(paragraphs[0]) + 6 <= width:
        return [f'{indent}"""{paragraphs[0]}"""']
    # A line that leaves no room for the quotes after it is two.
    width -= 3 if len(paragraphs) == 1 else 0
    wrapped = [
        textwrap.wrap(p, width, initial_indent="" if i else "...") for i, p in enumerate(paragraphs)
    ]
    body = "\n\n".join("\n".join(lines) for lines in wrapped).replace("...", '"""', 1)
    return [*textwrap.indent(body, indent).splitlines(), f'{indent}"""']


def write_service(module: Module, service: ServiceDescriptor, servicer: type) -> None:
    """Write the class of a service."""
    for method in service.methods:
        write_method(module, service, method)
    module.lines += [
        "",
        f"class Async{service.name}:",
        *docstring(servicer.__doc__ or "", "    "),
        "",
    ]
    module.lines += ["    def __init__(self, channel: AsyncChannel) -> None:"]
    module.lines += ["        self._channel = channel", ""]
    for method in service.methods:
        write_call(module, method, getattr(servicer, method.name).__doc__ or "")


def modules() -> dict[str, Module]:
    """Write the services of every area."""
    areas: dict[str, Module] = {}
    for path in service_files():
        name = ".".join(path.relative_to(PYTHON).with_suffix("").parts)
        messages, stubs = importlib.import_module(name), importlib.import_module(f"{name}_grpc")
        module = areas.setdefault(path.relative_to(PYTHON / "quarterdeck/api").parts[0], Module())
        module.imports |= {
            "from quarterdeck._async.channel import AsyncChannel",
            "from quarterdeck._method import Method",
        }
        for service in messages.DESCRIPTOR.services_by_name.values():
            write_service(module, service, getattr(stubs, f"{service.name}Servicer"))
    return areas


def text_of(area: str, module: Module) -> str:
    """Assemble a module."""
    head = f'"""The services of {area}; written by ``tools/rpcs.py`` from the contracts."""'
    return "\n".join([head, "", *sorted(module.imports), "", *module.lines])


def formatted(text: str) -> str:
    """Sort the imports and wrap the lines as everywhere."""
    ruff = [str(Path(sys.executable).parent / "ruff")]
    settings = ["--line-length", str(WIDTH), "--target-version", "py313", "--isolated"]
    for command in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
        name = ["--stdin-filename", str(OUT / "x.py"), "-"]
        done = subprocess.run(
            [*ruff, *command, *settings, *name],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = done.stdout
    return text


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the classes are stale")
    check = parser.parse_args().check
    written = {f"{area}.py": formatted(text_of(area, m)) for area, m in modules().items()}
    written["__init__.py"] = '"""The services, by area."""\n'
    stale = [
        n for n, text in written.items() if not (OUT / n).exists() or (OUT / n).read_text() != text
    ]
    stale += [p.name for p in OUT.glob("*.py") if p.name not in written]
    if check:
        sys.stderr.writelines(
            f"not what the contracts say, run tools/rpcs.py: {n}\n" for n in stale
        )
        return 1 if stale else 0
    OUT.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (OUT / name).write_text(written[name]) if name in written else (OUT / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
