"""The account that a server without privileges runs under, and what that account can reach."""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from quarterdeck_server.embedded.errors import NoServerAccount

ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and its primary group, by number."""

    user: int
    group: int

    def can_reach(self, path: Path) -> bool:
        """Tell whether every folder above an existing path, and the path, is open to it."""
        return all(self._may_enter(place.stat()) for place in (path, *path.parents))

    def _may_enter(self, status: os.stat_result) -> bool:
        if status.st_uid == self.user:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.group:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def server_identity(accounts: Iterable[str] = ACCOUNTS) -> Identity | None:
    """Choose whom PostgreSQL runs as: nobody else for an ordinary user, an account for root."""
    if os.geteuid() != 0:
        return None
    for name in accounts:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(entry.pw_uid, entry.pw_gid)
    raise NoServerAccount
