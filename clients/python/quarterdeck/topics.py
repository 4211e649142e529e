"""Names of topics: ``kind/key``, with the parts of the key escaped, and patterns of them."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

ESCAPES = str.maketrans({"%": "%25", "/": "%2F", "*": "%2A"})


def topic(kind: str, *parts: str) -> str:
    """Make a topic, for example ``topic("quotes", "EUR/USD.IDEALPRO")``."""
    return "/".join((kind, *(part.translate(ESCAPES) for part in parts)))


def prefix(kind: str, *parts: str) -> str:
    """Make a subscription to every topic below, for example ``prefix("fills", "SIM-001")``."""
    return topic(kind, *parts) + "/*"


def split(name: str) -> tuple[str, ...]:
    """Take a topic apart into its kind and the parts of its key."""
    kind, *parts = name.split("/")
    return (kind, *(_unescape(part) for part in parts))


def kind(name: str) -> str:
    """Tell the kind of a topic or prefix."""
    return name.partition("/")[0]


def matches(pattern: str, name: str, exclude: Iterable[str] = ()) -> bool:
    """Tell whether a subscription to ``pattern`` covers the topic ``name``.

    A ``*`` stands for any characters of one part, and as the last part for any rest. What
    ``exclude`` names is not covered.
    """
    covers = _matcher(pattern)(name) is not None if "*" in pattern else pattern == name
    return covers and not any(matches(one, name) for one in exclude)


def _unescape(part: str) -> str:
    return part.replace("%2F", "/").replace("%2A", "*").replace("%25", "%")


# An escaped character is one character, and is never split by a "*".
_CHARACTER = "(?:[^/%]|%..)"


@lru_cache(1024)
def _matcher(pattern: str) -> Callable[[str], object]:
    *before, last = pattern.split("/")
    end = ".+" if last == "*" else _expression(last)
    return re.compile("/".join([*map(_expression, before), end])).fullmatch


def _expression(part: str) -> str:
    """Match a part without giving back what was taken, so that many ``*`` cost no more than one."""
    first, *rest = map(re.escape, part.split("*"))
    if not rest:
        return first
    *middle, end = rest
    taken = "".join(f"(?>{_CHARACTER}*?{piece})" for piece in middle if piece)
    return f"(?>{first}{taken}{_CHARACTER}*{end}(?=/|$))"
