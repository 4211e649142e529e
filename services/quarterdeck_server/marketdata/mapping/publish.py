"""The Publish and PublishStream calls on the wire."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quarterdeck.api.marketdata.v1 import ingest_service_pb2 as pb
from quarterdeck_server.marketdata.domain.publication import Acknowledgement, Entry, Publishable
from quarterdeck_server.marketdata.mapping.batch import bars_from, quotes_from, trades_from
from quarterdeck_server.marketdata.mapping.streamed import (
    book_from,
    deltas_from,
    payload,
    status_from,
)

type Request = pb.PublishRequest | pb.PublishStreamRequest

# In the order in which batches are published and acknowledged.
READERS: Mapping[str, Callable[[Any], Publishable]] = {
    "quotes": quotes_from,
    "trades": trades_from,
    "bars": bars_from,
    "books": book_from,
    "deltas": deltas_from,
    "statuses": status_from,
}


def entries_from(request: Request) -> list[Entry]:
    """Read the batches; what came encoded goes on in the same bytes."""
    return [
        Entry(read(message), message.SerializeToString(), f"{name}[{place}]")
        for name, read in READERS.items()
        for place, message in enumerate(getattr(request, name))
    ]


def entries_of(batches: Sequence[Publishable]) -> list[Entry]:
    """Encode what a source publishes."""
    return [Entry(batch, payload(batch), f"batches[{i}]") for i, batch in enumerate(batches)]


def digest(request: Request) -> bytes:
    """Return what tells one request from another, whichever of the two calls brings it."""
    return hashlib.blake2b(request.SerializeToString(deterministic=True), digest_size=16).digest()


def response_to(acknowledgements: Sequence[Acknowledgement]) -> pb.PublishResponse:
    """Write what became of the batches."""
    return pb.PublishResponse(acknowledgements=map(_acknowledgement_to, acknowledgements))


def stream_response_to(
    requests: int, rows: int, acknowledgements: Sequence[Acknowledgement]
) -> pb.PublishStreamResponse:
    """Write what became of the requests of a stream."""
    return pb.PublishStreamResponse(
        requests=requests, rows=rows, acknowledgements=map(_acknowledgement_to, acknowledgements)
    )


def _acknowledgement_to(each: Acknowledgement) -> pb.TopicAcknowledgement:
    return pb.TopicAcknowledgement(
        topic=each.topic,
        epoch=each.epoch,
        first_sequence=each.first_sequence,
        last_sequence=each.last_sequence,
        durable_through=each.durable_through,
    )
