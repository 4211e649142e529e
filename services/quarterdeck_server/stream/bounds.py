"""How much one stream may ask for: checked by counting, before any other work is done."""

from collections.abc import Collection, Sequence

from quarterdeck.api.stream.v1 import subscription_pb2
from quarterdeck_server.kernel import topics
from quarterdeck_server.settings import StreamSettings
from quarterdeck_server.stream.domain import LimitExceeded, Subscription

MOST_CURSORS = 100_000
MOST_PATTERNS = 50
"""Patterns are compared with every topic of their kind; a ``*`` as a whole last part is cheap."""
MOST_RATES = 16
"""Each different rate is a log of its own."""


def check_sizes(
    messages: Sequence[subscription_pb2.Subscription], settings: StreamSettings, field: str
) -> None:
    """Refuse a request that names too much, without looking at what it names."""
    excluded = sum(len(one.exclude) for one in messages)
    _check_count("subscriptions per stream", len(messages) + excluded, settings, field)
    if sum(len(one.cursors) for one in messages) > MOST_CURSORS:
        raise LimitExceeded("cursors per stream", MOST_CURSORS, field=f"{field}.cursors")


def check(subscriptions: Collection[Subscription], settings: StreamSettings, field: str) -> None:
    """Refuse a stream that would cost too much."""
    count = sum(1 + len(one.exclude) for one in subscriptions)
    _check_count("subscriptions per stream", count, settings, field)
    if sum(map(_patterns_of, subscriptions)) > MOST_PATTERNS:
        raise LimitExceeded("patterns with a * inside a part", MOST_PATTERNS, field=field)
    if len({one.max_rate for one in subscriptions}) > MOST_RATES:
        raise LimitExceeded("different rates", MOST_RATES, field=f"{field}.max_rate")


def _check_count(subject: str, count: int, settings: StreamSettings, field: str) -> None:
    limit = settings.subscriptions_per_stream
    if count > limit:
        raise LimitExceeded(subject, limit, field=field)


def _patterns_of(subscription: Subscription) -> int:
    names = (subscription.topic, *subscription.exclude)
    return sum(topics.is_pattern(name) and not name.endswith("/*") for name in names)
