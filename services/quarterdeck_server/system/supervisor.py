"""Reads what the supervisor tells of the parts it runs."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.system.domain.component import Part


class SupervisorFile:
    """The file the supervisor writes whole at every change."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self) -> list[Part]:
        """Return the parts; none if there is no supervisor yet."""
        try:
            rows = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        return [_part(row) for row in rows]


def nobody() -> list[Part]:
    """Stand in where nobody supervises."""
    return []


def _part(row: Mapping[str, object]) -> Part:
    pid, restarts, last_exit = row["pid"], row["restarts"], row["last_exit"]
    return Part(
        name=str(row["name"]),
        state=str(row["state"]),
        pid=pid if isinstance(pid, int) else None,
        restarts=restarts if isinstance(restarts, int) else 0,
        since_ns=ns_from_datetime(datetime.fromisoformat(str(row["since"]))),
        last_exit=None if last_exit is None else str(last_exit),
    )
