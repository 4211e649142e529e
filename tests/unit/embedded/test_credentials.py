"""The generated credentials."""

import stat
from dataclasses import fields

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from quarterdeck_server.embedded import credentials
from quarterdeck_server.embedded.state import StateDirectory


def contents(made: credentials.Credentials) -> dict[str, str]:
    return {f.name: credentials.read(getattr(made, f.name)) for f in fields(made)}


def test_the_first_start_makes_them_and_says_so(state: StateDirectory) -> None:
    assert credentials.ensure(state).is_new
    assert not credentials.ensure(state).is_new


def test_later_starts_keep_them(state: StateDirectory) -> None:
    first = contents(credentials.ensure(state).credentials)
    assert contents(credentials.ensure(state).credentials) == first


def test_only_their_owner_can_read_them(state: StateDirectory) -> None:
    made = credentials.ensure(state).credentials
    modes = {stat.S_IMODE(getattr(made, f.name).stat().st_mode) for f in fields(made)}
    assert modes == {0o600}
    assert stat.S_IMODE(state.secrets.stat().st_mode) == 0o700


def test_reset_replaces_every_one(state: StateDirectory) -> None:
    old = contents(credentials.ensure(state).credentials)
    new = contents(credentials.reset(state))
    assert all(new[name] != old[name] for name in old)


def test_two_installations_share_none(state: StateDirectory) -> None:
    other = StateDirectory.at(state.path / "other")
    mine = contents(credentials.ensure(state).credentials)
    theirs = contents(credentials.ensure(other).credentials)
    assert not set(mine.values()) & set(theirs.values())


def test_the_signing_key_is_for_es256(state: StateDirectory) -> None:
    made = credentials.ensure(state).credentials
    key = load_pem_private_key(made.signing_key.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
