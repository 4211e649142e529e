"""The rules of access that need no storage."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.auth.domain import principal as principals
from quarterdeck_server.auth.domain import secret as secrets_of
from quarterdeck_server.auth.domain.api_key import ApiKey, check_owner, earlier, lifetime_until
from quarterdeck_server.auth.domain.principal import Principal, PrincipalKind, PrincipalPatch
from quarterdeck_server.auth.domain.request import RequestIdReused, RequestKey, check_same, digest
from quarterdeck_server.auth.domain.revocation import Revocations, encode
from quarterdeck_server.auth.domain.role import Role
from quarterdeck_server.auth.domain.session import (
    Session,
    Verdict,
    access_expiry_s,
    claims,
    judge_refresh,
)
from quarterdeck_server.auth.domain.throttle import (
    FREE_FAILURES,
    LONGEST_PAUSE_S,
    Failures,
    TooManyFailures,
    check_may_try,
    pause_s,
)
from quarterdeck_server.kernel.errors import InvalidField, NotPossibleNow
from quarterdeck_server.kernel.time import NS

ADA = Principal(
    id="ada",
    display_name="Ada",
    kind=PrincipalKind.PERSON,
    roles=(Role.ADMIN,),
    accounts=("SIM-001",),
    strategies=("*",),
    create_time_ns=0,
)
SESSION = Session(id="s", principal="ada", create_time_ns=0, expire_time_ns=100 * NS)


def test_a_patch_changes_what_it_names_and_the_etag() -> None:
    changed = principals.patched(ADA, PrincipalPatch(accounts=("SIM-002",)))
    assert changed == replace(ADA, accounts=("SIM-002",), version=2)


def test_a_patch_may_empty_a_scope() -> None:
    assert principals.patched(ADA, PrincipalPatch(accounts=())).accounts == ()


def test_a_patch_for_another_version_is_refused() -> None:
    with pytest.raises(principals.PrincipalChanged):
        principals.patched(ADA, PrincipalPatch(etag="0"))


def test_disabling_twice_changes_nothing_more() -> None:
    once = principals.disabled(ADA)
    assert principals.disabled(once) is once


def test_the_last_admin_must_remain() -> None:
    gone = principals.disabled(ADA)
    with pytest.raises(principals.LastAdmin):
        principals.check_admin_remains(ADA, gone, other_admins=0)
    principals.check_admin_remains(ADA, gone, other_admins=1)
    principals.check_admin_remains(gone, gone, other_admins=0)


@pytest.mark.parametrize("part", ["", " SIM", "SIM\n", "a\0b"])
def test_a_scope_of_no_identifier_is_refused(part: str) -> None:
    with pytest.raises(InvalidField, match=r"accounts\[1\]"):
        replace(ADA, accounts=("SIM-001", part))


def test_scopes_must_fit_into_a_token() -> None:
    with pytest.raises(InvalidField, match="accounts"):
        replace(ADA, accounts=tuple(f"SIM-{number:05}" for number in range(400)))


def test_a_machine_gets_keys_and_a_person_a_password() -> None:
    machine = replace(ADA, kind=PrincipalKind.MACHINE)
    check_owner(machine)
    principals.check_password_fits(PrincipalKind.PERSON, "secret")
    with pytest.raises(InvalidField, match="principal"):
        check_owner(ADA)
    with pytest.raises(InvalidField, match="password"):
        principals.check_password_fits(PrincipalKind.MACHINE, "secret")
    with pytest.raises(NotPossibleNow):
        check_owner(principals.disabled(machine))


@given(st.from_regex(r"[a-z0-9-]{1,63}", fullmatch=True), st.binary(min_size=32, max_size=32))
def test_a_key_that_was_composed_is_recognised(identifier: str, data: bytes) -> None:
    key = secrets_of.api_key(identifier, data.hex())
    assert secrets_of.parse_api_key(key.text) == key


@given(st.text(max_size=80))
def test_other_text_is_no_key_and_no_error(text: str) -> None:
    assert secrets_of.parse_api_key(text) is None


def test_the_prefix_of_a_key_leaves_its_secret_unknown() -> None:
    key = secrets_of.api_key("lab", "s" * 43)
    assert key.prefix == "qd_lab_ssss"


def test_a_key_works_until_it_expires_or_is_revoked() -> None:
    key = ApiKey(
        id="k",
        principal="p",
        display_name="",
        prefix="",
        secret_hash=b"",
        create_time_ns=0,
        expire_time_ns=10,
    )
    assert key.works_at(9)
    assert not key.works_at(10)
    assert not replace(key, revoke_time_ns=5).works_at(9)
    assert replace(key, expire_time_ns=None).works_at(10**20)


def test_a_lifetime_ends_in_the_future_or_never() -> None:
    assert lifetime_until(None, 5) is None
    assert lifetime_until(8, 5) == 3
    assert earlier(None, 5) == 5
    with pytest.raises(InvalidField, match="expire_time"):
        lifetime_until(5, 5)


@pytest.mark.parametrize(
    ("session", "was_used", "verdict"),
    [
        (None, False, Verdict.UNKNOWN),
        (SESSION, False, Verdict.RENEW),
        (SESSION, True, Verdict.STOLEN),
        (replace(SESSION, expire_time_ns=50 * NS), False, Verdict.EXPIRED),
        (replace(SESSION, revoke_time_ns=50 * NS), True, Verdict.REVOKED),
        (replace(SESSION, revoke_time_ns=51 * NS), False, Verdict.RENEW),
    ],
)
def test_a_refresh_is_judged(session: Session | None, was_used: bool, verdict: Verdict) -> None:
    assert judge_refresh(session, was_used, now_ns=50 * NS) is verdict


def test_an_access_token_never_outlives_its_session() -> None:
    assert access_expiry_s(SESSION, 0, 15 * NS) == 15
    assert access_expiry_s(SESSION, 90 * NS, 15 * NS) == 100
    ending = replace(SESSION, revoke_time_ns=95 * NS)
    assert access_expiry_s(ending, 90 * NS, 15 * NS) == 95


def test_claims_carry_rights_and_scope() -> None:
    content = claims(ADA, SESSION, jti="j", now_ns=7 * NS, expire_s=22)
    assert content["sub"] == "principals/ada"
    assert content["sid"] == "s"
    assert content["accounts"] == ["SIM-001"]
    assert "AUTH_MANAGE" in content["perms"]
    assert (content["iat"], content["exp"]) == (7, 22)


def test_pauses_double_and_are_bounded() -> None:
    assert [pause_s(count) for count in range(FREE_FAILURES)] == [0] * FREE_FAILURES
    assert [pause_s(FREE_FAILURES + more) for more in range(4)] == [2, 4, 8, 16]
    assert pause_s(10**6) == LONGEST_PAUSE_S


def test_who_comes_too_early_is_told_how_long_to_wait() -> None:
    failures = Failures(FREE_FAILURES + 1, last_time_ns=0)
    with pytest.raises(TooManyFailures) as caught:
        check_may_try(failures, 1 * NS)
    assert caught.value.retry_after_s == 3.0
    check_may_try(failures, 4 * NS)
    check_may_try(None, 0)


def test_a_request_identifier_stands_for_one_content() -> None:
    key = RequestKey("principals/ada", "r", digest("a", ["b"]))
    check_same(key, digest("a", ["b"]))
    with pytest.raises(RequestIdReused):
        check_same(key, digest("a", ["c"]))


def test_a_digest_keeps_the_parts_apart() -> None:
    assert digest(["a", "b"], []) != digest(["a"], ["b"])


def test_revocations_travel_as_json() -> None:
    content = json.loads(encode(Revocations({"s": 5}, {"principals/ada": 6})))
    assert content == {"sessions": {"s": 5}, "principals": {"principals/ada": 6}}
