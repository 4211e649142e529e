"""The grammar of topics: a kind, then the escaped parts of a key, joined by slashes."""

from collections.abc import Sequence

from quarterdeck_server.kernel.errors import InvalidField

FEWEST_PARTS = 2
ANY = "*"
_ESCAPES = (("%", "%25"), ("/", "%2F"), ("*", "%2A"))
_ESCAPED = tuple(escaped for _, escaped in _ESCAPES)


class TopicInvalid(InvalidField):
    """A topic that is malformed or of no known kind."""

    reason = "TOPIC_INVALID"

    def __init__(self, field: str, topic: str, problem: str) -> None:
        super().__init__(field, problem, topic=topic)


def topic(kind: str, *parts: str) -> str:
    """Join a kind and the parts of a key: ``topic("bars", "1d", "EUR/USD.IDEALPRO")``."""
    return "/".join((kind, *(_escape(part) for part in parts)))


def kind(topic: str) -> str:
    """Return the first part of a topic."""
    return topic.partition("/")[0]


def split(topic: str) -> tuple[str, ...]:
    """Return the kind and the parts of the key, unescaped."""
    first, *parts = topic.split("/")
    return (first, *(unescaped(part) for part in parts))


def unescaped(part: str) -> str:
    """Return one part of a topic as it was before it was escaped."""
    for character, escaped in reversed(_ESCAPES):
        part = part.replace(escaped, character)
    return part


def is_pattern(topic: str) -> bool:
    """Tell whether a subscription may name several topics; a ``*`` of a name is escaped."""
    return ANY in topic


def stems(topic: str) -> list[str]:
    """Return the beginnings of a topic that end with a slash, longest first."""
    found: list[str] = []
    place = topic.rfind("/")
    while place >= 0:
        found.append(topic[: place + 1])
        place = topic.rfind("/", 0, place)
    return found


def check(text: str, kinds: Sequence[str], field: str) -> None:
    """Refuse a subscription that is malformed or of an unknown kind, naming ``field``."""
    parts = text.split("/")
    if parts[0] not in kinds:
        raise TopicInvalid(field, text, f"must begin with one of {', '.join(kinds)}")
    if len(parts) < FEWEST_PARTS or not all(parts):
        raise TopicInvalid(field, text, "must be a kind and a key, joined by a slash")
    if text.count("%") != sum(text.count(escaped) for escaped in _ESCAPED):
        raise TopicInvalid(field, text, f"may have a % only in one of {', '.join(_ESCAPED)}")


def _escape(part: str) -> str:
    for character, escaped in _ESCAPES:
        part = part.replace(character, escaped)
    return part
