"""The programs of the guide are programs."""

import re
from pathlib import Path

import mypy.api
import pytest

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/python.md"


def programs(guide: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", guide.read_text(), re.DOTALL)


PROGRAMS = programs(GUIDE)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_guide_has_names_that_exist(number: int, tmp_path: Path) -> None:
    """Everything but the last line of the first, which would connect."""
    program = PROGRAMS[number].replace("asyncio.run(main())", "")
    exec(compile(program, "guide", "exec"), {"__name__": "guide"})  # noqa: S102 - ours


def test_the_programs_of_the_guides_have_right_types(tmp_path: Path) -> None:
    file = tmp_path / "guide.py"
    file.write_text("\n".join([*PROGRAMS, *programs(GUIDE.with_name("reports.md"))]))
    config = GUIDE.parents[2] / "pyproject.toml"
    out, _, code = mypy.api.run(["--config-file", str(config), str(file)])
    assert code == 0, out
