"""The Publish call on the wire."""

import hashlib
from collections.abc import Sequence

from quarterdeck.api.marketdata.v1 import ingest_service_pb2 as pb
from quarterdeck_server.marketdata.domain.columns import Batch
from quarterdeck_server.marketdata.domain.publication import Acknowledgement, Entry
from quarterdeck_server.marketdata.mapping.batch import bars_from, payload, quotes_from, trades_from


def entries_from(request: pb.PublishRequest) -> list[Entry]:
    """Read the batches; what came encoded goes on in the same bytes."""
    quotes = [
        Entry(quotes_from(message), message.SerializeToString(), f"quotes[{i}]")
        for i, message in enumerate(request.quotes)
    ]
    trades = [
        Entry(trades_from(message), message.SerializeToString(), f"trades[{i}]")
        for i, message in enumerate(request.trades)
    ]
    bars = [
        Entry(bars_from(message), message.SerializeToString(), f"bars[{i}]")
        for i, message in enumerate(request.bars)
    ]
    return [*quotes, *trades, *bars]


def entries_of(batches: Sequence[Batch]) -> list[Entry]:
    """Encode the batches of a source."""
    return [Entry(batch, payload(batch), f"batches[{i}]") for i, batch in enumerate(batches)]


def digest(request: pb.PublishRequest) -> bytes:
    """Return what tells one request from another."""
    return hashlib.blake2b(request.SerializeToString(deterministic=True), digest_size=16).digest()


def response_to(acknowledgements: Sequence[Acknowledgement]) -> pb.PublishResponse:
    """Write what became of the batches."""
    return pb.PublishResponse(
        acknowledgements=[
            pb.TopicAcknowledgement(
                topic=each.topic,
                epoch=each.epoch,
                first_sequence=each.first_sequence,
                last_sequence=each.last_sequence,
                durable_through=each.durable_through,
            )
            for each in acknowledgements
        ]
    )
