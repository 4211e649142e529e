"""Which role grants what."""

import pytest

from quarterdeck.api.auth.v1 import permission_pb2, principal_pb2
from quarterdeck_server.auth.domain.role import GRANTS, Permission, Role, permissions

WRITING = {
    Permission.MARKETDATA_PUBLISH,
    Permission.MARKETDATA_MANAGE,
    Permission.TRADING_RECORD,
    Permission.TRADING_CONTROL,
    Permission.STREAM_MANAGE,
    Permission.AUTH_MANAGE,
    Permission.SYSTEM_MANAGE,
}


def test_roles_are_those_of_the_contract() -> None:
    names = {name.removeprefix("ROLE_") for name in principal_pb2.Role.DESCRIPTOR.values_by_name}
    assert {role.value for role in Role} == names - {"UNSPECIFIED"}


def test_permissions_are_those_of_the_contract_that_roles_can_grant() -> None:
    names = {
        name.removeprefix("PERMISSION_")
        for name in permission_pb2.Permission.DESCRIPTOR.values_by_name
    }
    assert {one.value for one in Permission} == names - {"UNSPECIFIED", "PUBLIC", "ANY"}


def test_every_role_grants_something_and_an_admin_everything() -> None:
    assert all(GRANTS[role] for role in Role)
    assert GRANTS[Role.ADMIN] == set(Permission)


@pytest.mark.parametrize("role", set(Role) - {Role.ADMIN})
def test_only_an_admin_manages_access(role: Role) -> None:
    assert Permission.AUTH_MANAGE not in GRANTS[role]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.STRATEGIST, Role.APPROVER])
def test_readers_change_nothing(role: Role) -> None:
    assert not GRANTS[role] & WRITING


@pytest.mark.parametrize("role", set(Role) - {Role.ADMIN, Role.NODE})
def test_only_nodes_record_trading(role: Role) -> None:
    assert Permission.TRADING_RECORD not in GRANTS[role]


def test_several_roles_grant_what_each_grants() -> None:
    both = permissions([Role.NODE, Role.OPERATOR])
    assert both == GRANTS[Role.NODE] | GRANTS[Role.OPERATOR]
    assert permissions([]) == frozenset()
