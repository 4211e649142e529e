"""Verify an export of the audit log, with nothing but Python's standard library.

Usage: python verify_audit.py export.jsonl [--head HEX]

Reads what ``ExportAuditLog`` answers as JSON: one record a line, one answer with ``auditEvents`` a
line, or an array of answers. Recomputes every hash of the chain and prints the first record that
does not hold. A chain that was cut at its end still holds, so keep the printed head elsewhere and
give it the next time: ``--head`` requires that the export contains a record with this hash.

Ends with 0 if the chain holds, with 1 if it does not, with 2 if the export cannot be read.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

GENESIS = hashlib.sha256(b"genesis").digest()
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log."""

    id: int
    microseconds: int
    texts: tuple[str, str, str, str]
    prev_hash: bytes
    hash: bytes

    def computed_hash(self) -> bytes:
        """Compute what the hash must be, as the contract of AuditEvent says."""
        fixed = self.id.to_bytes(8, "big") + self.microseconds.to_bytes(8, "big", signed=True)
        parts = b"".join(hashlib.sha256(text.encode()).digest() for text in self.texts)
        return hashlib.sha256(self.prev_hash + fixed + parts).digest()


@dataclass(frozen=True, slots=True)
class Result:
    """How far the chain holds; ``problem`` is empty if it does."""

    count: int
    head: bytes
    problem: str


def verify(records: Iterator[Record], head: bytes | None = None) -> Result:
    """Walk along the chain."""
    count, last_id, last_hash, met = 0, 0, GENESIS, head is None
    for record in records:
        if problem := _problem(record, last_id, last_hash):
            return Result(count, last_hash, f"record {record.id}: {problem}")
        count, last_id, last_hash = count + 1, record.id, record.hash
        met = met or record.hash == head
    return Result(count, last_hash, "" if met else "no record has the hash given as --head")


def read(text: str) -> Iterator[Record]:
    """Read an export in any of its forms."""
    for value in _values(text):
        events = [value] if "id" in value else value.get("auditEvents", [])
        yield from (_record(event) for event in events)


def _values(text: str) -> Iterator[dict[str, Any]]:
    if text.lstrip().startswith("["):
        yield from json.loads(text)
        return
    yield from (json.loads(line) for line in text.splitlines() if line.strip())


def _problem(record: Record, last_id: int, last_hash: bytes) -> str:
    if record.id != last_id + 1:
        return f"follows {last_id}, records between them are missing or out of order"
    if record.prev_hash != last_hash:
        return "does not continue the record before it"
    if record.hash != record.computed_hash():
        return "was altered: its hash does not fit its content"
    return ""


def _record(event: dict[str, str]) -> Record:
    # JSON of protocol buffers leaves out what is empty, and writes 64-bit numbers as text.
    actor, action, subject, payload = (
        event.get(name, "") for name in ("actor", "action", "subject", "payload")
    )
    return Record(
        id=int(event["id"]),
        microseconds=_microseconds(event["time"]),
        texts=(actor, action, subject, payload),
        prev_hash=base64.b64decode(event["prevHash"]),
        hash=base64.b64decode(event["hash"]),
    )


def _microseconds(text: str) -> int:
    match = TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not a time in UTC: {text}")
    seconds = datetime.fromisoformat(match[1]).replace(tzinfo=UTC) - EPOCH
    return seconds // timedelta(microseconds=1) + int((match[2] or "").ljust(9, "0")[:6])


def main(arguments: Sequence[str]) -> int:
    """Verify the file named by the arguments and print the verdict."""
    parser = argparse.ArgumentParser(description="Verify an export of the audit log.")
    parser.add_argument("file", type=Path, help="the export")
    parser.add_argument("--head", type=bytes.fromhex, help="a head hash that was kept elsewhere")
    options = parser.parse_args(arguments)
    try:
        result = verify(read(options.file.read_text(encoding="utf-8")), options.head)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        print(f"the export cannot be read: {error!r}", file=sys.stderr)
        return 2
    print(f"{result.count} records verified, head {result.head.hex()}")
    if result.problem:
        print(f"THE CHAIN IS BROKEN: {result.problem}")
    return 1 if result.problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
