"""Where a PostgreSQL server lives, such that the account it runs as can reach everything."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from quarterdeck_server.embedded.errors import ForeignFolder
from quarterdeck_server.embedded.files import PRIVATE_FOLDER
from quarterdeck_server.embedded.identity import Identity

SYSTEM_HOME = Path("/var/lib/quarterdeck")
LONGEST_SOCKET_PATH = 107
SOCKET_NAME = ".s.PGSQL.5432"
DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one server and the account that owns them."""

    home: Path
    sockets: Path
    programs: Path
    """The folder with bin, lib and share."""
    identity: Identity | None

    @property
    def data(self) -> Path:
        """The database's files."""
        return self.home / "data"

    def program(self, name: str) -> str:
        """Name a program to execute."""
        return str(self.programs / "bin" / name)

    def make_folders(self) -> None:
        """Make the server's folders, open to its account alone."""
        self.home.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.home, self.sockets):
            self._make_own(folder)

    def _make_own(self, folder: Path) -> None:
        owner = self.identity.user if self.identity else os.geteuid()
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid not in (owner, os.geteuid()):
            # In a temporary folder anyone may have been here first.
            raise ForeignFolder(folder)
        folder.chmod(PRIVATE_FOLDER)
        if self.identity:
            os.chown(folder, self.identity.user, self.identity.group)


def find_place(
    state: Path, wheel: Path, identity: Identity | None, system_home: Path = SYSTEM_HOME
) -> Place:
    """Choose the places of the server of a state directory.

    Root's server runs as another account: where that account cannot enter the state directory
    the data lives below the system's folder, and where it cannot reach the programs of the
    wheel it gets a copy of them.
    """
    name = digest(str(state))
    reachable = identity is None or identity.can_reach(state)
    home = state / "postgres" if reachable else system_home / name
    sockets = home / "sockets"
    if len(str(sockets / SOCKET_NAME)) > LONGEST_SOCKET_PATH:
        sockets = Path(tempfile.gettempdir()) / f"quarterdeck-{name}"
    programs = wheel
    if identity is not None and not identity.can_reach(wheel / "bin" / "postgres"):
        programs = home / "programs" / _version_of(wheel) / wheel.parent.name / wheel.name
    return Place(home, sockets, programs, identity)


def copy_programs(wheel: Path, place: Place) -> None:
    """Copy the wheel's programs to where the server's account reaches them, once."""
    if place.programs == wheel or place.programs.exists():
        return
    folder = place.programs.parents[1]
    draft = folder.with_name("draft")
    shutil.rmtree(folder.parent, ignore_errors=True)
    ignore = shutil.ignore_patterns("include", "pgxs", "*.a")
    shutil.copytree(wheel, draft / wheel.parent.name / wheel.name, symlinks=True, ignore=ignore)
    # The programs look for their libraries beside the package, relative to themselves.
    libraries = wheel.parent.with_name(f"{wheel.parent.name}.libs")
    shutil.copytree(libraries, draft / libraries.name)
    draft.rename(folder)


def digest(text: str) -> str:
    """Shorten a text to a name that is the same each time."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def _version_of(wheel: Path) -> str:
    status = (wheel / "bin" / "postgres").stat()
    return digest(f"{wheel} {status.st_size} {status.st_mtime_ns}")
