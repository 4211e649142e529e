"""Events from files: every row is looked at before any is recorded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.sheet import Row, SheetInvalid
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.facts import Facts
from quarterdeck_server.trading.mapping.sheet import read_events, refusal
from quarterdeck_server.trading.recorder import Recorder

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file came to, or would; problems in the order of the rows."""

    new: int
    known: int
    problems: tuple[SheetInvalid, ...] = ()


class Importer:
    """Reads files of events into the log: all of a file, or nothing."""

    def __init__(self, recorder: Recorder, facts: Facts, compute: Compute) -> None:
        self._recorder, self._facts, self._compute = recorder, facts, compute

    async def run(
        self, content: str, permit: Callable[[Event], None], *, dry_run: bool
    ) -> Imported:
        """Record a file; ``permit`` refuses an event outside of the caller's scope.

        Raises SheetInvalid for the first row that cannot be accepted, which a dry run lists with
        all others.
        """
        good, problems = await self._compute.thread(_read, content, dry_run=dry_run)
        for _, event in good:
            permit(event)
        known, unknown = await self._with_facts(good)
        rehearsed = await self._recorder.rehearse([event for _, event in known])
        lines = {event.path: row for row, event in known}
        refused = [refusal(lines[event.path], error) for event, error in rehearsed.refused]
        problems = sorted([*problems, *unknown, *refused], key=lambda one: one.row)
        metrics.ROWS_REFUSED.inc(len(problems))
        if dry_run:
            return Imported(rehearsed.new, rehearsed.known, tuple(problems))
        if problems:
            raise problems[0]
        recorded = await self._recorder.record([event for _, event in known])
        log.info("events_imported", new=recorded.new, known=recorded.known)
        return Imported(recorded.new, recorded.known)

    async def _with_facts(
        self, good: Sequence[tuple[Row, Event]]
    ) -> tuple[list[tuple[Row, Event]], list[SheetInvalid]]:
        """Keep the events whose instruments are known and can be what the events say."""
        known, refused = [], []
        unknown = await self._facts.learn(event for _, event in good)
        for row, event in good:
            try:
                if event.instrument in unknown:
                    raise row.refused("instrument", "is not known")
                self._facts.check(event)
                known.append((row, event))
            except InvalidField as error:
                refused.append(refusal(row, error))
        return known, refused


def _read(content: str, *, dry_run: bool) -> tuple[list[tuple[Row, Event]], list[SheetInvalid]]:
    good: list[tuple[Row, Event]] = []
    problems: list[SheetInvalid] = []
    try:
        for row, found in read_events(content):
            if isinstance(found, SheetInvalid):
                problems.append(found)
            else:
                good.append((row, found))
    except SheetInvalid as error:
        # What follows a row that is no row cannot be read.
        if not dry_run:
            raise
        problems.append(error)
    return good, problems
