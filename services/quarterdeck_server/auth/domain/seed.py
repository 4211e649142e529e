"""Principals that must exist when the deck starts, as the installer wrote them down."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from quarterdeck_server.auth.domain.principal import Principal, PrincipalKind
from quarterdeck_server.auth.domain.role import Role
from quarterdeck_server.auth.domain.secret import KeySecret, parse_api_key
from quarterdeck_server.kernel.errors import InvalidField


@dataclass(frozen=True, slots=True)
class Seed:
    """A principal and the secret it signs in with."""

    principal: Principal
    password: str | None
    api_key: KeySecret | None


def parse_seeds(text: str, now_ns: int) -> list[Seed]:
    """Read a seed file."""
    entries = json.loads(text)["principals"]
    return [_seed(f"principals[{index}]", entry, now_ns) for index, entry in enumerate(entries)]


def _seed(field: str, entry: Mapping[str, object], now_ns: int) -> Seed:
    kind = PrincipalKind(str(entry["kind"]))
    principal = Principal(
        id=str(entry["id"]),
        display_name=str(entry.get("display_name", entry["id"])),
        kind=kind,
        roles=tuple(Role(name) for name in _texts(entry, "roles")),
        accounts=_texts(entry, "accounts"),
        strategies=_texts(entry, "strategies"),
        create_time_ns=now_ns,
    )
    if kind is PrincipalKind.PERSON:
        return Seed(principal, str(entry["password"]), None)
    return Seed(principal, None, _api_key(f"{field}.api_key", str(entry["api_key"])))


def _api_key(field: str, text: str) -> KeySecret:
    key = parse_api_key(text)
    if key is None:
        raise InvalidField(field, "must have the form qd_{id}_{secret}")
    return key


def _texts(entry: Mapping[str, object], name: str) -> tuple[str, ...]:
    values = entry[name]
    if not isinstance(values, list):
        raise InvalidField(name, "must be a list")
    return tuple(str(value) for value in values)
