"""The guide shows a program and settings that exist."""

import re
from pathlib import Path

from quarterdeck_server.source_settings import IbkrSettings

GUIDE = (Path(__file__).resolve().parents[4] / "docs/guides/interactive-brokers.md").read_text()


def test_the_program_has_names_that_exist():
    [program] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    exec(compile(program, "guide", "exec"), {"__name__": "guide"})  # noqa: S102 - ours


def test_every_setting_is_explained():
    assert all(f"| `{name.upper()}` |" in GUIDE for name in IbkrSettings.model_fields)
