"""The audit log as readers and third parties see it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import grpc
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from tests.integration.areas import bearer, info, reason
from tests.integration.auth.test_tokens import refused

from quarterdeck.api.auth.v1 import audit_service_pb2 as pb
from quarterdeck.api.auth.v1.token_service_pb2 import RevokeTokenRequest

TOOL = Path("tools/verify_audit.py")


async def append(store, *actions: str, actor: str = "principals/ada") -> None:
    sql = "SELECT audit.append($1, $2, $3, $4)"
    many = len(actions)
    await store.execute(sql, [actor] * many, list(actions), ["ünder"] * many, ["{}"] * many)


async def tamper(store, sql: str) -> None:
    """Change the log as somebody with all rights on the database could."""
    async with store.transaction() as connection:
        await connection.execute("ALTER TABLE audit.log DISABLE TRIGGER ALL")
        await connection.execute(sql)


async def listed(client, admin, **fields) -> pb.ListAuditEventsResponse:
    return await client.audit.ListAuditEvents(pb.ListAuditEventsRequest(**fields), metadata=admin)


async def verified(client, admin, **fields) -> pb.VerifyAuditLogResponse:
    return await client.audit.VerifyAuditLog(pb.VerifyAuditLogRequest(**fields), metadata=admin)


async def export(client, admin, folder: Path) -> Path:
    answers = client.audit.ExportAuditLog(pb.ExportAuditLogRequest(), metadata=admin)
    lines = [json_format.MessageToJson(answer, indent=None) async for answer in answers]
    file = folder / "export.jsonl"
    file.write_text("\n".join(lines))
    return file


def check(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(TOOL), str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def test_records_are_listed_newest_first_page_by_page(client, admin, store) -> None:
    await append(store, "a/One", "a/Two", "b/Three")
    first = await listed(client, admin, actor="principals/ada", page_size=2)
    fields = {"actor": "principals/ada", "page_token": first.next_page_token}
    rest = await listed(client, admin, page_size=2, **fields)
    actions = [event.action for event in (*first.audit_events, *rest.audit_events)]
    assert actions == ["b/Three", "a/Two", "a/One"]
    assert not rest.next_page_token


async def test_records_are_filtered_by_action_and_time(client, admin, store) -> None:
    await append(store, "a/One", "a_Two", "b/Three")
    found = (await listed(client, admin, action_prefix="a/")).audit_events
    assert [event.action for event in found] == ["a/One"]
    after = await listed(client, admin, actor="principals/ada", start_time=found[0].time)
    before = await listed(client, admin, actor="principals/ada", end_time=found[0].time)
    assert (len(after.audit_events), len(before.audit_events)) == (3, 0)


async def test_a_time_range_must_not_end_before_it_begins(client, admin) -> None:
    early, late = Timestamp(seconds=1), Timestamp(seconds=2)
    error = await refused(listed(client, admin, start_time=late, end_time=early))
    assert info(error).metadata["field"] == "end_time"


async def test_a_page_token_of_another_question_is_refused(client, admin, store) -> None:
    await append(store, "a/One", "a/Two")
    first = await listed(client, admin, page_size=1)
    error = await refused(listed(client, admin, actor="x", page_token=first.next_page_token))
    assert reason(error) == "PAGE_TOKEN_INVALID"


async def test_a_reader_resumes_after_its_cursor_and_then_hears_of_each_new_record(
    client, admin, store
) -> None:
    await append(store, "a/One", "a/Two")
    known = (await listed(client, admin)).audit_events
    cursor = next(event.id for event in known if event.action == "a/One")
    stream = client.audit.WatchAuditEvents(
        pb.WatchAuditEventsRequest(cursor=cursor), metadata=admin
    )
    async with asyncio.timeout(10):
        assert [event.action for event in (await stream.read()).audit_events] == ["a/Two"]
        await append(store, "a/Three")
        answer = await stream.read()
    assert [event.action for event in answer.audit_events] == ["a/Three"]
    assert answer.cursor == answer.audit_events[-1].id
    stream.cancel()


async def test_a_reader_without_cursor_starts_with_a_heartbeat_that_has_one(client, admin) -> None:
    stream = client.audit.WatchAuditEvents(pb.WatchAuditEventsRequest(), metadata=admin)
    async with asyncio.timeout(10):
        answer = await stream.read()
    assert not answer.audit_events
    assert answer.cursor > 0
    stream.cancel()


async def test_a_whole_chain_verifies_and_shows_its_head(client, admin, store) -> None:
    await append(store, *(f"a/{number}" for number in range(50)))
    answer = await verified(client, admin)
    assert not answer.HasField("first_broken_id")
    assert answer.verified_count >= 51
    head = await store.fetchrow("SELECT id, hash FROM audit.log ORDER BY id DESC LIMIT 1")
    assert answer.head_hash == head["hash"]


async def test_a_part_of_the_chain_can_be_verified(client, admin, store) -> None:
    await append(store, *(f"a/{number}" for number in range(50)))
    answer = await verified(client, admin, first_id=10, last_id=19)
    assert answer.verified_count == 10
    assert not answer.HasField("first_broken_id")


async def test_a_range_that_ends_before_it_begins_is_refused(client, admin) -> None:
    error = await refused(verified(client, admin, first_id=9, last_id=3))
    assert info(error).metadata["field"] == "last_id"


async def test_an_altered_record_is_found(client, admin, store) -> None:
    await append(store, *(f"a/{number}" for number in range(20)))
    await tamper(store, "UPDATE audit.log SET subject = 'else' WHERE id = 7")
    answer = await verified(client, admin)
    assert answer.first_broken_id == 7
    assert answer.verified_count == 6


async def test_a_removed_record_is_found_at_its_successor(client, admin, store) -> None:
    await append(store, *(f"a/{number}" for number in range(20)))
    await tamper(store, "DELETE FROM audit.log WHERE id BETWEEN 7 AND 9")
    assert (await verified(client, admin)).first_broken_id == 10


async def test_a_removed_beginning_is_found(client, admin, store) -> None:
    await append(store, *(f"a/{number}" for number in range(5)))
    await tamper(store, "DELETE FROM audit.log WHERE id = 1")
    answer = await verified(client, admin)
    assert answer.first_broken_id == 2
    assert answer.verified_count == 0


async def test_a_long_chain_is_verified_in_pieces_that_overlap(
    client, admin, store, monkeypatch
) -> None:
    monkeypatch.setattr("quarterdeck_server.auth.store.audit.VERIFIED_AT_ONCE", 4)
    await append(store, *(f"a/{number}" for number in range(30)))
    assert not (await verified(client, admin)).HasField("first_broken_id")
    await tamper(store, "DELETE FROM audit.log WHERE id BETWEEN 9 AND 21")
    assert (await verified(client, admin)).first_broken_id == 22


async def test_a_third_party_can_verify_an_export(client, admin, store, tmp_path) -> None:
    await append(store, *(f"a/{number}" for number in range(600)))
    file = await export(client, admin, tmp_path)
    answer = await verified(client, admin)
    result = check(file, "--head", answer.head_hash.hex())
    assert result.returncode == 0, result
    assert "records verified" in result.stdout


async def test_a_third_party_sees_an_altered_export(client, admin, store, tmp_path) -> None:
    await append(store, "a/One", "a/Two")
    file = await export(client, admin, tmp_path)
    file.write_text(file.read_text().replace("a/One", "a/Won"))
    result = check(file)
    assert result.returncode == 1
    assert "was altered" in result.stdout


async def test_a_third_party_sees_that_the_end_was_cut(client, admin, store, tmp_path) -> None:
    await append(store, "a/One", "a/Two")
    head = (await verified(client, admin)).head_hash.hex()
    await tamper(store, "DELETE FROM audit.log WHERE action = 'a/Two'")
    result = check(await export(client, admin, tmp_path), "--head", head)
    assert result.returncode == 1


async def test_a_refused_call_is_recorded_before_its_caller_knows(client, store) -> None:
    await refused(client.sign_in(password="wrong"))
    rows = await store.fetch("SELECT payload FROM audit.log WHERE subject = 'principals/admin'")
    assert [json.loads(row["payload"])["outcome"] for row in rows] == ["UNAUTHENTICATED"]


async def test_strangers_cannot_fill_the_log(client, store) -> None:
    """What nobody signed in for is recorded once a minute with its like."""
    for _ in range(20):
        await refused(client.tokens.RevokeToken(RevokeTokenRequest(), metadata=bearer("forged")))
    assert await store.fetchval("SELECT count(*) FROM audit.log WHERE actor = 'anonymous'") == 0


async def test_a_call_that_its_caller_gave_up_is_not_recorded_as_done(client, admin, store) -> None:
    async with store.transaction() as connection:
        await connection.execute("LOCK TABLE auth.session")
        call = client.tokens.RevokeToken(RevokeTokenRequest(), metadata=admin, timeout=0.2)
        assert (await refused(call)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
    sql = "SELECT payload FROM audit.log WHERE action LIKE '%/RevokeToken'"
    rows = []
    for _ in range(100):
        if rows := await store.fetch(sql):
            break
        await asyncio.sleep(0.05)
    assert [json.loads(row["payload"])["outcome"] for row in rows] == ["CANCELLED"]
