"""What the auth area does when it starts, and what it tells the other processes."""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.integration.areas import bearer, reason, served
from tests.integration.auth.conftest import NODE_KEY, PASSWORD, Client, write_seed
from tests.integration.auth.test_tokens import refused

import quarterdeck_server.auth.wiring
from quarterdeck.api.auth.v1 import api_key_service_pb2 as keys_pb
from quarterdeck.api.auth.v1 import api_key_service_pb2_grpc as keys_rpc
from quarterdeck.api.auth.v1 import principal_service_pb2 as pb
from quarterdeck.api.auth.v1 import principal_service_pb2_grpc as rpc
from quarterdeck.api.auth.v1 import token_service_pb2_grpc as token_rpc
from quarterdeck_server.auth.wiring import SigningKeyMissing
from quarterdeck_server.settings import Settings

NEW_PASSWORD, NEW_KEY = "a password after a reset", "qd_demo-node_" + "z" * 43


@asynccontextmanager
async def started(settings, store, bus):
    async with served([quarterdeck_server.auth.wiring.open], settings, store, bus) as deck:
        yield Client(
            token_rpc.TokenServiceStub(deck.channel),
            rpc.PrincipalServiceStub(deck.channel),
            keys_rpc.ApiKeyServiceStub(deck.channel),
            None,
            deck,
        )


async def test_a_restart_with_the_same_seed_changes_nothing(settings, store, local_bus) -> None:
    async with started(settings, store, local_bus) as client:
        pair = await client.sign_in()
    rows = await store.fetch("SELECT * FROM auth.principal, auth.api_key")
    async with started(settings, store, local_bus) as client:
        assert await client.refresh(pair.refresh_token)
    assert await store.fetch("SELECT * FROM auth.principal, auth.api_key") == rows


async def test_a_password_changed_since_survives_the_restart(settings, store, local_bus) -> None:
    async with started(settings, store, local_bus) as client:
        admin = bearer((await client.sign_in()).access_token)
        request = pb.UpdatePrincipalRequest(name="principals/admin", password=NEW_PASSWORD)
        await client.principals.UpdatePrincipal(request, metadata=admin)
    async with started(settings, store, local_bus) as client:
        assert await client.sign_in(password=NEW_PASSWORD)
        assert reason(await refused(client.sign_in())) == "CREDENTIALS_INVALID"


async def test_secrets_that_the_installer_replaced_replace_the_old(
    settings: Settings, store, local_bus
) -> None:
    async with started(settings, store, local_bus) as client:
        person, machine = await client.sign_in(), await client.sign_in_with_key()
    write_seed(settings.auth.seed_file, NEW_PASSWORD, NEW_KEY)
    async with started(settings, store, local_bus) as client:
        assert await client.sign_in(password=NEW_PASSWORD)
        assert await client.sign_in_with_key(NEW_KEY)
        for call in (
            client.sign_in(password=PASSWORD),
            client.sign_in_with_key(NODE_KEY),
        ):
            assert reason(await refused(call)) == "CREDENTIALS_INVALID"
        for token in (person.refresh_token, machine.refresh_token):
            assert reason(await refused(client.refresh(token))) == "TOKEN_REVOKED"


async def test_a_seeded_key_that_was_revoked_stays_revoked(settings, store, local_bus) -> None:
    async with started(settings, store, local_bus) as client:
        admin = bearer((await client.sign_in()).access_token)
        request = keys_pb.RevokeApiKeyRequest(name="apiKeys/demo-node")
        await client.api_keys.RevokeApiKey(request, metadata=admin)
    async with started(settings, store, local_bus) as client:
        assert reason(await refused(client.sign_in_with_key())) == "CREDENTIALS_INVALID"


async def test_auth_does_not_start_without_a_key_to_sign_with(store, local_bus) -> None:
    with pytest.raises(SigningKeyMissing):
        async with started(Settings(), store, local_bus):
            pass


async def test_every_process_hears_again_and_again_what_was_revoked(
    settings, store, local_bus
) -> None:
    """A process that starts later misses nothing."""
    async with started(settings, store, local_bus) as client:
        admin = await client.sign_in()
        node = await client.caller((await client.sign_in_with_key()).access_token)
        request = pb.DisablePrincipalRequest(name=node.principal.name)
        await client.principals.DisablePrincipal(request, metadata=bearer(admin.access_token))
        async with asyncio.timeout(5), local_bus.subscribe(["_revocations"]) as batches:
            batch = await anext(batches)
    content = json.loads(batch.messages[0].payload)
    assert list(content["principals"]) == ["principals/demo-node"]
    assert len(content["sessions"]) == 1


async def test_what_was_revoked_long_ago_is_not_repeated(client, store) -> None:
    sessions = quarterdeck_server.auth.wiring.postgres_stores(store).sessions
    pair = await client.sign_in()
    caller = await client.deck.shared.authenticator.authenticate(pair.access_token)
    now_ns = client.deck.clock.now_ns()
    await sessions.revoke(caller.session, now_ns)
    assert caller.session in (await sessions.revocations(now_ns - 10**9, now_ns)).sessions
    later = now_ns + 3600 * 10**9
    assert not (await sessions.revocations(later - 910 * 10**9, later)).sessions


async def test_leftovers_are_deleted_and_living_sessions_kept(client, store) -> None:
    from quarterdeck_server.auth.store.leftovers import delete_leftovers

    pair, now_ns = await client.sign_in(), client.deck.clock.now_ns()
    await refused(client.sign_in("nobody"))
    await delete_leftovers(store, now_ns)
    assert await client.refresh(pair.refresh_token)
    await delete_leftovers(store, now_ns + 40 * 3600 * 10**9)
    for table in ("session", "refresh_token", "failure"):
        assert not await store.fetchval(f"SELECT count(*) FROM auth.{table}")  # noqa: S608


async def test_the_seed_file_names_the_entry_at_fault(settings, store, local_bus) -> None:
    write_seed(settings.auth.seed_file, key="not a key")
    with pytest.raises(Exception, match=r"principals\[1\].api_key must have the form"):
        async with started(settings, store, local_bus):
            pass
    assert isinstance(settings.auth.seed_file, Path)
