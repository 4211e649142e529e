"""The guide names settings that exist."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from quarterdeck_server.settings import MarketDataSettings

GUIDE = (Path(__file__).resolve().parents[3] / "docs/guides/sources.md").read_text()
PREFIX = "QUARTERDECK_MARKETDATA__"
NAMES = sorted(set(re.findall(rf"{PREFIX}([A-Z_]+[A-Z])`", GUIDE)))


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_of_the_guide_exists(name: str) -> None:
    model: type[BaseModel] = MarketDataSettings
    *sections, last = name.lower().split("__")
    for section in sections:
        found = model.model_fields[section].annotation
        assert isinstance(found, type)
        assert issubclass(found, BaseModel)
        model = found
    assert last in model.model_fields


def test_the_guide_names_the_key_of_every_vendor() -> None:
    assert {"ALPHAVANTAGE__API_KEY", "FRED__API_KEY", "EDGAR__USER_AGENT"} <= set(NAMES)


def test_the_program_has_names_that_exist() -> None:
    [program] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    exec(compile(program, "guide", "exec"), {"__name__": "guide"})  # noqa: S102 - ours
