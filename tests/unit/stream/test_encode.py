import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.api.stream.v1.event_pb2 import Event
from quarterdeck.api.stream.v1.stream_service_pb2 import WatchResponse
from quarterdeck_server.runtime.bus.message import Message
from quarterdeck_server.stream.domain import DURABLE, SCOPED, TICKING
from quarterdeck_server.stream.encode import KIND_PERMISSIONS, KINDS, WireEncoder, varint


@pytest.mark.parametrize("kind", KINDS)
def test_a_joined_event_is_what_protobuf_would_have_made(kind):
    expected = Event(
        topic=f"{kind}/a/b", epoch=7, sequence=300, rows=2, publish_time_ns=1_700_000_000
    )
    getattr(expected, kind).SetInParent()
    message = Message(f"{kind}/a/b", 7, 300, 2, 1_700_000_000, b"")
    encoder = WireEncoder()
    data = encoder.event(encoder.prefix(message.topic, 7), kind, message)
    assert WatchResponse.FromString(data) == WatchResponse(events=[expected])


@given(st.integers(0, 2**64 - 1))
def test_numbers_are_encoded_as_protobuf_does(value):
    assert varint(value) == Event(epoch=value).SerializeToString()[1:] or value == 0


def test_every_kind_needs_a_permission_of_the_contract():
    assert "UNSPECIFIED" not in KIND_PERMISSIONS.values()


def test_the_words_about_kinds_name_kinds_of_the_contract():
    assert set(KINDS) >= DURABLE | SCOPED | TICKING
