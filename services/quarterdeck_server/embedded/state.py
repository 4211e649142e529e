"""The one folder that holds everything a suite keeps on this machine."""

from dataclasses import dataclass
from pathlib import Path

from quarterdeck_server.embedded.files import folder, private_folder


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """Names the places inside the state directory; its path is absolute."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "StateDirectory":
        """Open a state directory, making it when it is new."""
        return cls(folder(path.expanduser().resolve()))

    @property
    def lock(self) -> Path:
        """The file whose lock a running supervisor holds."""
        return self.path / "lock"

    @property
    def components(self) -> Path:
        """The file in which the supervisor tells the state of its parts."""
        return self.path / "components.json"

    @property
    def ports(self) -> Path:
        """The file that keeps the chosen ports."""
        return self.path / "ports.json"

    @property
    def run(self) -> Path:
        """The folder of what belongs to one run: the marks of its processes, rendered files."""
        return private_folder(self.path / "run")

    @property
    def secrets(self) -> Path:
        """The folder of generated credentials."""
        return private_folder(self.path / "secrets")

    @property
    def logs(self) -> Path:
        """The folder of the parts' output."""
        return folder(self.path / "logs")

    def log(self, part: str) -> Path:
        """Name the file with one part's output."""
        return self.logs / f"{part}.log"
