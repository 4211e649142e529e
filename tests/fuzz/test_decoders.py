"""What comes over a wire is decoded, or refused as what it should have been: nothing else."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.faults.pace import FULL
from tests.fuzz.messages import TEXTS, messages

from quarterdeck._inbox import Inbox
from quarterdeck._plan import Plan, subscribe
from quarterdeck._positions import Positions
from quarterdeck.api.stream.v1.stream_service_pb2 import WatchResponse
from quarterdeck.api.stream.v1.subscription_pb2 import DELIVERY_UNSPECIFIED
from quarterdeck_server.kernel import patterns, topics
from quarterdeck_server.kernel.topics import TopicInvalid
from quarterdeck_server.runtime.bus import Message, decode, encode

EXAMPLES = 1_000 if FULL else 100
ANYTHING = settings(max_examples=EXAMPLES, derandomize=not FULL, deadline=None, database=None)
KINDS = ("quotes", "fills", "bars")
PARTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
SUBSCRIPTIONS = st.sampled_from(TEXTS) | st.text("aq*%/2FA.", max_size=30) | st.text()
MESSAGES = st.builds(
    Message,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=50),
)


@ANYTHING
@given(st.lists(MESSAGES, max_size=5))
def test_a_batch_of_the_bus_comes_back_as_it_was(batch: list[Message]) -> None:
    assert decode(encode(batch)) == tuple(batch)


@ANYTHING
@given(st.lists(MESSAGES, min_size=1, max_size=3), st.data())
def test_a_damaged_batch_is_read_or_refused(batch: list[Message], data: st.DataObject) -> None:
    whole = bytearray(encode(batch))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with suppress(ValueError):
        assert all(isinstance(message, Message) for message in decode(bytes(whole)))


@ANYTHING
@given(st.lists(PARTS, min_size=1, max_size=4))
def test_a_name_of_any_characters_makes_a_topic_and_comes_back(parts: list[str]) -> None:
    topic = topics.topic("quotes", *parts)
    topics.check(topic, KINDS, "topic")
    assert topics.split(topic) == ("quotes", *parts)
    assert not topics.is_pattern(topic)


@ANYTHING
@given(SUBSCRIPTIONS, PARTS)
def test_any_text_is_a_subscription_or_refused_as_one(text: str, name: str) -> None:
    topic = topics.topic("quotes", name)
    with suppress(TopicInvalid):
        topics.check(text, KINDS, "subscriptions[0].topic")
        assert patterns.names(text, topic) in {True, False}


@ANYTHING
@given(st.lists(messages(WatchResponse.DESCRIPTOR), max_size=3))
def test_the_sdk_takes_whatever_a_stream_says(answers: list[WatchResponse]) -> None:
    inbox = Inbox(Positions(), Plan(subscribe(["quotes/*"], DELIVERY_UNSPECIFIED, 0.0)))
    for answer in answers:
        assert list(inbox.take(answer)) is not None
