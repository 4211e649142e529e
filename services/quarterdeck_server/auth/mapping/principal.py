"""Principals on the wire."""

from collections.abc import Iterable

from quarterdeck.api.auth.v1 import permission_pb2, principal_pb2
from quarterdeck.api.auth.v1 import principal_service_pb2 as pb
from quarterdeck_server.auth.domain.principal import Principal, PrincipalKind, PrincipalPatch
from quarterdeck_server.auth.domain.request import RequestKey, digest
from quarterdeck_server.auth.domain.role import Role
from quarterdeck_server.runtime.convert import timestamp_to

KIND = "PRINCIPAL_KIND_"
ROLE = "ROLE_"
PERMISSION = "PERMISSION_"


def principal_to(principal: Principal) -> principal_pb2.Principal:
    """Write a principal."""
    return principal_pb2.Principal(
        name=principal.name,
        display_name=principal.display_name,
        kind=principal_pb2.PrincipalKind.Value(KIND + principal.kind),
        roles=[principal_pb2.Role.Value(ROLE + role) for role in principal.roles],
        accounts=principal.accounts,
        strategies=principal.strategies,
        disabled=principal.disabled,
        create_time=timestamp_to(principal.create_time_ns),
        etag=principal.etag,
    )


def principal_from(request: pb.CreatePrincipalRequest, now_ns: int) -> Principal:
    """Read the principal to create."""
    return Principal(
        id=request.principal_id,
        display_name=request.display_name,
        kind=PrincipalKind(principal_pb2.PrincipalKind.Name(request.kind).removeprefix(KIND)),
        roles=_roles(request.roles),
        accounts=tuple(request.accounts),
        strategies=tuple(request.strategies),
        create_time_ns=now_ns,
    )


def request_key_from(request: pb.CreatePrincipalRequest, caller: str) -> RequestKey | None:
    """Read the identifier that makes repeating the request safe, if there is one."""
    if not request.request_id:
        return None
    content = digest(
        request.principal_id,
        request.display_name,
        str(request.kind),
        [str(role) for role in request.roles],
        list(request.accounts),
        list(request.strategies),
    )
    return RequestKey(caller, request.request_id, content)


def password_from(
    request: pb.CreatePrincipalRequest | pb.UpdatePrincipalRequest,
) -> str | None:
    """Read the password, if one is given."""
    return request.password if request.HasField("password") else None


def patch_from(request: pb.UpdatePrincipalRequest) -> PrincipalPatch:
    """Read the fields to change."""
    return PrincipalPatch(
        etag=request.etag,
        display_name=request.display_name if request.HasField("display_name") else None,
        roles=_roles(request.roles.values) if request.HasField("roles") else None,
        accounts=tuple(request.accounts.values) if request.HasField("accounts") else None,
        strategies=tuple(request.strategies.values) if request.HasField("strategies") else None,
    )


def permissions_to(names: Iterable[str]) -> list[permission_pb2.Permission.ValueType]:
    """Write permissions in the order of the contract."""
    return sorted(permission_pb2.Permission.Value(PERMISSION + name) for name in names)


def _roles(values: Iterable[principal_pb2.Role.ValueType]) -> tuple[Role, ...]:
    return tuple(Role(principal_pb2.Role.Name(value).removeprefix(ROLE)) for value in values)
