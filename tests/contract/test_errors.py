"""Every error reason of the contract is raised by a real deck and looks like its example."""

import json
import re
from pathlib import Path

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from tests.contract.conftest import Deck
from tests.contract.refusals import PROVOKED, refused

CONTRACT = Path(__file__).parents[2] / "proto/quarterdeck/api/type/v1/error_reason.proto"
EXAMPLE = re.compile(
    r"//\n  //     (\{\"reason\".*?\}\})\n  ERROR_REASON_([A-Z_]+) = [1-9]", re.DOTALL
)

# Raised where a reader is slow, a process stops or a database is away: tests/integration has them.
ELSEWHERE = {"READER_TOO_SLOW", "SHUTTING_DOWN", "DEPENDENCY_UNAVAILABLE"}


def examples() -> dict[str, ErrorInfo]:
    """Read the example of each reason from the contract's comments."""
    found = {}
    for text, reason in EXAMPLE.findall(CONTRACT.read_text()):
        value = json.loads(re.sub(r"\n  //\s*", " ", text))
        found[reason] = ErrorInfo(**value)
    return found


def info_of(status: Status) -> ErrorInfo:
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    return info


def test_every_reason_has_an_example_and_a_test() -> None:
    assert examples().keys() == PROVOKED.keys() | ELSEWHERE


@pytest.mark.parametrize("reason", sorted(PROVOKED))
@pytest.mark.asyncio(loop_scope="session")
async def test_a_reason_looks_like_its_example(deck: Deck, reason: str) -> None:
    info = info_of(await PROVOKED[reason](deck))
    assert info.reason == reason
    assert info.domain == examples()[reason].domain
    assert info.metadata.keys() == examples()[reason].metadata.keys()


@pytest.mark.asyncio(loop_scope="session")
async def test_several_bad_fields_are_all_named(deck: Deck) -> None:
    bad = {"principalId": "Not Good", "roles": []}
    status = await refused(deck, "PrincipalService/CreatePrincipal", bad)
    request = BadRequest()
    assert status.details[1].Unpack(request)
    fields = {violation.field for violation in request.field_violations}
    assert fields == {"principal_id", "kind", "roles"}


@pytest.mark.asyncio(loop_scope="session")
async def test_a_bad_element_is_named_by_its_place(deck: Deck) -> None:
    events = [{"eventId": "a"}, {"eventId": ""}]
    request = {"node": "nodes/x", "events": events}
    status = await refused(deck, "TradingEventService/RecordEvents", request)
    bad = BadRequest()
    assert status.details[1].Unpack(bad)
    assert "events[1].event_id" in {violation.field for violation in bad.field_violations}
