"""Our numbers against published ones and against those of other libraries."""

import pytest
from tests.unit.quant.agreement import OUTPUT, PAGE, rows, table, text
from tests.unit.quant.ours import REFERENCE, cases


@pytest.mark.parametrize("name", sorted(cases()))
def test_our_numbers_agree_with_the_reference(name: str) -> None:
    assert rows(name)
    for row in rows(name):
        assert row.difference <= row.allowed + 1e-15, row


@pytest.mark.skipif(not REFERENCE.exists(), reason="inputs that are not ours to copy are not here")
def test_our_numbers_agree_with_a_reference_that_is_not_copied() -> None:
    for row in rows("pa_managers_HAM1_metrics"):
        assert row.difference <= row.allowed, row


def test_the_table_of_agreement_names_every_case() -> None:
    """Written to tests/output as it is now; docs/agreement.md keeps it."""
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text())
    page = PAGE.read_text()
    assert [name for name in table() if f"| {name} |" not in page] == []
