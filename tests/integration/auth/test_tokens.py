"""Sign-in, refresh and revocation against a real database."""

import asyncio

import grpc
import jwt
import pytest
from tests.integration.areas import bearer, info, reason

from quarterdeck.api.auth.v1 import audit_service_pb2 as audit_pb
from quarterdeck.api.auth.v1 import permission_pb2
from quarterdeck.api.auth.v1 import token_service_pb2 as pb


async def refused(call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def ends_with(client, token: str, why: str) -> None:
    """Wait until a token is refused, for at most the time the contract allows."""
    error = None
    async with asyncio.timeout(5):
        while error is None:
            error = await _refusal(client, token)
    assert reason(error) == why


async def _first(store, sql: str):
    """Wait for the first row of a query."""
    rows = []
    async with asyncio.timeout(5):
        while not rows:
            rows = await store.fetch(sql)
    return rows[0]


async def _refusal(client, token: str) -> grpc.aio.AioRpcError | None:
    try:
        await client.caller(token)
    except grpc.aio.AioRpcError as error:
        return error
    await asyncio.sleep(0.02)
    return None


async def test_a_password_opens_a_session_that_knows_its_principal(client) -> None:
    pair = await client.sign_in()
    answer = await client.caller(pair.access_token)
    assert answer.principal.name == "principals/admin"
    assert permission_pb2.PERMISSION_AUTH_MANAGE in answer.permissions
    assert answer.expire_time == pair.access_expire_time


async def test_an_api_key_opens_a_session_within_the_scope_of_its_machine(client) -> None:
    pair = await client.sign_in_with_key()
    answer = await client.caller(pair.access_token)
    assert list(answer.principal.accounts) == ["SIM-001"]
    assert permission_pb2.PERMISSION_AUTH_MANAGE not in answer.permissions


async def test_anybody_can_verify_an_access_token_with_the_published_keys(client) -> None:
    """Only RFC 7515, 7517 and 7519 are needed, no code of the deck."""
    token = (await client.sign_in()).access_token
    key = (await client.tokens.GetJwks(pb.GetJwksRequest())).keys[0]
    members = {name: getattr(key, name) for name in ("kty", "kid", "use", "alg", "crv", "x", "y")}
    assert jwt.get_unverified_header(token)["kid"] == key.kid
    claims = jwt.decode(token, jwt.PyJWK(members), audience="quarterdeck", issuer="quarterdeck")
    assert claims["sub"] == "principals/admin"


@pytest.mark.parametrize(("name", "password"), [("admin", "wrong"), ("nobody", "wrong")])
async def test_a_wrong_password_and_an_unknown_name_are_refused_alike(
    client, name: str, password: str
) -> None:
    error = await refused(client.sign_in(name, password))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert reason(error) == "CREDENTIALS_INVALID"


@pytest.mark.parametrize(
    "key", ["x", "qd_demo-node_" + "m" * 43, "qd_unknown_" + "n" * 43, "qd_demo-node_short"]
)
async def test_a_wrong_api_key_is_refused(client, key: str) -> None:
    assert reason(await refused(client.sign_in_with_key(key))) == "CREDENTIALS_INVALID"


async def test_too_many_failures_make_everybody_wait_who_tries_that_name(client) -> None:
    for _ in range(5):
        await refused(client.sign_in("admin", "wrong"))
    error = await refused(client.sign_in())
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert info(error).reason == "LIMIT_EXCEEDED"
    client.deck.clock.ahead_s = 3
    assert await client.sign_in()


async def test_a_success_forgets_the_failures_before_it(client) -> None:
    for _ in range(2):
        for _ in range(4):
            await refused(client.sign_in("admin", "wrong"))
        assert await client.sign_in()


async def test_a_refresh_token_gives_a_new_pair_of_the_same_session(client) -> None:
    first = await client.sign_in()
    second = await client.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert second.refresh_expire_time == first.refresh_expire_time
    assert await client.caller(second.access_token)


async def test_using_a_refresh_token_twice_ends_the_session_of_both_users(client) -> None:
    first = await client.sign_in()
    second = await client.refresh(first.refresh_token)
    assert reason(await refused(client.refresh(first.refresh_token))) == "TOKEN_REVOKED"
    assert reason(await refused(client.refresh(second.refresh_token))) == "TOKEN_REVOKED"
    await ends_with(client, second.access_token, "TOKEN_REVOKED")


async def test_of_two_refreshes_at_once_only_one_succeeds(client) -> None:
    pair = await client.sign_in()
    answers = await asyncio.gather(
        *(client.refresh(pair.refresh_token) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(answer, pb.TokenPair) for answer in answers) == 1


async def test_a_made_up_refresh_token_is_invalid(client) -> None:
    assert reason(await refused(client.refresh("qdr_" + "x" * 43))) == "TOKEN_INVALID"


async def test_a_session_cannot_be_renewed_beyond_its_lifetime(client) -> None:
    pair = await client.sign_in()
    client.deck.clock.ahead_s = 12 * 3600 + 1
    assert reason(await refused(client.refresh(pair.refresh_token))) == "TOKEN_EXPIRED"


async def test_an_access_token_expires(client) -> None:
    pair = await client.sign_in()
    client.deck.clock.ahead_s = 15 * 60 + 1
    assert reason(await refused(client.caller(pair.access_token))) == "TOKEN_EXPIRED"


async def test_signing_out_ends_the_session_and_no_other(client) -> None:
    mine, other = await client.sign_in(), await client.sign_in()
    await client.tokens.RevokeToken(pb.RevokeTokenRequest(), metadata=bearer(mine.access_token))
    await ends_with(client, mine.access_token, "TOKEN_REVOKED")
    assert reason(await refused(client.refresh(mine.refresh_token))) == "TOKEN_REVOKED"
    assert await client.caller(other.access_token)


async def test_sign_ins_are_audited_with_the_name_that_was_tried(client, store) -> None:
    await refused(client.sign_in("mallory", "wrong"))
    # A refused call is answered before its record is stored.
    row = await _first(store, "SELECT * FROM audit.log")
    assert row["subject"] == "principals/mallory"
    assert "UNAUTHENTICATED" in row["payload"]
    assert "wrong" not in row["payload"]


async def test_a_stream_ends_soon_after_its_session(client) -> None:
    pair, other = await client.sign_in(), await client.sign_in()
    request = audit_pb.WatchAuditEventsRequest()
    streams = [
        client.audit.WatchAuditEvents(request, metadata=bearer(one.access_token))
        for one in (pair, other)
    ]
    for stream in streams:
        await stream.read()
    await client.tokens.RevokeToken(pb.RevokeTokenRequest(), metadata=bearer(pair.access_token))
    async with asyncio.timeout(5):
        error = await refused(_drained(streams[0]))
    assert reason(error) == "TOKEN_REVOKED"
    assert not streams[1].done()
    streams[1].cancel()


async def _drained(stream) -> None:
    while await stream.read() is not grpc.aio.EOF:
        pass
