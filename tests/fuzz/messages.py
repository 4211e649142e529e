"""Messages of the contract with values that nobody expects, made from their descriptors."""

from functools import cache
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

DEEPEST = 3
TEXTS = (
    *("", "*", "\0", "%", "%2F", "/", ".", "a" * 301, "NaN", "-1", "1e999", "1d", "9999d"),
    *("quotes/*", "quotes/AAPL.XNAS", "bars/1d/AAPL.XNAS", "fills/SIM-001/*", "nothing/*"),
    *("AAPL.XNAS", "principals/admin", "nodes/demo", "sources/replay", "connections/x", "jobs/1"),
    *("1", "100.25", "0.0000001", "1" * 60, "Infinity", "S-1", "O-1", "ACC-demo", "USD"),
    *("series/FRED/DGS10", "\u202e", "\U0001f40d" * 20, "2012-01-03", "EUR", "Africa/Nowhere"),
)
INTEGERS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_ENUM: (-1, 40),
}
FLOATS = {FieldDescriptor.TYPE_DOUBLE: (), FieldDescriptor.TYPE_FLOAT: ()}


def messages(descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[Message]:
    """Make messages of a type, with any of its fields."""
    fields = {
        field.name: _values(field, depth)
        for field in descriptor.fields
        if depth < DEEPEST or field.type != FieldDescriptor.TYPE_MESSAGE
    }
    made = message_factory.GetMessageClass(descriptor)
    return st.fixed_dictionaries({}, optional=fields).map(lambda values: made(**values))


def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        return st.dictionaries(_value(key, depth), _value(value, depth), max_size=2)
    one = _value(field, depth)
    return st.lists(one, max_size=3) if field.is_repeated else one


def _value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return _nested(field.message_type, depth)
    if field.type in INTEGERS:
        low, high = INTEGERS[field.type]
        return st.sampled_from((low, high, 0, 1, 2, 100)) | st.integers(low, high)
    if field.type == FieldDescriptor.TYPE_STRING:
        return st.sampled_from(TEXTS) | st.text(max_size=20)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=20)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    return st.floats(width=32 if field.type == FieldDescriptor.TYPE_FLOAT else 64)


def _nested(descriptor: Descriptor, depth: int) -> st.SearchStrategy[Message]:
    return st.deferred(lambda: _of(descriptor, depth + 1))


@cache
def _of(descriptor: Descriptor, depth: int) -> st.SearchStrategy[Message]:
    return messages(descriptor, depth)


@st.composite
def nearly[M: Message](draw: st.DrawFn, valid: M, most: int = 2) -> M:
    """Make a message that differs from a valid one in a field or two, or in a cell of a column."""
    made = type(valid)()
    made.CopyFrom(valid)
    for _ in range(draw(st.integers(0, most))):
        field = draw(st.sampled_from(list(valid.DESCRIPTOR.fields)))
        column = getattr(made, field.name)
        if field.type in INTEGERS | FLOATS and field.is_repeated and column:
            column[draw(st.integers(0, len(column) - 1))] = draw(_value(field, 0))
            continue
        made.ClearField(field.name)
        made.MergeFrom(type(valid)(**{field.name: draw(_values(field, 1))}))
    return made
