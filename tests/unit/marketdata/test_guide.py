"""The guide shows programs and columns that exist."""

import re
from pathlib import Path

from quarterdeck_server.adapters.replay.table import NUMBERS, TIMES
from quarterdeck_server.source_settings import ReplaySettings

GUIDE = (Path(__file__).resolve().parents[3] / "docs/guides/market-data.md").read_text()


def test_the_program_has_names_that_exist():
    [program] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    exec(compile(program, "guide", "exec"), {"__name__": "guide"})  # noqa: S102 - ours


def test_every_column_of_a_file_is_explained():
    assert all(f"`{name}`" in GUIDE for name in (*NUMBERS, *TIMES, "instrument"))


def test_every_setting_of_the_replay_is_explained():
    assert all(f"| `{name.upper()}` |" in GUIDE for name in ReplaySettings.model_fields)
