"""The version of this product."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "quarterdeck"
UNINSTALLED = "0.0.0+source"
"""The version of a tree that runs without being installed."""


@cache
def product_version() -> str:
    """Return the version that is installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return UNINSTALLED
