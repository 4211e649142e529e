"""Makes the suite's credentials at its first start and keeps them in files of their owner.

There are no default passwords: every installation has its own.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from quarterdeck_server.embedded.files import write_whole
from quarterdeck_server.embedded.state import StateDirectory

PASSWORD_BYTES = 15
KEY_BYTES = 32
NODE_KEY = "demo-node"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The files with one secret each; a secret is read only where it is used."""

    admin_password: Path
    """What a person signs in with."""
    node_api_key: Path
    """What the demonstration node authenticates with."""
    valkey_password: Path
    """What our own processes reach the bus with."""
    node_cache_password: Path
    """What nodes reach their cache with, and nothing else."""
    signing_key: Path
    """The private key of the tokens, ES256, PEM."""


@dataclass(frozen=True, slots=True)
class Ensured:
    """The credentials, and whether this start made the first of them."""

    credentials: Credentials
    is_new: bool


def password() -> str:
    """Make a secret of 120 random bits that a person can still type."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def api_key() -> str:
    """Make a key of the form that the auth service gives out, 256 random bits."""
    return f"qd_{NODE_KEY}_{secrets.token_urlsafe(KEY_BYTES)}"


def signing_key() -> str:
    """Make a private key for ES256 signatures as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


MAKERS: dict[str, Callable[[], str]] = {
    "admin_password": password,
    "node_api_key": api_key,
    "valkey_password": password,
    "node_cache_password": password,
    "signing_key": signing_key,
}


def ensure(state: StateDirectory) -> Ensured:
    """Make the credentials that do not exist yet; what exists is never changed."""
    credentials = _files(state)
    is_new = not credentials.admin_password.exists()
    for field in fields(Credentials):
        file = getattr(credentials, field.name)
        if not file.exists():
            write_whole(file, MAKERS[field.name]())
    return Ensured(credentials, is_new)


def reset(state: StateDirectory) -> Credentials:
    """Replace all credentials; takes effect at the next start."""
    credentials = _files(state)
    for field in fields(Credentials):
        getattr(credentials, field.name).unlink(missing_ok=True)
    return ensure(state).credentials


def read(file: Path) -> str:
    """Read a secret."""
    return file.read_text(encoding="utf-8").strip()


def _files(state: StateDirectory) -> Credentials:
    return Credentials(
        admin_password=state.secrets / "admin_password",
        node_api_key=state.secrets / "node_api_key",
        valkey_password=state.secrets / "valkey_password",
        node_cache_password=state.secrets / "node_cache_password",
        signing_key=state.secrets / "signing_key.pem",
    )
