"""Measures ingest.

Real PostgreSQL and Valkey, real gRPC on loopback, one process for the service and one client in it,
so the client's cost counts too. A sample ends when history holds every row.
"""

import asyncio
import time

from tests.instruments import upsert
from tests.integration.marketdata.conftest import Deck, open_deck
from tests.integration.marketdata.requests import bars, quotes
from tests.load.results import Figure, figure
from tests.load.servers import servers

from quarterdeck.api.marketdata.v1.history_service_pb2 import ListBarsRequest, ListQuotesRequest
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest, PublishStreamRequest
from quarterdeck_server.runtime.bus import redis_bus
from quarterdeck_server.runtime.migrations import migrate
from quarterdeck_server.runtime.postgres import postgres
from quarterdeck_server.settings import PostgresSettings, RedisSettings

INSTRUMENTS = 50
ROWS = 200
REQUESTS = 40
IN_FLIGHT = 4
TOKEN = (("authorization", "Bearer ada"),)


async def measure(samples: int) -> dict[str, Figure]:
    """Measure every figure on servers of its own."""
    with servers() as (dsn, url):
        await migrate(dsn)
        async with (
            postgres(dsn, PostgresSettings()) as store,
            redis_bus(url, RedisSettings()) as bus,
            open_deck(store, bus) as deck,
        ):
            return await figures(deck, samples)


async def figures(deck: Deck, samples: int) -> dict[str, Figure]:
    """Measure batches, single quotes and pages of history."""
    for number in range(INSTRUMENTS):
        await deck.instruments.UpsertInstrument(upsert(name(number)))
    await deck.instruments.UpsertInstrument(upsert())
    rates = [await batches_per_second(deck, sample) for sample in range(samples)]
    streamed = [await streamed_per_second(deck, samples + sample) for sample in range(samples)]
    single = [await one_quote_ms(deck) for _ in range(100 * samples)]
    await deck.ingest.Publish(PublishRequest(bars=[bars(range(1, 10_001))]))
    quote_page = ListQuotesRequest(instrument=name(0), newest_first=True)
    bar_page = ListBarsRequest(instrument="AAPL.XNAS", interval="1d", page_size=10_000)
    return {
        "ingest_events_per_s": figure([published for published, _ in rates], "1/s"),
        "ingest_stored_per_s": figure([stored for _, stored in rates], "1/s"),
        "ingest_stream_events_per_s": figure([published for published, _ in streamed], "1/s"),
        "ingest_stream_stored_per_s": figure([stored for _, stored in streamed], "1/s"),
        "publish_one_ms": figure(single, "ms"),
        "list_1000_quotes_ms": figure(
            [await timed(deck.history.ListQuotes(quote_page)) for _ in range(samples)], "ms"
        ),
        "list_10000_bars_ms": figure(
            [await timed(deck.history.ListBars(bar_page)) for _ in range(samples)], "ms"
        ),
    }


def name(number: int) -> str:
    """Return one of the instruments."""
    return f"S{number:04d}.XNAS"


async def batches_per_second(deck: Deck, sample: int) -> tuple[float, float]:
    """Publish requests of 10,000 quotes, some in flight; return rows a second out and stored."""
    requests = [request(sample * REQUESTS + number) for number in range(REQUESTS)]
    rows = INSTRUMENTS * ROWS * REQUESTS
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def publish(each: PublishRequest) -> int:
        async with gate:
            answer = await deck.ingest.Publish(each)
            return max(each.last_sequence for each in answer.acknowledgements)

    started = time.perf_counter()
    last = max(await asyncio.gather(*map(publish, requests)))
    published = time.perf_counter() - started
    return rows / published, rows / (await stored(deck, last) - started)


async def streamed_per_second(deck: Deck, sample: int) -> tuple[float, float]:
    """Publish the same on one call; return rows a second out and stored."""
    requests = [
        PublishStreamRequest.FromString(request(sample * REQUESTS + number).SerializeToString())
        for number in range(REQUESTS)
    ]
    started = time.perf_counter()
    answer = await deck.ingest.PublishStream(iter(requests), metadata=TOKEN)
    published = time.perf_counter() - started
    last = max(each.last_sequence for each in answer.acknowledgements)
    return answer.rows / published, answer.rows / (await stored(deck, last) - started)


async def stored(deck: Deck, last: int) -> float:
    """Wait until history holds every row and return when that was."""
    while await durable(deck) < last:  # noqa: ASYNC110 - the answer is another process's
        await asyncio.sleep(0.005)
    return time.perf_counter()


def request(number: int) -> PublishRequest:
    """Return a request whose quotes follow those of the one before."""
    times = range(1 + number * ROWS, 1 + (number + 1) * ROWS)
    return PublishRequest(quotes=[quotes(times, name(n)) for n in range(INSTRUMENTS)])


async def durable(deck: Deck) -> int:
    """Return what history holds of the last instrument, which each request ends with."""
    probe = PublishRequest(quotes=[quotes([1], name(INSTRUMENTS - 1))])
    return int((await deck.ingest.Publish(probe)).acknowledgements[0].durable_through)


async def one_quote_ms(deck: Deck) -> float:
    """Publish one quote and wait for its acknowledgement."""
    return await timed(deck.ingest.Publish(PublishRequest(quotes=[quotes([1])])))


async def timed(call: object) -> float:
    """Return the milliseconds a call takes."""
    started = time.perf_counter()
    await call  # type: ignore[misc]
    return (time.perf_counter() - started) * 1_000
