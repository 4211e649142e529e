"""Files that callers are answered with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class File:
    """The bytes of a file, what they are and how it may be called."""

    name: str
    content_type: str
    content: bytes
