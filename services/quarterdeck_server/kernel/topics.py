"""The grammar of topics: a kind, then the escaped parts of a key, joined by slashes."""

from collections.abc import Sequence

from quarterdeck_server.kernel.errors import InvalidField

FEWEST_PARTS = 2
_ESCAPES = (("%", "%25"), ("/", "%2F"), ("*", "%2A"))


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
    return (first, *(_unescape(part) for part in parts))


def is_pattern(topic: str) -> bool:
    """Tell whether a subscription names every topic under a prefix."""
    return topic.endswith("/*")


def matches(pattern: str, topic: str) -> bool:
    """Tell whether a subscription, a topic or a prefix ending in ``/*``, covers the topic."""
    return topic.startswith(pattern[:-1]) if is_pattern(pattern) else pattern == topic


def check(text: str, kinds: Sequence[str], field: str) -> None:
    """Refuse a subscription that is malformed or of an unknown kind, naming ``field``."""
    parts = text.split("/")
    if parts[0] not in kinds:
        raise TopicInvalid(field, text, f"must begin with one of {', '.join(kinds)}")
    if len(parts) < FEWEST_PARTS or not all(parts):
        raise TopicInvalid(field, text, "must be a kind and a key, joined by a slash")
    if any("*" in part for part in parts[:-1]) or ("*" in parts[-1] and parts[-1] != "*"):
        raise TopicInvalid(field, text, "may have a * only as its last part")


def _escape(part: str) -> str:
    for character, escaped in _ESCAPES:
        part = part.replace(character, escaped)
    return part


def _unescape(part: str) -> str:
    for character, escaped in reversed(_ESCAPES):
        part = part.replace(escaped, character)
    return part
