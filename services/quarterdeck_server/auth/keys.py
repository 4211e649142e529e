"""The keys that sign and verify access tokens."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

ALGORITHM = "ES256"
COORDINATE_BYTES = 32


class KeyFileInvalid(Exception):
    """A key file does not hold a key on the curve P-256."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} must hold an ES256 key (curve P-256) as PEM")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonWebKey:
    """A public key in the members of RFC 7517 and RFC 7518."""

    kid: str
    x: str
    y: str
    kty: str = "EC"
    use: str = "sig"
    alg: str = ALGORITHM
    crv: str = "P-256"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key that signs, and every key that verifies, the one in use first."""

    signing_key: EllipticCurvePrivateKey
    keys: tuple[JsonWebKey, ...]

    def sign(self, claims: dict[str, object]) -> str:
        """Make a token."""
        headers = {"kid": self.keys[0].kid}
        return jwt.encode(claims, self.signing_key, algorithm=ALGORITHM, headers=headers)


def load_keys(signing_key_file: Path, retired_folder: Path | None = None) -> KeyRing:
    """Read the signing key and the public keys of those before it, the newest first."""
    signing_key = _private_key(signing_key_file)
    retired = sorted(retired_folder.glob("*.pem"), reverse=True) if retired_folder else []
    current = web_key(signing_key.public_key())
    others = [web_key(_public_key(file)) for file in retired]
    return KeyRing(signing_key, (current, *(key for key in others if key.kid != current.kid)))


def web_key(key: EllipticCurvePublicKey) -> JsonWebKey:
    """Describe a public key; its identifier is its thumbprint."""
    numbers = key.public_numbers()
    x, y = _coordinate(numbers.x), _coordinate(numbers.y)
    return JsonWebKey(kid=thumbprint(x, y), x=x, y=y)


def thumbprint(x: str, y: str) -> str:
    """Compute the identifier of a P-256 key after RFC 7638: its members, sorted, hashed."""
    members = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(text.encode()).digest())


def _private_key(file: Path) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise KeyFileInvalid(file)
    return key


def _public_key(file: Path) -> EllipticCurvePublicKey:
    key = load_pem_public_key(file.read_bytes())
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise KeyFileInvalid(file)
    return key


def _coordinate(number: int) -> str:
    return _base64url(number.to_bytes(COORDINATE_BYTES, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
