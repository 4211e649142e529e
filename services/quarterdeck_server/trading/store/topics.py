"""What durable topics published, for readers that resume and for what the bus missed."""

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.topic import TopicRecord
from quarterdeck_server.trading.store.rows import record_of

_COLUMNS = "position, topic, sequence, publish_time_ns, payload"
_NEW_EPOCH = """
INSERT INTO trading.live_epoch (epoch) VALUES ($1)
ON CONFLICT (single) DO UPDATE SET epoch = greatest(live_epoch.epoch + 1, excluded.epoch)
RETURNING epoch"""


@dataclass(frozen=True, slots=True)
class TopicPage:
    """Records of a topic, and where the topic stands."""

    records: tuple[TopicRecord, ...]
    epoch: int
    last_sequence: int


async def new_epoch(postgres: Postgres, now_s: int) -> int:
    """Return an epoch for the topics that are not durable, later than any before."""
    return int(await postgres.fetchval(_NEW_EPOCH, now_s))


async def topic_page(postgres: Postgres, topic: str, after_sequence: int, limit: int) -> TopicPage:
    """Return what a topic published after a sequence number, oldest first."""
    row = await postgres.fetchrow(
        "SELECT epoch, coalesce((SELECT last_sequence FROM trading.topic WHERE topic = $1), 0) "
        "FROM trading.head",
        topic,
    )
    epoch, last = (0, 0) if row is None else row
    rows = await postgres.fetch(
        f"SELECT {_COLUMNS} FROM trading.topic_record "  # noqa: S608 - constants
        "WHERE topic = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
        topic,
        after_sequence,
        limit,
    )
    return TopicPage(tuple(record_of(row) for row in rows), epoch, last)


async def records_after(postgres: Postgres, position: int, limit: int) -> Sequence[TopicRecord]:
    """Return what all topics published after a position, in the order of the log."""
    rows = await postgres.fetch(
        f"SELECT {_COLUMNS} FROM trading.topic_record WHERE position > $1 "  # noqa: S608
        "ORDER BY position LIMIT $2",
        position,
        limit,
    )
    return [record_of(row) for row in rows]


async def position_before(postgres: Postgres, publish_time_ns: int, within: int) -> int:
    """Return the position after which all was published since a time, within the last few."""
    return int(
        await postgres.fetchval(
            "SELECT coalesce((SELECT min(position) - 1 FROM trading.topic_record "
            "  WHERE publish_time_ns >= $1 AND position > head.record_position - $2), "
            "  head.record_position) FROM trading.head",
            publish_time_ns,
            within,
        )
    )
