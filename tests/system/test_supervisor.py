"""What starting, stopping and killing the supervisor itself does."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from tests.faults.witnesses import portfolio, quiet_account
from tests.protocols import Fields
from tests.system.deck import (
    COMMAND,
    PARTS,
    PATIENCE_S,
    Deck,
    client_of,
    environment,
    start,
    wait_for,
)

from quarterdeck_server.embedded.orphans import find
from quarterdeck_server.embedded.process import is_alive
from quarterdeck_server.embedded.state import StateDirectory

pytestmark = pytest.mark.system


@dataclass(frozen=True, slots=True)
class Life:
    """A deck that was started, started again beside itself, killed, recovered and interrupted."""

    first: Deck
    second: subprocess.CompletedProcess[str]
    recovered: Deck
    password: str
    profits: Sequence[Fields]
    bystander: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def life(suite: Deck) -> Iterator[Life]:
    """One life for all claims, because each start takes seconds."""
    with subprocess.Popen(["sleep", "600"]) as bystander:
        try:
            yield live(suite, bystander)
        finally:
            bystander.kill()


def live(first: Deck, bystander: subprocess.Popen[bytes]) -> Life:
    second = call_again(first)
    account = asyncio.run(make_account(first))
    profit = asyncio.run(ask_profit(first, account))
    ends(first, signal.SIGKILL)
    recovered = start(first.folder, first.settings)
    profits = (profit, asyncio.run(ask_profit(recovered, account)))
    password = recovered.password
    ends(recovered, signal.SIGINT)
    return Life(first, second, recovered, password, profits, bystander)


def call_again(deck: Deck, *words: str) -> subprocess.CompletedProcess[str]:
    """Run another command where a suite is; to start it again unless said otherwise."""
    command = [*COMMAND[:-1], *(words or COMMAND[-1:])]
    variables = environment(deck.folder, deck.settings)
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def ends(deck: Deck, number: signal.Signals) -> None:
    """End the supervisor alone, and wait until everything it had started is gone."""
    processes = find(StateDirectory.at(deck.folder), os.getpid())
    assert len(processes) >= len(PARTS)
    deck.process.send_signal(number)
    deck.process.wait(PATIENCE_S)
    wait_for(lambda: not [p.name for p in processes if is_alive(p.mark)])


async def make_account(deck: Deck) -> str:
    async with client_of(deck) as client:
        return await quiet_account(client)


async def ask_profit(deck: Deck, account: str) -> Fields:
    async with client_of(deck) as client:
        return await portfolio(client, account)


def test_a_second_call_says_where_the_first_one_answers(life: Life) -> None:
    assert life.first.url in life.second.stdout
    assert str(life.first.process.pid) in life.second.stdout
    assert life.second.returncode == 0


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_has_the_same_data(
    life: Life,
) -> None:
    """The fixture waited until all processes of the first start were gone."""
    assert life.first.process.returncode == -signal.SIGKILL
    assert life.recovered.address == life.first.address
    before, after = life.profits
    assert before["positions"]
    assert after == before


def test_an_interrupt_stops_everything_that_was_started_and_nothing_else(life: Life) -> None:
    assert life.recovered.process.returncode == 0
    assert not find(StateDirectory.at(life.recovered.folder), os.getpid())
    assert life.bystander.poll() is None


def test_the_first_start_alone_shows_the_password(life: Life) -> None:
    shown = re.search(r"Sign in +admin / (\S+)", life.first.said)
    assert shown
    # The file may have been replaced since: another claim resets it.
    assert shown[1] == life.password
    assert shown[1] not in life.recovered.said


def test_lost_credentials_can_be_replaced(life: Life) -> None:
    before = life.recovered.password
    answer = call_again(life.recovered, "keys", "reset")
    assert life.recovered.password != before
    assert life.recovered.password in answer.stdout
