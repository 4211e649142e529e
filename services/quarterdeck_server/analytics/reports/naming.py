"""What the files of reports are called."""

import re

from quarterdeck_server.analytics.reports.forms import Form
from quarterdeck_server.kernel.file import File

LONGEST_NAME = 100
STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


def file(form: Form, content: bytes, *words: str) -> File:
    """Name the file of a report; what not every system takes in a name becomes a hyphen."""
    ending, content_type = form.value
    stem = STRANGE.sub("-", "-".join(words)).strip("-.")[:LONGEST_NAME]
    return File(f"{stem}.{ending}", content_type, content)
