"""Managing people and machines against a real database."""

import grpc
import pytest
from tests.integration.areas import bearer, info, reason
from tests.integration.auth.conftest import PASSWORD
from tests.integration.auth.test_tokens import ends_with, refused

from quarterdeck.api.auth.v1 import principal_pb2
from quarterdeck.api.auth.v1 import principal_service_pb2 as pb

PERSON = principal_pb2.PRINCIPAL_KIND_PERSON
MACHINE = principal_pb2.PRINCIPAL_KIND_MACHINE
VIEWER, ADMIN = principal_pb2.ROLE_VIEWER, principal_pb2.ROLE_ADMIN
NEW_PASSWORD = "another long password"


def ada(**fields) -> pb.CreatePrincipalRequest:
    given = {"principal_id": "ada", "kind": PERSON, "roles": [VIEWER], "password": PASSWORD}
    return pb.CreatePrincipalRequest(**{**given, **fields})


async def create(client, admin, **fields) -> principal_pb2.Principal:
    return (await client.principals.CreatePrincipal(ada(**fields), metadata=admin)).principal


async def update(client, admin, name="principals/ada", **fields) -> principal_pb2.Principal:
    request = pb.UpdatePrincipalRequest(name=name, **fields)
    return (await client.principals.UpdatePrincipal(request, metadata=admin)).principal


async def disable(client, admin, name: str) -> principal_pb2.Principal:
    request = pb.DisablePrincipalRequest(name=name)
    return (await client.principals.DisablePrincipal(request, metadata=admin)).principal


async def test_a_created_person_can_sign_in(client, admin) -> None:
    made = await create(client, admin, accounts=["SIM-001"], display_name="Ada Lovelace")
    answer = await client.caller((await client.sign_in("ada")).access_token)
    assert answer.principal == made


async def test_a_name_is_given_once(client, admin) -> None:
    await create(client, admin)
    error = await refused(create(client, admin))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS
    assert info(error).metadata["name"] == "principals/ada"


async def test_repeating_a_request_returns_what_it_made(client, admin) -> None:
    made = await create(client, admin, request_id="r1")
    assert await create(client, admin, request_id="r1") == made


async def test_a_request_id_stands_for_one_request(client, admin) -> None:
    await create(client, admin, request_id="r1")
    error = await refused(create(client, admin, request_id="r1", display_name="Other"))
    assert info(error).reason == "REQUEST_ID_REUSED"
    assert info(error).metadata["field"] == "request_id"


async def test_a_request_id_is_forgotten_after_a_day(client, admin) -> None:
    await create(client, admin, request_id="r1")
    client.deck.clock.ahead_s = 24 * 3600 + 1
    later = bearer((await client.sign_in()).access_token)
    assert reason(await refused(create(client, later, request_id="r1"))) == "RESOURCE_EXISTS"


async def test_a_machine_has_no_password(client, admin) -> None:
    error = await refused(create(client, admin, kind=MACHINE))
    assert info(error).metadata["field"] == "password"


async def test_an_empty_scope_names_its_place(client, admin) -> None:
    error = await refused(create(client, admin, accounts=["SIM-001", ""]))
    assert info(error).metadata["field"] == "accounts[1]"


async def test_principals_are_listed_by_name_page_by_page(client, admin) -> None:
    for name in ("carol", "bob", "ada"):
        await create(client, admin, principal_id=name)
    names, token = [], ""
    while True:
        request = pb.ListPrincipalsRequest(page_size=2, page_token=token)
        answer = await client.principals.ListPrincipals(request, metadata=admin)
        names += [principal.name.removeprefix("principals/") for principal in answer.principals]
        if not (token := answer.next_page_token):
            break
    assert names == ["ada", "admin", "bob", "carol", "demo-node"]


async def test_an_update_changes_the_given_fields_alone(client, admin) -> None:
    made = await create(client, admin, accounts=["SIM-001"])
    changed = await update(client, admin, roles=pb.RoleList(values=[ADMIN]))
    assert list(changed.roles) == [ADMIN]
    assert list(changed.accounts) == ["SIM-001"]
    assert changed.etag != made.etag


async def test_an_update_of_an_older_version_is_refused(client, admin) -> None:
    made = await create(client, admin)
    await update(client, admin, display_name="Ada", etag=made.etag)
    error = await refused(update(client, admin, display_name="Grace", etag=made.etag))
    assert error.code() is grpc.StatusCode.ABORTED
    assert reason(error) == "ETAG_MISMATCH"


async def test_new_rights_count_from_the_next_refresh_on(client, admin) -> None:
    await create(client, admin)
    pair = await client.sign_in("ada")
    before = len((await client.caller(pair.access_token)).permissions)
    await update(client, admin, roles=pb.RoleList(values=[ADMIN]))
    assert len((await client.caller(pair.access_token)).permissions) == before
    renewed = await client.refresh(pair.refresh_token)
    assert len((await client.caller(renewed.access_token)).permissions) > before


async def test_a_new_password_ends_the_sessions_of_the_old_one(client, admin) -> None:
    await create(client, admin)
    pair = await client.sign_in("ada")
    await update(client, admin, password=NEW_PASSWORD)
    await ends_with(client, pair.access_token, "TOKEN_REVOKED")
    assert await client.sign_in("ada", NEW_PASSWORD)
    assert reason(await refused(client.sign_in("ada"))) == "CREDENTIALS_INVALID"


async def test_a_disabled_principal_is_out_at_once_and_stays_out(client, admin) -> None:
    await create(client, admin)
    pair = await client.sign_in("ada")
    assert (await disable(client, admin, "principals/ada")).disabled
    await ends_with(client, pair.access_token, "TOKEN_REVOKED")
    assert reason(await refused(client.refresh(pair.refresh_token))) == "TOKEN_REVOKED"
    assert reason(await refused(client.sign_in("ada"))) == "CREDENTIALS_INVALID"


async def test_the_last_admin_can_be_neither_disabled_nor_degraded(client, admin) -> None:
    viewer = pb.RoleList(values=[VIEWER])
    for call in (
        disable(client, admin, "principals/admin"),
        update(client, admin, "principals/admin", roles=viewer),
    ):
        error = await refused(call)
        assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert info(error).metadata["subject"] == "principals/admin"


async def test_with_a_second_admin_the_first_may_go(client, admin) -> None:
    await create(client, admin, roles=[ADMIN])
    assert (await disable(client, admin, "principals/admin")).disabled


@pytest.mark.parametrize("call", [update, disable])
async def test_an_unknown_principal_is_not_found(client, admin, call) -> None:
    error = await refused(call(client, admin, name="principals/nobody"))
    assert info(error).metadata["name"] == "principals/nobody"


async def test_managing_needs_the_permission(client) -> None:
    node = bearer((await client.sign_in_with_key()).access_token)
    error = await refused(create(client, node))
    assert info(error).metadata["permission"] == "AUTH_MANAGE"
