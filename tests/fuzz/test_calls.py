"""Whatever is sent to an rpc, it answers, or says what is wrong: never that it does not know."""

import grpc
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.faults.pace import FULL
from tests.fuzz.conftest import Target
from tests.fuzz.messages import messages
from tests.rpcs import Rpc, rpcs

EXAMPLES = 200 if FULL else 9
FAULTS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}
"""Who is told that something is unavailable tries again, for ever if the request is at fault."""
ASKED = [rpc for rpc in rpcs() if rpc.name != "TokenService/RevokeToken"]
"""Revoking takes no field, and would end the caller's own session."""


def told(code: grpc.StatusCode) -> grpc.StatusCode:
    """Let the statistics show how far requests come."""
    event(code.name)
    return code


@pytest.mark.parametrize("rpc", ASKED, ids=lambda rpc: rpc.name)
def test_a_request_of_any_values_is_answered_or_refused_by_name(target: Target, rpc: Rpc) -> None:
    @settings(max_examples=EXAMPLES, derandomize=not FULL, deadline=None, database=None)
    @given(messages(rpc.method.input_type))
    def send(request) -> None:
        assert told(target.send(rpc, request.SerializeToString())) not in FAULTS

    send()


@pytest.mark.parametrize("rpc", ASKED, ids=lambda rpc: rpc.name)
def test_bytes_of_any_kind_are_answered_or_refused_by_name(target: Target, rpc: Rpc) -> None:
    @settings(max_examples=EXAMPLES // 3, derandomize=not FULL, deadline=None, database=None)
    @given(st.binary(max_size=200))
    def send(data: bytes) -> None:
        assert told(target.send(rpc, data)) not in FAULTS

    send()
