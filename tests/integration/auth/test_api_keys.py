"""API keys against a real database."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.integration.areas import info, reason
from tests.integration.auth.test_tokens import ends_with, refused

from quarterdeck.api.auth.v1 import api_key_service_pb2 as pb

NODE = "principals/demo-node"


async def create(client, admin, principal: str = NODE, **fields) -> pb.CreateApiKeyResponse:
    request = pb.CreateApiKeyRequest(principal=principal, **fields)
    return await client.api_keys.CreateApiKey(request, metadata=admin)


async def rotate(client, admin, name: str, overlap: int = 0) -> pb.RotateApiKeyResponse:
    request = pb.RotateApiKeyRequest(name=name, overlap_seconds=overlap)
    return await client.api_keys.RotateApiKey(request, metadata=admin)


async def revoke(client, admin, name: str) -> pb.RevokeApiKeyResponse:
    request = pb.RevokeApiKeyRequest(name=name)
    return await client.api_keys.RevokeApiKey(request, metadata=admin)


async def listed(client, admin, **fields) -> pb.ListApiKeysResponse:
    return await client.api_keys.ListApiKeys(pb.ListApiKeysRequest(**fields), metadata=admin)


async def test_a_created_key_signs_its_machine_in(client, admin) -> None:
    made = await create(client, admin, display_name="lab")
    answer = await client.caller((await client.sign_in_with_key(made.secret)).access_token)
    assert answer.principal.name == NODE


async def test_the_secret_is_shown_once_and_stored_as_a_hash(client, admin, store) -> None:
    made = await create(client, admin)
    assert made.secret.startswith(made.api_key.prefix)
    assert len(made.secret) - len(made.api_key.prefix) >= 39
    rows = await store.fetch("SELECT api_key::text FROM auth.api_key")
    assert not any(made.secret in row[0] for row in rows)


async def test_using_a_key_is_remembered(client, admin) -> None:
    made = await create(client, admin)
    await client.sign_in_with_key(made.secret)
    key = next(k for k in (await listed(client, admin)).api_keys if k.name == made.api_key.name)
    assert key.HasField("last_use_time")


async def test_a_key_stops_working_when_it_expires(client, admin) -> None:
    end = datetime.now(UTC) + timedelta(minutes=5)
    made = await create(client, admin, expire_time=end)
    pair = await client.sign_in_with_key(made.secret)
    assert pair.access_expire_time.ToDatetime(UTC) <= end
    client.deck.clock.ahead_s = 301
    assert reason(await refused(client.sign_in_with_key(made.secret))) == "CREDENTIALS_INVALID"


async def test_a_key_cannot_begin_expired(client, admin) -> None:
    error = await refused(create(client, admin, expire_time=Timestamp(seconds=1)))
    assert info(error).metadata["field"] == "expire_time"


async def test_people_have_no_keys(client, admin) -> None:
    error = await refused(create(client, admin, principal="principals/admin"))
    assert info(error).metadata["field"] == "principal"


async def test_a_key_needs_a_principal_that_exists(client, admin) -> None:
    error = await refused(create(client, admin, principal="principals/nobody"))
    assert error.code() is grpc.StatusCode.NOT_FOUND


async def test_keys_are_listed_page_by_page_also_of_one_principal(client, admin) -> None:
    for _ in range(3):
        await create(client, admin)
    first = await listed(client, admin, principal=NODE, page_size=3)
    rest = await listed(client, admin, principal=NODE, page_token=first.next_page_token)
    names = [key.name for key in (*first.api_keys, *rest.api_keys)]
    assert names == sorted(set(names))
    assert len(names) == 4
    assert not (await listed(client, admin, principal="principals/admin")).api_keys


async def test_a_page_token_belongs_to_its_query(client, admin) -> None:
    await create(client, admin)
    first = await listed(client, admin, principal=NODE, page_size=1)
    error = await refused(listed(client, admin, page_token=first.next_page_token))
    assert reason(error) == "PAGE_TOKEN_INVALID"


async def test_a_revoked_key_ends_the_sessions_it_opened(client, admin) -> None:
    made = await create(client, admin)
    pair = await client.sign_in_with_key(made.secret)
    first = await revoke(client, admin, made.api_key.name)
    await ends_with(client, pair.access_token, "TOKEN_REVOKED")
    assert reason(await refused(client.refresh(pair.refresh_token))) == "TOKEN_REVOKED"
    assert reason(await refused(client.sign_in_with_key(made.secret))) == "CREDENTIALS_INVALID"
    assert await revoke(client, admin, made.api_key.name) == first


async def test_a_rotated_key_gives_way_to_its_successor_at_once(client, admin) -> None:
    made = await create(client, admin, display_name="lab")
    pair = await client.sign_in_with_key(made.secret)
    successor = await rotate(client, admin, made.api_key.name)
    assert successor.api_key.display_name == "lab"
    assert await client.sign_in_with_key(successor.secret)
    await ends_with(client, pair.access_token, "TOKEN_REVOKED")
    assert reason(await refused(client.sign_in_with_key(made.secret))) == "CREDENTIALS_INVALID"


async def test_within_the_overlap_both_keys_work_and_then_only_the_successor(client, admin) -> None:
    made = await create(client, admin)
    pair = await client.sign_in_with_key(made.secret)
    successor = await rotate(client, admin, made.api_key.name, overlap=60)
    assert await client.sign_in_with_key(made.secret)
    assert await client.caller(pair.access_token)
    client.deck.clock.ahead_s = 61
    await ends_with(client, pair.access_token, "TOKEN_REVOKED")
    assert reason(await refused(client.sign_in_with_key(made.secret))) == "CREDENTIALS_INVALID"
    assert await client.sign_in_with_key(successor.secret)


async def test_a_revoked_key_has_no_successor(client, admin) -> None:
    made = await create(client, admin)
    await revoke(client, admin, made.api_key.name)
    error = await refused(rotate(client, admin, made.api_key.name))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize("call", [rotate, revoke])
async def test_an_unknown_key_is_not_found(client, admin, call) -> None:
    assert reason(await refused(call(client, admin, "apiKeys/none"))) == "RESOURCE_NOT_FOUND"
