"""A whole deck in this process: every area on a real PostgreSQL and a real Valkey."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import grpc
import jwt
import pytest_asyncio
from tests.conftest import Servers
from tests.vendors import settings_at

from quarterdeck.api.auth.v1 import token_service_pb2 as tokens_pb
from quarterdeck.api.auth.v1 import token_service_pb2_grpc as tokens_rpc
from quarterdeck_server.app import serve
from quarterdeck_server.settings import Settings

ROLES = (
    *("VIEWER", "TRADER", "STRATEGIST", "RISK_MANAGER", "APPROVER"),
    *("OPERATOR", "ADMIN", "NODE", "PUBLISHER"),
)
PASSWORD = "correct horse battery"
ACCOUNT = "SIM-001"


@dataclass(frozen=True, slots=True)
class Deck:
    """Where the deck answers, and an access token for each role."""

    address: str
    channel: grpc.aio.Channel
    tokens: Mapping[str, str]
    key: bytes
    folder: Path

    def metadata(self, role: str = "ADMIN") -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.tokens[role]}"),)

    def bare_metadata(self) -> tuple[tuple[str, str], ...]:
        """A token that the deck could have signed, without any permission."""
        claims = jwt.decode(self.tokens["VIEWER"], options={"verify_signature": False})
        header = jwt.get_unverified_header(self.tokens["VIEWER"])
        bare = jwt.encode(claims | {"perms": []}, self.key, "ES256", headers=header)
        return (("authorization", f"Bearer {bare}"),)


def seeds() -> dict[str, object]:
    """One person for each role; the node is confined to one account."""
    people = [
        {
            "id": role.lower().replace("_", "-"),
            "kind": "PERSON",
            "roles": [role],
            "accounts": [ACCOUNT] if role == "NODE" else ["*"],
            "strategies": ["*"],
            "password": PASSWORD,
        }
        for role in ROLES
    ]
    return {"principals": people}


def settings_for(folder: Path, servers: Servers, database: str, vendor_url: str) -> Settings:
    """The settings of a deck on a database of its own."""
    (folder / "seed.json").write_text(json.dumps(seeds()))
    subprocess.run(
        [sys.executable, "-c", MAKE_KEY, str(folder / "key.pem")],
        check=True,
    )
    (folder / "replay").mkdir()
    return Settings.model_validate(
        {
            "data_dir": folder,
            "postgres": {"dsn": servers.database(database)},
            "redis": {"url": servers.redis_url, "stream": f"contract:{database}"},
            "server": {"listen": "127.0.0.1:0", "grace": 0.2},
            "auth": {"signing_key_file": folder / "key.pem", "seed_file": folder / "seed.json"},
            "marketdata": {
                **settings_at(vendor_url),
                "replay": {
                    "folder": folder / "replay",
                    "start_time": datetime(2012, 1, 3, tzinfo=UTC),
                    "seconds_per_day": 0.5,
                },
            },
            "log": {"level": "error"},
        }
    )


MAKE_KEY = """
import sys
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import serialization as s
key = ec.generate_private_key(ec.SECP256R1())
open(sys.argv[1], "wb").write(
    key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()))
"""


async def sign_in(channel: grpc.aio.Channel, principal: str) -> str:
    credential = tokens_pb.PasswordCredential(principal_id=principal, password=PASSWORD)
    request = tokens_pb.IssueTokenRequest(password=credential)
    return (await tokens_rpc.TokenServiceStub(channel).IssueToken(request)).tokens.access_token


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def deck(
    servers: Servers, template: str, vendor_url: str, tmp_path_factory
) -> AsyncIterator[Deck]:
    """The deck, for the whole session."""
    connection = await asyncpg.connect(servers.dsn)
    await connection.execute(f"CREATE DATABASE contract TEMPLATE {template}")
    await connection.close()
    settings = settings_for(tmp_path_factory.mktemp("contract"), servers, "contract", vendor_url)
    async with serve(settings) as address, grpc.aio.insecure_channel(address) as channel:
        names = {role: role.lower().replace("_", "-") for role in ROLES}
        found = {role: await sign_in(channel, name) for role, name in names.items()}
        key = settings.auth.signing_key_file
        assert key is not None
        yield Deck(address, channel, found, key.read_bytes(), settings.data_dir)
