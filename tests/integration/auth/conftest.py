"""A served auth area with an admin and a node, and clients that are signed in."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import profiles
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.integration.areas import Deck, bearer, served

import quarterdeck_server.auth.wiring
from quarterdeck.api.auth.v1 import api_key_service_pb2_grpc as api_key_rpc
from quarterdeck.api.auth.v1 import audit_service_pb2_grpc as audit_rpc
from quarterdeck.api.auth.v1 import principal_service_pb2_grpc as principal_rpc
from quarterdeck.api.auth.v1 import token_service_pb2 as pb
from quarterdeck.api.auth.v1 import token_service_pb2_grpc as token_rpc
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.settings import AuthSettings, Settings

PASSWORD = "correct horse battery staple"
NODE_KEY = "qd_demo-node_" + "n" * 43


@dataclass(frozen=True)
class Client:
    """The stubs of the auth area, and the calls that tests make most."""

    tokens: Any
    principals: Any
    api_keys: Any
    audit: Any
    deck: Deck

    async def sign_in(self, name: str = "admin", password: str = PASSWORD) -> pb.TokenPair:
        credential = pb.PasswordCredential(principal_id=name, password=password)
        request = pb.IssueTokenRequest(password=credential)
        return (await self.tokens.IssueToken(request)).tokens

    async def sign_in_with_key(self, key: str = NODE_KEY) -> pb.TokenPair:
        return (await self.tokens.IssueToken(pb.IssueTokenRequest(api_key=key))).tokens

    async def refresh(self, token: str) -> pb.TokenPair:
        request = pb.RefreshTokenRequest(refresh_token=token)
        return (await self.tokens.RefreshToken(request)).tokens

    async def caller(self, token: str) -> pb.GetCallerResponse:
        return await self.tokens.GetCaller(pb.GetCallerRequest(), metadata=bearer(token))


def write_seed(file: Path, password: str = PASSWORD, key: str = NODE_KEY) -> None:
    """Write what an installer would."""
    everything = {"accounts": ["*"], "strategies": ["*"]}
    admin = {"id": "admin", "kind": "PERSON", "roles": ["ADMIN"], "password": password}
    node = {"id": "demo-node", "kind": "MACHINE", "roles": ["NODE"], "api_key": key}
    principals = [{**admin, **everything}, {**node, **everything, "accounts": ["SIM-001"]}]
    file.write_text(json.dumps({"principals": principals}))


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the library's parameters for tests: the real ones take 64 MiB and a while."""
    monkeypatch.setattr("quarterdeck_server.auth.passwords.PARAMETERS", profiles.CHEAPEST)


@pytest.fixture(autouse=True)
def swift_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell of revocations, and look for them, more often than a deck does."""
    monkeypatch.setattr("quarterdeck_server.auth.broadcast.INTERVAL_S", 0.2)
    monkeypatch.setattr("quarterdeck_server.runtime.live.CHECK_PAUSE_S", 0.1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a signing key and a seed of their own."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "signing.pem").write_bytes(pem)
    write_seed(tmp_path / "seed.json")
    auth = AuthSettings(signing_key_file=tmp_path / "signing.pem", seed_file=tmp_path / "seed.json")
    return Settings(auth=auth)


@pytest.fixture
async def client(settings: Settings, store: Postgres, local_bus: LocalBus) -> AsyncIterator[Client]:
    """A client of a served auth area."""
    area = quarterdeck_server.auth.wiring.open
    async with served([area], settings, store, local_bus) as deck:
        yield Client(
            token_rpc.TokenServiceStub(deck.channel),
            principal_rpc.PrincipalServiceStub(deck.channel),
            api_key_rpc.ApiKeyServiceStub(deck.channel),
            audit_rpc.AuditServiceStub(deck.channel),
            deck,
        )


@pytest.fixture
async def admin(client: Client) -> tuple[tuple[str, str], ...]:
    """The metadata of the admin's calls."""
    return bearer((await client.sign_in()).access_token)
