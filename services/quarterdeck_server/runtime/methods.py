"""What the contract says of each rpc, read from the descriptors: no other list of rpcs exists."""

from dataclasses import dataclass
from functools import cache

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import MethodOptions

from quarterdeck.api.auth.v1 import permission_pb2 as pb

# Served for everybody's tools, with contracts of others: health must work without credentials.
FOREIGN = {"grpc.health.v1.Health": "PUBLIC", "grpc.reflection.v1alpha.ServerReflection": "ANY"}


@dataclass(frozen=True, slots=True)
class Method:
    """An rpc: its names, the permission it needs (without prefix), and how it is audited."""

    service: str
    name: str
    permission: str
    is_read: bool
    is_idempotent: bool
    audit_summary: bool

    @property
    def full_name(self) -> str:
        """The name in the audit log: ``package.Service/Rpc``."""
        return f"{self.service}/{self.name}"


@cache
def method(path: str) -> Method:
    """Return what the contract says of ``/package.Service/Rpc``; without a word it is refused."""
    service, _, name = path.lstrip("/").rpartition("/")
    if service in FOREIGN:
        return Method(service, name, FOREIGN[service], True, True, False)
    try:
        found = descriptor_pool.Default().FindMethodByName(f"{service}.{name}")
    except KeyError:
        return Method(service, name, "UNSPECIFIED", True, False, False)
    options = found.GetOptions()
    permission = pb.Permission.Name(options.Extensions[pb.permission])
    return Method(
        service,
        name,
        permission.removeprefix("PERMISSION_"),
        is_read=options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS,
        is_idempotent=options.idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN,
        audit_summary=options.Extensions[pb.audit_level] == pb.AUDIT_LEVEL_SUMMARY,
    )
