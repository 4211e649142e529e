"""Reports as files."""

import re
from dataclasses import dataclass

from quarterdeck_server.analytics.reports.forms import Form

LONGEST_NAME = 100
STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class File:
    """The bytes of a report, what they are and how a file of them may be called."""

    name: str
    content_type: str
    content: bytes


def file(form: Form, content: bytes, *words: str) -> File:
    """Name the file of a report; what not every system takes in a name becomes a hyphen."""
    ending, content_type = form.value
    stem = STRANGE.sub("-", "-".join(words)).strip("-.")[:LONGEST_NAME]
    return File(f"{stem}.{ending}", content_type, content)
