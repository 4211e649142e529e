"""The spool keeps events until they were sent, across crashes."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck_node.spool import Counts, Spool

WRITER = """
import sys
from pathlib import Path
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck_node.spool import Spool
spool = Spool(Path(sys.argv[1]))
number = 0
while True:
    spool.put(TradingEvent(event_id=f"event-{number}"))
    print(number, flush=True)
    number += 1
"""


def event(number: int) -> TradingEvent:
    return TradingEvent(event_id=f"event-{number}", account="SIM-001")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "node.spool"


@pytest.fixture
def spool(file: Path) -> Iterator[Spool]:
    with closing(Spool(file)) as opened:
        yield opened


def test_what_was_written_before_a_kill_is_there_after_it(file: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        written = [int(next(process.stdout)) for _ in range(50)][-1]
        process.send_signal(signal.SIGKILL)
    with closing(Spool(file)) as spool:
        found = [spooled.event.event_id for spooled in spool.pending(100_000)]
    assert found[: written + 1] == [f"event-{number}" for number in range(written + 1)]


def test_events_come_in_the_order_in_which_they_were_written(spool: Spool) -> None:
    for number in (3, 1, 2):
        spool.put(event(number))
    assert [s.event for s in spool.pending(10)] == [event(3), event(1), event(2)]


def test_an_event_whose_identifier_is_known_is_not_written_again(spool: Spool) -> None:
    spool.put(event(1))
    spool.sent([spool.pending(1)[0].position])
    assert not spool.put(event(1))
    assert spool.counts == Counts(pending=0, dead=0)


def test_only_what_is_not_sent_waits(spool: Spool) -> None:
    spool.put_all(event(number) for number in range(3))
    spool.sent([s.position for s in spool.pending(2)])
    assert [s.event for s in spool.pending(10)] == [event(2)]


def test_a_refused_event_is_kept_apart_with_its_problem(spool: Spool) -> None:
    spool.put(event(1))
    spool.bury(spool.pending(1)[0].position, "quantity must be above zero")
    (letter,) = spool.dead_letters()
    assert (letter.event, letter.problem) == (event(1), "quantity must be above zero")
    assert spool.counts == Counts(pending=0, dead=1)


def test_a_revived_event_waits_again(spool: Spool) -> None:
    spool.put(event(1))
    spool.bury(spool.pending(1)[0].position, "instrument was not known")
    assert spool.revive() == 1
    assert [s.event for s in spool.pending(1)] == [event(1)]


def test_what_could_not_be_told_is_a_dead_letter_that_stays_one(spool: Spool) -> None:
    spool.refuse("event-1", "no such status")
    assert (spool.revive(), spool.counts) == (0, Counts(pending=0, dead=1))


def test_counts_are_the_same_after_opening_again(file: Path) -> None:
    with closing(Spool(file)) as first:
        first.put_all(event(number) for number in range(3))
        first.bury(first.pending(1)[0].position, "refused")
    with closing(Spool(file)) as second:
        assert second.counts == Counts(pending=2, dead=1)


def test_an_event_that_the_disk_refuses_is_written_with_the_next(spool: Spool, file: Path) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    spool._database.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OSError, match="cannot be written"):
        spool.put(event(1))
    assert spool.counts.pending == 1
    other.execute("ROLLBACK")
    other.close()
    spool.put(event(2))
    assert [s.event for s in spool.pending(10)] == [event(1), event(2)]


def test_a_position_limits_what_is_read(spool: Spool) -> None:
    spool.put(event(1))
    last = spool.last_position
    spool.put(event(2))
    assert [s.event for s in spool.pending(10, last)] == [event(1)]
