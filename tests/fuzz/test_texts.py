"""Texts that no database can hold are refused, and the refusal names the field."""

import grpc
import pytest
from google.protobuf.json_format import ParseDict
from tests.fuzz.conftest import Target
from tests.protocols import Fields
from tests.rpcs import rpcs

RPCS = {rpc.name: rpc for rpc in rpcs()}


@pytest.mark.parametrize(
    ("name", "fields", "field"),
    [
        ("InstrumentService/SearchInstruments", {"query": "\0"}, "query"),
        ("AuditService/ListAuditEvents", {"actor": "a\0"}, "actor"),
    ],
)
def test_a_text_with_nul_is_refused_by_name(
    target: Target, name: str, fields: Fields, field: str
) -> None:
    rpc = RPCS[name]
    with pytest.raises(grpc.RpcError) as caught:
        target.call(rpc, ParseDict(fields, rpc.request()).SerializeToString())
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == f"{field} must not hold the character NUL"
