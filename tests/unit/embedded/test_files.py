"""Whole files, private folders and bounded logs."""

import stat
from pathlib import Path

from quarterdeck_server.embedded.files import private_folder, write_whole
from quarterdeck_server.embedded.logs import rotate, tail


def test_a_written_file_is_private_also_when_an_open_one_was_there(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o644)
    write_whole(file, "new")
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_writing_leaves_no_draft(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_open_folder_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o755)
    assert stat.S_IMODE(private_folder(tmp_path / "folder").stat().st_mode) == 0o700


def test_a_large_log_moves_aside_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 11)
        assert rotate(log, largest=10)
        writer.write(b"later")
    assert log.read_bytes() == b"later"
    assert (tmp_path / "part.log.1").read_bytes() == b"x" * 11


def test_a_small_log_stays(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("short")
    assert not rotate(log, largest=10)


def test_a_tail_is_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("first\nlast\n")
    assert tail(log, size=6) == "last"
    assert tail(tmp_path / "absent.log") == ""
