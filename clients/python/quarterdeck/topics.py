"""Names of topics: ``kind/key``, with the parts of the key escaped."""

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


def matches(pattern: str, name: str) -> bool:
    """Tell whether a subscription to ``pattern`` covers the topic ``name``."""
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return pattern == name


def _unescape(part: str) -> str:
    return part.replace("%2F", "/").replace("%2A", "*").replace("%25", "%")
