"""Principals: people and machines, their roles and scopes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from quarterdeck_server.auth.domain.role import Permission, Role, permissions
from quarterdeck_server.kernel.errors import Conflict, InvalidField, NotFound, NotPossibleNow

COLLECTION = "principals/"
MAX_SCOPE_BYTES = 4096
"""The scopes travel in every access token, and servers refuse headers of more than 8 KiB."""


class PrincipalKind(StrEnum):
    """Whether a principal is a person or a machine."""

    PERSON = "PERSON"
    MACHINE = "MACHINE"


class PrincipalNotFound(NotFound):
    """No principal has this name."""

    def __init__(self, name: str) -> None:
        super().__init__("principal", name)


class PrincipalChanged(Conflict):
    """The principal changed since the caller read it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} changed since it was read", name=name)


class LastAdmin(NotPossibleNow):
    """Without this principal nobody could manage access any more."""

    def __init__(self, name: str) -> None:
        super().__init__(name, f"{name} is the last enabled admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls; one that exists is valid."""

    id: str
    display_name: str
    kind: PrincipalKind
    roles: tuple[Role, ...]
    accounts: tuple[str, ...]
    strategies: tuple[str, ...]
    create_time_ns: int
    disabled: bool = False
    version: int = 1

    def __post_init__(self) -> None:
        _check_scope("accounts", self.accounts)
        _check_scope("strategies", self.strategies)
        size = sum(len(part.encode()) + 3 for part in (*self.accounts, *self.strategies))
        if size > MAX_SCOPE_BYTES:
            problem = f"and strategies must have at most {MAX_SCOPE_BYTES} bytes together"
            raise InvalidField("accounts", problem)

    @property
    def name(self) -> str:
        """The resource name."""
        return COLLECTION + self.id

    @property
    def etag(self) -> str:
        """What changes with every update."""
        return str(self.version)

    @property
    def permissions(self) -> frozenset[Permission]:
        """What its roles grant."""
        return permissions(self.roles)

    @property
    def is_enabled_admin(self) -> bool:
        """Whether it can manage access."""
        return Role.ADMIN in self.roles and not self.disabled


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalPatch:
    """The fields to change; an absent one is left alone."""

    etag: str = ""
    display_name: str | None = None
    roles: tuple[Role, ...] | None = None
    accounts: tuple[str, ...] | None = None
    strategies: tuple[str, ...] | None = None


def patched(principal: Principal, patch: PrincipalPatch) -> Principal:
    """Apply the patch, refusing one made for an older version."""
    if patch.etag and patch.etag != principal.etag:
        raise PrincipalChanged(principal.name)
    return replace(
        principal,
        display_name=_given(patch.display_name, principal.display_name),
        roles=_given(patch.roles, principal.roles),
        accounts=_given(patch.accounts, principal.accounts),
        strategies=_given(patch.strategies, principal.strategies),
        version=principal.version + 1,
    )


def disabled(principal: Principal) -> Principal:
    """Disable it; one that is disabled already stays as it is."""
    if principal.disabled:
        return principal
    return replace(principal, disabled=True, version=principal.version + 1)


def check_admin_remains(before: Principal, after: Principal, other_admins: int) -> None:
    """Refuse a change after which nobody could manage access."""
    if before.is_enabled_admin and not after.is_enabled_admin and not other_admins:
        raise LastAdmin(before.name)


def check_password_fits(kind: PrincipalKind, password: str | None) -> None:
    """Refuse a password for a machine, which signs in with API keys."""
    if password is not None and kind is not PrincipalKind.PERSON:
        raise InvalidField("password", "must be absent for a machine")


def id_from_name(name: str, field: str = "name") -> str:
    """Return the last part of a principal's name."""
    if not name.startswith(COLLECTION):
        raise InvalidField(field, f'must be "{COLLECTION}{{principal}}"')
    return name.removeprefix(COLLECTION)


def _given[T](value: T | None, otherwise: T) -> T:
    return otherwise if value is None else value


def _check_scope(field: str, scope: Sequence[str]) -> None:
    for index, part in enumerate(scope):
        if not part or part != part.strip() or not part.isprintable():
            raise InvalidField(f"{field}[{index}]", 'must be an identifier or "*"')
