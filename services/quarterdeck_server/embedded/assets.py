"""Where the files lie that the suite serves: in the repository, or inside the installed package."""

from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
REPOSITORY = PACKAGE.parents[1]


@dataclass(frozen=True, slots=True)
class Assets:
    """The gateway's template, its description of the rpcs, and the dashboard's files."""

    gateway: Path
    web: Path

    @property
    def template(self) -> Path:
        """Envoy's configuration before its places are filled."""
        return self.gateway / "envoy.yaml"

    @property
    def descriptor(self) -> Path:
        """The compiled contracts, which tell Envoy how JSON maps to messages."""
        return self.gateway / "descriptor.binpb"

    @property
    def web_is_built(self) -> bool:
        """Whether there is a dashboard to serve."""
        return (self.web / "index.html").is_file()


def find_assets(package: Path = PACKAGE, repository: Path = REPOSITORY) -> Assets:
    """Find the files; what the package itself brings comes first."""
    packaged = package / "gateway"
    gateway = packaged if packaged.is_dir() else repository / "gateway"
    built = package / "web"
    web = built if built.is_dir() else repository / "clients" / "dashboard" / "dist"
    return Assets(gateway, web)
