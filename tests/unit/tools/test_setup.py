"""What `make` does before there is an environment."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
TOOLS = ROOT / "tools"
BEFORE_ANY_ENVIRONMENT = ["bootstrap", "environment", "web", "browser"]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tool_{name}", TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, on an empty folder and locks of its own."""
    tool = load("environment")
    (tmp_path / "requirements").mkdir()
    for name in ("run", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(name)
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "FOLDERS", dict.fromkeys(("run", "dev"), tmp_path / ".venv"))
    return tool


def test_running_is_content_with_what_testing_installed(environment: ModuleType) -> None:
    environment.stamp("dev").write_text(environment.digest("dev"))
    assert environment.is_current("run")
    assert environment.is_current("dev")


def test_testing_is_not_content_with_what_running_installed(environment: ModuleType) -> None:
    environment.stamp("run").write_text(environment.digest("run"))
    assert environment.is_current("run")
    assert not environment.is_current("dev")


def test_a_changed_lock_makes_an_environment_stale(environment: ModuleType) -> None:
    environment.stamp("dev").write_text(environment.digest("dev"))
    for name in ("run", "dev"):
        (environment.ROOT / "requirements" / f"{name}.txt").write_text("newer")
    assert not environment.is_current("run")


def test_what_testing_installs_includes_all_that_running_needs() -> None:
    def packages(lock: str) -> set[str]:
        lines = (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and line[0].isalnum()}

    assert packages("run") <= packages("dev")


@pytest.mark.parametrize("lock", ["run", "dev", "generate", "uv", "node"])
def test_locks_have_hashes_and_name_no_registry(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text


@pytest.mark.parametrize("tool", BEFORE_ANY_ENVIRONMENT)
def test_a_tool_needs_nothing_but_the_standard_library(tool: str) -> None:
    load_it = f"import runpy; runpy.run_path({str(TOOLS / f'{tool}.py')!r})"
    argv = [sys.executable, "-I", "-S", "-c", load_it]
    assert subprocess.run(argv, check=False).returncode == 0


def test_the_build_depends_on_sources_and_not_on_what_is_made_of_them(tmp_path: Path) -> None:
    web = load("web")
    for name in ("src/a.ts", "dist/a.js", "node_modules/x/y.js", ".cache/z"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in web.sources(tmp_path)] == ["a.ts"]


def test_the_makefile_lists_its_targets() -> None:
    command = ["make", "--no-print-directory", "help"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {line.split()[1] for line in text.splitlines()}
    assert names >= {"run", "test", "lint", "generate", "bench", "clean", "help"}


def test_the_makefile_stays_a_page() -> None:
    assert len((ROOT / "Makefile").read_text().splitlines()) <= 60
