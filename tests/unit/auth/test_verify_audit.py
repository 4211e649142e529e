"""The verifier that third parties run."""

import base64
import json
from dataclasses import replace

import pytest
from tools.verify_audit import GENESIS, Record, main, read, verify


def chain(*subjects: str) -> list[Record]:
    records, prev = [], GENESIS
    for number, subject in enumerate(subjects, start=1):
        texts = ("principals/ada", "a/One", subject, "{}")
        record = Record(number, 10**15 + number, texts, prev, b"")
        record = replace(record, hash=record.computed_hash())
        records.append(record)
        prev = record.hash
    return records


def as_json(record: Record) -> dict[str, str]:
    names = ("actor", "action", "subject", "payload")
    texts = {name: text for name, text in zip(names, record.texts, strict=True) if text}
    return {
        "id": str(record.id),
        "time": f"2031-09-09T01:46:40.{record.microseconds % 10**6:06}Z",
        "prevHash": base64.b64encode(record.prev_hash).decode(),
        "hash": base64.b64encode(record.hash).decode(),
        **texts,
    }


def test_a_whole_chain_holds() -> None:
    records = chain("x", "", "ünder")
    result = verify(iter(records), head=records[-1].hash)
    assert (result.count, result.head, result.problem) == (3, records[-1].hash, "")


def test_an_altered_text_is_found() -> None:
    first, second, third = chain("x", "y", "z")
    altered = replace(second, texts=("mallory", *second.texts[1:]))
    assert "record 2: was altered" in verify(iter([first, altered, third])).problem


def test_a_recomputed_record_breaks_the_link_after_it() -> None:
    """Whoever alters a record must alter all that follow, and so the head."""
    first, second, third = chain("x", "y", "z")
    altered = replace(second, texts=("mallory", *second.texts[1:]))
    altered = replace(altered, hash=altered.computed_hash())
    assert "record 3: does not continue" in verify(iter([first, altered, third])).problem


def test_missing_and_swapped_records_are_found() -> None:
    first, second, third = chain("x", "y", "z")
    assert "record 3: follows 1" in verify(iter([first, third])).problem
    assert "record 2: follows 0" in verify(iter([second, first])).problem


def test_an_end_that_was_cut_is_found_with_the_head_kept_elsewhere() -> None:
    records = chain("x", "y")
    assert not verify(iter(records[:1])).problem
    assert "--head" in verify(iter(records[:1]), head=records[1].hash).problem


@pytest.mark.parametrize("form", ["records", "answers", "array"])
def test_every_form_of_an_export_is_read(form: str) -> None:
    events = [as_json(record) for record in chain("x", "")]
    answers = [{"auditEvents": events[:1]}, {"auditEvents": events[1:]}, {}]
    lines = {"records": events, "answers": answers}.get(form, [])
    text = "\n".join(json.dumps(line) for line in lines) or json.dumps(answers)
    found = list(read(text))
    assert [record.texts for record in found] == [record.texts for record in chain("x", "")]


def test_an_unreadable_export_is_no_verdict(tmp_path, capsys) -> None:
    file = tmp_path / "export.jsonl"
    file.write_text('{"id": "1"}')
    assert main([str(file)]) == 2
    assert "cannot be read" in capsys.readouterr().err
