"""Chooses the ports on which the parts listen, and keeps them from one start to the next."""

import json
import socket
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import psutil

from quarterdeck_server.embedded.errors import PortTaken
from quarterdeck_server.embedded.files import write_whole

LOOPBACK = "127.0.0.1"
CHOICES = range(20000, 30000)
"""Below the range from which the kernel takes ports of outgoing connections."""


class PortBook:
    """The ports of a suite by the name of what listens there."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._remembered = _read(file)
        self._given: set[int] = set()

    def choose(
        self, name: str, *, host: str = LOOPBACK, configured: int | None = None, preferred: int = 0
    ) -> int:
        """Choose a port: the configured one or none, else the one of last time, else a free one.

        Fails with PortTaken when the configured port has another owner.
        """
        port = self._free_port(name, host, preferred) if configured is None else configured
        if configured is not None and not is_free(port, host):
            raise PortTaken(name, port, holder_of(port))
        self._given.add(port)
        if self._remembered.get(name) != port:
            self._remembered[name] = port
            write_whole(self._file, json.dumps(self._remembered, indent=2) + "\n")
        return port

    def _free_port(self, name: str, host: str, preferred: int) -> int:
        first = [self._remembered.get(name, 0), preferred]
        for port in chain(first, self._choices()):
            if port and port not in self._given and is_free(port, host):
                return port
        raise PortTaken(name, CHOICES.start, f"many programs, up to port {CHOICES.stop - 1}")

    def _choices(self) -> Iterator[int]:
        """Go through the choices from a place of this book's own.

        Suites that start at the same moment would otherwise choose the same free port.
        """
        start = zlib.crc32(str(self._file).encode()) % len(CHOICES)
        return chain(CHOICES[start:], CHOICES[:start])


def _read(file: Path) -> dict[str, int]:
    try:
        ports: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
        return {name: int(port) for name, port in ports.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        # Nothing is lost with it but the sameness of an address.
        return {}


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a program could listen on a port now."""
    with socket.socket() as probe:
        # Connections of an earlier server that linger do not matter, a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def holder_of(port: int) -> str:
    """Name the program that listens on a port, as far as this user may know."""
    for connection in psutil.net_connections(kind="tcp"):
        listens = connection.status == psutil.CONN_LISTEN
        if listens and connection.laddr and connection.laddr.port == port:
            return _describe(connection.pid)
    return "a program of another user"


def _describe(pid: int | None) -> str:
    if pid is None:
        return "a program of another user"
    try:
        process = psutil.Process(pid)
        return f"{process.name()} (process {pid}, of {process.username()})"
    except psutil.Error:
        return f"process {pid}"
