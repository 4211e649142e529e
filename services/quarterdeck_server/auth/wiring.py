"""Opens the auth area."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from quarterdeck.api.auth.v1 import (
    api_key_service_pb2,
    api_key_service_pb2_grpc,
    audit_service_pb2,
    audit_service_pb2_grpc,
    principal_service_pb2,
    principal_service_pb2_grpc,
    token_service_pb2,
    token_service_pb2_grpc,
)
from quarterdeck_server.auth.broadcast import RevocationBroadcast
from quarterdeck_server.auth.domain.seed import parse_seeds
from quarterdeck_server.auth.jobs.cleanup import clean_up
from quarterdeck_server.auth.jobs.seeding import plant
from quarterdeck_server.auth.keys import KeyRing, load_keys
from quarterdeck_server.auth.passwords import Passwords
from quarterdeck_server.auth.ports import Stores
from quarterdeck_server.auth.servicers.api_key import ApiKeyServicer
from quarterdeck_server.auth.servicers.audit import AuditServicer
from quarterdeck_server.auth.servicers.principal import PrincipalServicer
from quarterdeck_server.auth.servicers.token import TokenServicer
from quarterdeck_server.auth.sign_in import Lifetimes, SignIn
from quarterdeck_server.auth.store import postgres_stores
from quarterdeck_server.kernel.time import MICROSECOND_NS
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.settings import AuthSettings, Settings


class SigningKeyMissing(Exception):
    """The auth area cannot sign tokens without a key."""

    def __init__(self) -> None:
        super().__init__("QUARTERDECK_AUTH__SIGNING_KEY_FILE must name an ES256 private key (PEM)")


@asynccontextmanager
async def open(  # noqa: A001 - every area opens by this word
    settings: Settings, shared: Shared
) -> AsyncIterator[Sequence[Service]]:
    """Read the keys, plant the seeds, start the broadcast and offer the services."""
    stores = postgres_stores(shared.postgres)
    passwords = await shared.compute.thread(Passwords, shared.compute)
    keys = await shared.compute.thread(_keys, settings.auth)
    lifetimes = _lifetimes(settings.auth)
    await _plant_seeds(settings.auth, stores, passwords, shared)
    broadcast = RevocationBroadcast(stores.sessions, shared.bus, shared.clock, lifetimes.access_ns)
    shared.background.start("auth-revocations", broadcast.repeat)
    shared.background.start("auth-cleanup", lambda: clean_up(shared.postgres, shared.clock))
    sign_in = SignIn(stores, passwords, keys, lifetimes, shared.clock)
    yield _services(
        TokenServicer(stores, sign_in, keys, broadcast, shared.clock),
        PrincipalServicer(stores.principals, passwords, broadcast, shared.clock),
        ApiKeyServicer(stores, broadcast, shared.clock),
        AuditServicer(stores.audit, shared.clock),
    )


async def _plant_seeds(
    settings: AuthSettings, stores: Stores, passwords: Passwords, shared: Shared
) -> None:
    if settings.seed_file is None:
        return
    text = await shared.compute.thread(settings.seed_file.read_text, encoding="utf-8")
    now_ns = shared.clock.now_ns()
    await plant(parse_seeds(text, now_ns), stores.seeds, passwords, now_ns)


def _keys(settings: AuthSettings) -> KeyRing:
    if settings.signing_key_file is None:
        raise SigningKeyMissing
    return load_keys(settings.signing_key_file, settings.retired_keys_folder)


def _lifetimes(settings: AuthSettings) -> Lifetimes:
    return Lifetimes(_ns(settings.access_token_lifetime), _ns(settings.refresh_token_lifetime))


def _ns(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1) * MICROSECOND_NS


def _services(
    token: TokenServicer,
    principal: PrincipalServicer,
    api_key: ApiKeyServicer,
    audit: AuditServicer,
) -> list[Service]:
    return [
        Service(
            token_service_pb2.DESCRIPTOR.services_by_name["TokenService"].full_name,
            lambda server: token_service_pb2_grpc.add_TokenServiceServicer_to_server(token, server),
        ),
        Service(
            principal_service_pb2.DESCRIPTOR.services_by_name["PrincipalService"].full_name,
            lambda server: principal_service_pb2_grpc.add_PrincipalServiceServicer_to_server(
                principal, server
            ),
        ),
        Service(
            api_key_service_pb2.DESCRIPTOR.services_by_name["ApiKeyService"].full_name,
            lambda server: api_key_service_pb2_grpc.add_ApiKeyServiceServicer_to_server(
                api_key, server
            ),
        ),
        Service(
            audit_service_pb2.DESCRIPTOR.services_by_name["AuditService"].full_name,
            lambda server: audit_service_pb2_grpc.add_AuditServiceServicer_to_server(audit, server),
        ),
    ]
