"""The forms of generated secrets, and how they are recognised later.

An API key is ``qd_{id}_{secret}``, a refresh token ``qdr_{secret}``; each secret has 256 random
bits. That is why a plain SHA-256 is the right hash: nobody can guess through 2^256 candidates
however fast each guess is, so a slow hash would only slow our own sign-ins. Passwords, which people
choose, get argon2 instead.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

KEY_PREFIX = "qd_"
REFRESH_PREFIX = "qdr_"
SHOWN_CHARACTERS = 4

_API_KEY = re.compile(r"qd_([a-z0-9-]{1,63})_([A-Za-z0-9_-]{32,200})", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeySecret:
    """An API key as its holder has it."""

    id: str
    text: str

    @property
    def hash(self) -> bytes:
        """What is stored of it."""
        return hash_of(self.text)

    @property
    def prefix(self) -> str:
        """The part that people recognise it by: too little of the secret to help a thief."""
        return self.text[: len(KEY_PREFIX) + len(self.id) + 1 + SHOWN_CHARACTERS]


def parse_api_key(text: str) -> KeySecret | None:
    """Read an API key, or tell that it is none."""
    match = _API_KEY.fullmatch(text)
    return KeySecret(match[1], text) if match else None


def api_key(id: str, secret: str) -> KeySecret:  # noqa: A002 - the word of the contract
    """Compose an API key from its identifier and its random part."""
    return KeySecret(id, f"{KEY_PREFIX}{id}_{secret}")


def refresh_token(secret: str) -> str:
    """Compose a refresh token from its random part."""
    return REFRESH_PREFIX + secret


def hash_of(text: str) -> bytes:
    """Hash a secret that has enough random bits of its own."""
    return hashlib.sha256(text.encode()).digest()


def is_same(left: bytes, right: bytes) -> bool:
    """Compare two hashes in a time that does not depend on where they differ."""
    return hmac.compare_digest(left, right)
