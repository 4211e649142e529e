"""A real node trades on the deck's data, and the deck learns all of it exactly once."""

import asyncio
from pathlib import Path

from tests.integration.node.conftest import Runner, until
from tests.integration.node.deck import TestDeck, quote

from quarterdeck.api.trading.v1.node_pb2 import (
    COMMAND_KIND_MARKET_EXIT,
    COMMAND_KIND_START_STRATEGY,
    COMMAND_KIND_STOP_NODE,
    COMMAND_KIND_STOP_STRATEGY,
    COMMAND_STATE_DONE,
    COMMAND_STATE_FAILED,
)
from quarterdeck.api.trading.v1.order_pb2 import ORDER_STATUS_INITIALIZED

NODE = ("-m", "quarterdeck_node")


async def test_every_event_is_recorded_once_across_a_kill_of_the_node(
    deck: TestDeck, runner: Runner, configuration: Path
) -> None:
    book = deck.book
    first = await runner.start(*NODE, str(configuration))
    await until(lambda: len(book.fills) >= 6, "six fills")
    first.kill()
    await first.wait()
    before = len(book.fills)

    second = await runner.start(*NODE, str(configuration))
    await until(lambda: len(book.fills) >= before + 4, "four fills after the kill")
    compared = {
        (p.strategy, p.instrument): float(p.quantity.value)
        for p in book.registrations[-1].positions
    }
    assert compared == book.held_at_registration[-1]
    made = [e.order for e in book.events.values() if e.order.status == ORDER_STATUS_INITIALIZED]
    decided = {round(float(order.decision_price.value) * 100) for order in made}
    assert decided <= {quote(number).quotes.bid_price[0] + 1 for number in range(40)}

    book.tell(COMMAND_KIND_STOP_NODE)
    assert await asyncio.wait_for(second.wait(), 20) == 0
    assert (book.told_twice(), book.changed) == ([], [])
    assert book.stopped
    assert book.health.spooled_events == book.health.dead_letters == 0


async def test_what_the_log_could_not_take_is_sent_after_a_kill(
    deck: TestDeck, runner: Runner, configuration: Path
) -> None:
    book = deck.book
    first = await runner.start(*NODE, str(configuration))
    await until(lambda: len(book.fills) >= 2, "two fills")
    book.away = True
    await until(lambda: book.health.spooled_events >= 10, "ten events that wait")
    waiting, known = book.health.spooled_events, len(book.events)
    first.kill()
    await first.wait()

    book.away = False
    await runner.start(*NODE, str(configuration))
    await until(lambda: len(book.events) >= known + waiting, "what waited")
    await until(lambda: len(book.registrations) >= 4, "a comparison")
    compared = {
        (p.strategy, p.instrument): float(p.quantity.value) for p in book.registrations[3].positions
    }
    assert compared == book.held_at_registration[3]
    assert (book.told_twice(), book.changed) == ([], [])


async def test_a_node_obeys_its_deck(deck: TestDeck, runner: Runner, configuration: Path) -> None:
    book = deck.book
    process = await runner.start(*NODE, str(configuration))
    await until(lambda: len(book.fills) >= 2, "two fills")
    stop = book.tell(COMMAND_KIND_STOP_STRATEGY, "EmaCross-001")
    unknown = book.tell(COMMAND_KIND_STOP_STRATEGY, "Nobody-001")
    await until(lambda: len(book.results) >= 2, "two results")
    states = {result.name: result.state for result in book.results}
    assert states == {stop: COMMAND_STATE_DONE, unknown: COMMAND_STATE_FAILED}

    start = book.tell(COMMAND_KIND_START_STRATEGY, "EmaCross-001")
    leave = book.tell(COMMAND_KIND_MARKET_EXIT)
    await until(lambda: len(book.results) >= 4, "four results")
    told = {result.name: result.result for result in book.results}
    assert (told[start], told[leave]) == ("started: EmaCross-001", "flat")

    process.terminate()
    assert await asyncio.wait_for(process.wait(), 20) == 0
    assert book.stopped
