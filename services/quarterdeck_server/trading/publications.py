"""What a batch tells on the durable topics."""

from collections.abc import Iterator, Sequence

from quarterdeck_server.trading.domain import topic as topics
from quarterdeck_server.trading.domain.batch import Batch
from quarterdeck_server.trading.domain.fill import Fill as LoggedFill
from quarterdeck_server.trading.domain.order import Order
from quarterdeck_server.trading.domain.retold import Anew
from quarterdeck_server.trading.domain.topic import Publication
from quarterdeck_server.trading.mapping import log as mapping
from quarterdeck_server.trading.portfolio import Book, Fill, Position


def publications(book: Book, batch: Batch, timely: Sequence[Fill]) -> Iterator[Publication]:
    """Yield what a batch tells, of a book that did not take it yet.

    A position comes after each of its fills, unless it is taken anew.
    """
    positions = book.preview(timely)
    for outcome in batch.outcomes:
        match outcome:
            case Order():
                yield _order(outcome)
            case LoggedFill():
                yield _fill(outcome)
                if outcome.holding not in batch.restated:
                    yield _position(next(positions))
            case _:
                yield Publication(topics.accounts(outcome.account), outcome.report.payload)


def retold_positions(anew: Anew) -> Iterator[Publication]:
    """Yield the positions that are taken anew, each once, after all else."""
    for retold in anew.values():
        yield _position(retold.position())


def _order(order: Order) -> Publication:
    topic = topics.orders(order.account, order.strategy)
    return Publication(topic, mapping.order_to(order).SerializeToString(deterministic=True))


def _fill(fill: LoggedFill) -> Publication:
    topic = topics.fills(fill.account, fill.strategy)
    return Publication(topic, mapping.fill_to(fill).SerializeToString(deterministic=True))


def _position(position: Position) -> Publication:
    topic = topics.positions(position.key.account, position.key.strategy)
    message = mapping.position_to(position)
    return Publication(topic, message.SerializeToString(deterministic=True))
