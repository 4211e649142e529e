"""Connections can be encrypted, and only to whom an authority vouches for."""

import datetime as dt
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.unit.sdk.deck import deck as make_deck

from quarterdeck import AsyncClient, Unavailable
from quarterdeck.api.auth.v1.token_service_pb2_grpc import add_TokenServiceServicer_to_server
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import (
    add_InstrumentServiceServicer_to_server,
)


def certificate() -> tuple[bytes, bytes]:
    """A key and a certificate for this machine that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, pkcs8, plain), made.public_bytes(pem)


@pytest.fixture
async def secured() -> AsyncIterator[tuple[str, bytes]]:
    key, chain = certificate()
    deck = make_deck()
    server = grpc.aio.server()
    add_TokenServiceServicer_to_server(deck.auth, server)
    add_InstrumentServiceServicer_to_server(deck.instruments, server)
    credentials = grpc.ssl_server_credentials([(key, chain)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    yield f"localhost:{port}", chain
    await server.stop(None)


async def test_a_deck_with_a_certificate_is_reached_encrypted(secured: tuple[str, bytes]) -> None:
    address, authority = secured
    async with AsyncClient(address, api_key="key", ca_certificate=authority) as client:
        await client.instruments.get_instrument(instrument="AAPL.XNAS")


async def test_a_deck_that_nobody_vouches_for_gets_no_key(secured: tuple[str, bytes]) -> None:
    address, _ = secured
    async with AsyncClient(f"https://{address}", api_key="key", timeout=1.0) as client:
        with pytest.raises(Unavailable):
            await client.instruments.get_instrument(instrument="AAPL.XNAS")
