"""Every rpc of the contract, from the descriptors: there is no other list."""

import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from google.api import annotations_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

import quarterdeck.api
from quarterdeck.api.auth.v1 import permission_pb2


@dataclass(frozen=True, slots=True)
class Rpc:
    """An rpc as the contract declares it."""

    name: str
    """``Service/Method``, unique over the deck."""
    method: MethodDescriptor

    @property
    def path(self) -> str:
        return f"/{self.method.containing_service.full_name}/{self.method.name}"

    @property
    def request(self) -> type[Message]:
        return message_factory.GetMessageClass(self.method.input_type)

    @property
    def response(self) -> type[Message]:
        return message_factory.GetMessageClass(self.method.output_type)

    @property
    def streams(self) -> bool:
        return self.method.server_streaming

    @property
    def answers_file(self) -> bool:
        """Whether the edge writes the data of the answers as they are."""
        return self.method.output_type.full_name == "google.api.HttpBody"

    @property
    def permission(self) -> str:
        value = self.method.GetOptions().Extensions[permission_pb2.permission]
        return permission_pb2.Permission.Name(value).removeprefix("PERMISSION_")

    @property
    def http(self) -> tuple[str, str, bool]:
        """The verb, the path template, and whether the request is the body."""
        rule = self.method.GetOptions().Extensions[annotations_pb2.http]
        verb = rule.WhichOneof("pattern")
        return verb.upper(), getattr(rule, verb), rule.body == "*"


@cache
def rpcs() -> tuple[Rpc, ...]:
    """Return every rpc, by name."""
    root = Path(next(iter(quarterdeck.api.__path__)))
    found = []
    for file in sorted(root.glob("*/v1/*_service_pb2.py")):
        name = ".".join(("quarterdeck", "api", *file.relative_to(root).with_suffix("").parts))
        for service in importlib.import_module(name).DESCRIPTOR.services_by_name.values():
            found += [Rpc(f"{service.name}/{m.name}", m) for m in service.methods]
    return tuple(sorted(found, key=lambda rpc: rpc.name))
