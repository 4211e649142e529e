"""A kind of event is one field of the contract with a permission, and one line of the guide."""

import re
from pathlib import Path

import pytest

from quarterdeck.api.stream.v1.event_pb2 import Event
from quarterdeck.events import event_from
from quarterdeck_server.stream import domain
from quarterdeck_server.stream.encode import KIND_PERMISSIONS, KINDS

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/streaming.md"
ROW = re.compile(
    r"^\| (`.+?) \|.*?\| (?:`(\w+)`|any principal) \| `(\w+)` \| (yes|no) \|$",
    re.MULTILINE,
)


def guide() -> dict[str, tuple[str, str, str]]:
    """Return what the guide says of each kind: its permission, delivery, and durability."""
    rows = ROW.findall(GUIDE.read_text())
    return {
        kind: (permission or "ANY", delivery, durable)
        for kinds, permission, delivery, durable in rows
        for kind in re.findall(r"`(\w+)`", kinds)
    }


def test_the_guide_says_of_every_kind_what_is_so():
    expected = {
        kind: (
            permission,
            "LATEST" if kind in domain.LATEST_BY_DEFAULT else "ALL",
            "yes" if kind in domain.DURABLE else "no",
        )
        for kind, permission in KIND_PERMISSIONS.items()
    }
    assert guide() == expected


def test_what_is_told_of_kinds_is_told_of_kinds_that_exist():
    named = domain.DURABLE | domain.SCOPED | domain.UNDIVIDED | domain.TICKING
    assert named | domain.LATEST_BY_DEFAULT <= set(KINDS)


def test_no_trading_event_is_without_a_scope():
    """A new kind of trading event must say whose it is, or be for who sees every account."""
    trading = {kind for kind, needs in KIND_PERMISSIONS.items() if needs.startswith("TRADING")}
    assert trading == domain.SCOPED | domain.UNDIVIDED


@pytest.mark.parametrize("kind", KINDS)
def test_the_sdk_reads_every_kind(kind):
    message = Event(topic=f"{kind}/x", epoch=1, sequence=1, rows=1)
    getattr(message, kind).SetInParent()
    event = event_from(message)
    assert (event.kind, type(event.payload)) == (kind, type(getattr(message, kind)))
    assert len(event.rows()) == (0 if kind in {"quotes", "trades", "bars"} else 1)
