"""Find Chromium for the browser tests, or install it where that is allowed.

Where it is not, prints the exact command; the tests then skip what needs a browser, visibly.
Runs on Python 3.9 and later.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
COMMANDS = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"])


def browser() -> str | None:
    """Find a browser."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def privilege() -> list[str] | None:
    """Find what a command has to begin with so that it may install; none when nothing helps."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    return sudo if shutil.which("sudo") and succeeds([*sudo, "true"]) else None


def succeeds(argv: list[str]) -> bool:
    """Run a command silently and tell whether it ended well."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def install(prefix: list[str]) -> bool:
    """Install Chromium from the distribution."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return all(
        subprocess.run([*prefix, *command], env=environment, check=False).returncode == 0
        for command in COMMANDS
    )


def main() -> int:
    """Make sure that there is a browser, or say how to get one; never fails for that."""
    if browser():
        return 0
    prefix = privilege()
    if prefix is None or not install(prefix):
        lines = " && ".join(" ".join(["sudo", *command]) for command in COMMANDS)
        sys.stderr.write(f"SKIPPED: the browser tests need Chromium. Install it with:\n  {lines}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
