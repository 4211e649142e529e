"""Patterns of topics: which topics they name, and which of two patterns is the more specific."""

import re
from functools import lru_cache

from quarterdeck_server.kernel.topics import ANY, is_pattern

_CHARACTER = "(?:[^/%]|%..)"
"""One character of a name; an escaped one is one character too, and is never split."""
_LITERAL, _PARTLY, _REST = range(3)
type Rank = tuple[tuple[tuple[int, int, int], ...], str]


class Pattern:
    """A topic with ``*``: any characters of one part, and as the last part any rest.

    Of two patterns that name the same topic, the one of the lower ``rank`` is more specific. They
    are compared part by part from the left: a part without ``*`` comes before one with, then the
    one with more characters besides ``*``, then the one with fewer ``*``; a rest comes last. What
    is still equal is ordered by its text.
    """

    __slots__ = ("_head", "_matches", "_tail", "is_prefix", "rank", "stem", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        first = text.index(ANY)
        self.stem = text[: text.rfind("/", 0, first) + 1]
        self._head, self._tail = text[:first], text[text.rindex(ANY) + 1 :]
        self.is_prefix = first == len(text) - 1 and text[first - 1] == "/"
        parts = text.split("/")
        last = len(parts) - 1
        self.rank: Rank = tuple(_rank(p, is_last=i == last) for i, p in enumerate(parts)), text
        self._matches = re.compile(_expression(parts)).fullmatch

    def names(self, topic: str) -> bool:
        """Tell whether the pattern names a topic."""
        # Most topics are told apart by their ends, which is quick.
        if not (topic.startswith(self._head) and topic.endswith(self._tail)):
            return False
        if self.is_prefix:
            return len(topic) > len(self.stem)
        return self._matches(topic) is not None


@lru_cache(4096)
def pattern(text: str) -> Pattern:
    """Return a pattern; the same object for the same text, as long as it is in use."""
    return Pattern(text)


def names(subscription: str, topic: str) -> bool:
    """Tell whether a subscription, a topic or a pattern, names the topic."""
    return pattern(subscription).names(topic) if is_pattern(subscription) else subscription == topic


def _rank(part: str, *, is_last: bool) -> tuple[int, int, int]:
    if ANY not in part:
        return _LITERAL, 0, 0
    if is_last and part == ANY:
        return _REST, 0, 0
    stars = part.count(ANY)
    return _PARTLY, stars - len(part), stars


def _expression(parts: list[str]) -> str:
    *before, last = parts
    end = ".+" if last == ANY else _expression_of(last)
    return "/".join([*map(_expression_of, before), end])


def _expression_of(part: str) -> str:
    """Return an expression that takes time in proportion to what it is matched with.

    What stands between two ``*`` is taken where it comes first, and never given back: the group is
    atomic. So a pattern of many ``*`` does not try every way to share a name among them.
    """
    first, *rest = map(re.escape, part.split(ANY))
    if not rest:
        return first
    *middle, end = rest
    taken = "".join(f"(?>{_CHARACTER}*?{piece})" for piece in middle if piece)
    return f"(?>{first}{taken}{_CHARACTER}*{end}(?=/|$))"
