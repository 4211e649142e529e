"""Which role grants which permissions."""

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    """What a principal may do, under the names of the contract without their prefix."""

    MARKETDATA_READ = "MARKETDATA_READ"
    MARKETDATA_PUBLISH = "MARKETDATA_PUBLISH"
    MARKETDATA_MANAGE = "MARKETDATA_MANAGE"
    TRADING_READ = "TRADING_READ"
    TRADING_RECORD = "TRADING_RECORD"
    TRADING_CONTROL = "TRADING_CONTROL"
    STREAM_MANAGE = "STREAM_MANAGE"
    AUTH_MANAGE = "AUTH_MANAGE"
    AUDIT_READ = "AUDIT_READ"
    SYSTEM_READ = "SYSTEM_READ"
    SYSTEM_MANAGE = "SYSTEM_MANAGE"


class Role(StrEnum):
    """A named set of permissions."""

    VIEWER = "VIEWER"
    TRADER = "TRADER"
    STRATEGIST = "STRATEGIST"
    RISK_MANAGER = "RISK_MANAGER"
    APPROVER = "APPROVER"
    OPERATOR = "OPERATOR"
    ADMIN = "ADMIN"
    NODE = "NODE"
    PUBLISHER = "PUBLISHER"


_READING = frozenset({Permission.MARKETDATA_READ, Permission.TRADING_READ, Permission.SYSTEM_READ})

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _READING,
    Role.TRADER: _READING | {Permission.TRADING_CONTROL},
    Role.STRATEGIST: _READING,
    # Stopping trading is a command to nodes; whoever answers for risk also reads who did what.
    Role.RISK_MANAGER: _READING | {Permission.TRADING_CONTROL, Permission.AUDIT_READ},
    Role.APPROVER: _READING | {Permission.AUDIT_READ},
    Role.OPERATOR: _READING
    | {
        Permission.MARKETDATA_PUBLISH,
        Permission.MARKETDATA_MANAGE,
        Permission.STREAM_MANAGE,
        Permission.SYSTEM_MANAGE,
    },
    Role.ADMIN: frozenset(Permission),
    # A node compares its cache with the log after a restart, so it reads what it recorded.
    Role.NODE: frozenset(
        {Permission.MARKETDATA_READ, Permission.TRADING_READ, Permission.TRADING_RECORD}
    ),
    Role.PUBLISHER: frozenset({Permission.MARKETDATA_READ, Permission.MARKETDATA_PUBLISH}),
}
"""What each role grants; a principal has the union over its roles."""


def permissions(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return everything the roles grant."""
    return frozenset().union(*(GRANTS[role] for role in roles))
