"""The keys of the tokens."""

import base64
import hashlib
from dataclasses import asdict
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from quarterdeck_server.auth.keys import KeyFileInvalid, load_keys, thumbprint, web_key


def write_private(file: Path, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(curve or ec.SECP256R1())
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def write_public(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    public = key.public_key()
    file.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_a_token_verifies_with_the_published_key(tmp_path: Path) -> None:
    write_private(tmp_path / "key.pem")
    keys = load_keys(tmp_path / "key.pem")
    token = keys.sign({"sub": "principals/ada"})
    published = {key.kid: jwt.PyJWK(asdict(key)) for key in keys.keys}
    key = published[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key)["sub"] == "principals/ada"


def test_a_key_is_named_by_its_thumbprint() -> None:
    key = web_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    assert key.kid == thumbprint(key.x, key.y)
    assert len(key.kid) == 43


def test_the_thumbprint_hashes_the_members_of_rfc_7638_in_their_order() -> None:
    text = '{"crv":"P-256","kty":"EC","x":"xx","y":"yy"}'
    wanted = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    assert thumbprint("xx", "yy") == wanted.decode()


def test_retired_keys_verify_after_the_one_in_use(tmp_path: Path) -> None:
    retired = tmp_path / "retired"
    retired.mkdir()
    old = write_private(tmp_path / "old.pem")
    write_public(retired / "2026-01.pem", old)
    new = write_private(tmp_path / "new.pem")
    write_public(retired / "2026-02.pem", new)
    keys = load_keys(tmp_path / "new.pem", retired)
    assert [key.kid for key in keys.keys] == [
        web_key(new.public_key()).kid,
        web_key(old.public_key()).kid,
    ]


def test_a_key_on_another_curve_is_refused(tmp_path: Path) -> None:
    write_private(tmp_path / "key.pem", ec.SECP384R1())
    with pytest.raises(KeyFileInvalid, match=r"key\.pem"):
        load_keys(tmp_path / "key.pem")
