"""The durable topics: which there are, and what they published."""

from dataclasses import dataclass
from functools import lru_cache

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.topics import TopicInvalid
from quarterdeck_server.kernel.value import value

MOST_KEPT = 10_000
"""Names of topics, which every event of a batch asks for."""

_PARTS = {"orders": 3, "fills": 3, "positions": 3, "accounts": 2}


@value
class Publication:
    """What is to be published on a topic, before it has a sequence number."""

    topic: str
    payload: bytes


@value
class TopicRecord:
    """What a topic published; ``position`` counts the records of all topics, without gaps."""

    position: int
    topic: str
    sequence: int
    publish_time_ns: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class TopicOwner:
    """Whose topic it is."""

    account: str
    strategy: str


@lru_cache(MOST_KEPT)
def orders(account: str, strategy: str) -> str:
    """Name the topic of a strategy's orders."""
    return topics.topic("orders", account, strategy)


@lru_cache(MOST_KEPT)
def fills(account: str, strategy: str) -> str:
    """Name the topic of a strategy's fills."""
    return topics.topic("fills", account, strategy)


@lru_cache(MOST_KEPT)
def positions(account: str, strategy: str) -> str:
    """Name the topic of a strategy's positions."""
    return topics.topic("positions", account, strategy)


def accounts(account: str) -> str:
    """Name the topic of an account's reported balances."""
    return topics.topic("accounts", account)


def profit(account: str, strategy: str) -> str:
    """Name the topic of a strategy's profit, or of an account's if the strategy is empty."""
    return topics.topic("pnl", account, *([strategy] if strategy else []))


def owner(topic: str) -> TopicOwner:
    """Tell whose durable topic it is; fails with TopicInvalid."""
    parts = topics.split(topic)
    if len(parts) != _PARTS.get(parts[0]) or not all(parts) or "*" in topic:
        known = "orders, fills, positions (account and strategy) and accounts (account)"
        raise TopicInvalid("topic", topic, f"must be one durable topic: {known}")
    return TopicOwner(parts[1], parts[2] if len(parts) == 3 else "")  # noqa: PLR2004
