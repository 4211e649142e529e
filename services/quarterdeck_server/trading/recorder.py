"""Recording: from a batch of events to a commit, and only then to the desk and the readers.

Every recorder locks the head of the log, so positions and sequences are gapless however many there
are. The desk follows the log, never leads it: what a failed or doubtful commit left behind, and
what another recorder wrote, is read from the log before the next batch is looked at.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.beside import beside, in_turns
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.account import Account, Opening
from quarterdeck_server.trading.domain.activity import changes
from quarterdeck_server.trading.domain.batch import Batch, newest_reports
from quarterdeck_server.trading.domain.event import AccountReport, Event
from quarterdeck_server.trading.domain.topic import TopicRecord
from quarterdeck_server.trading.facts import Facts
from quarterdeck_server.trading.following import Moves, book_fill, follow
from quarterdeck_server.trading.knowing import known
from quarterdeck_server.trading.mapping.event import opening_event
from quarterdeck_server.trading.openings import opening_flows, tell_left_out
from quarterdeck_server.trading.portfolio import Flow
from quarterdeck_server.trading.ports import RecordSink
from quarterdeck_server.trading.publications import publications, retold_positions
from quarterdeck_server.trading.retelling import taken_anew
from quarterdeck_server.trading.store import activity, adjustments, amendments, load, restatements
from quarterdeck_server.trading.store import log as store


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many events of a batch were new, and how many the log had."""

    new: int
    known: int


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a batch would come to: its new and known events, and those that would be refused."""

    new: int
    known: int
    refused: tuple[tuple[Event, QuarterdeckError], ...]


class Recorder:
    """The one way into the log."""

    def __init__(
        self,
        shared: Shared,
        desk: Desk,
        facts: Facts,
        sink: RecordSink,
        moved: Callable[[], None],
        patience: timedelta,
    ) -> None:
        self._postgres, self._clock = shared.postgres, shared.clock
        self._patience_ns = round(patience.total_seconds() * NS)
        self._desk, self._facts, self._sink, self._moved = desk, facts, sink, moved
        self._turn = asyncio.Lock()

    async def record(self, events: Sequence[Event]) -> Recorded:
        """Store a batch and return when it is committed; a bad event stores nothing."""
        await self._facts.ensure(events)
        # A caller that gives up must not leave a commit half followed.
        return await asyncio.shield(asyncio.create_task(self._record(events)))

    async def rehearse(self, events: Sequence[Event]) -> Rehearsed:
        """Tell what recording a batch would come to, event by event; stores nothing."""
        async with self._turn, self._postgres.transaction() as connection:
            await self._locked(connection)
            batch = await known(connection, self._desk, events)
        refused: list[tuple[Event, QuarterdeckError]] = []
        for event in events:
            try:
                batch.fold([event])
            except QuarterdeckError as error:
                refused.append((event, error))
        new = len(events) - len(refused) - batch.duplicates
        return Rehearsed(new, batch.duplicates, tuple(refused))

    async def open_accounts(self, openings: Sequence[Opening]) -> None:
        """Store the accounts that the log does not know, with their opening balances."""
        async with self._turn:
            async with self._postgres.transaction() as connection:
                head = await self._locked(connection)
                fresh = [one for one in openings if await store.open_account(connection, one)]
                moved = list(opening_flows(fresh, head.event_position, self._clock.now_ns()))
                told = [opening_event(flow) for flow, _ in moved]
                await store.write_events(connection, told, head.event_position)
                await adjustments.write_flows(connection, list(self._in_base(moved, fresh)))
                end = head.event_position + len(moved)
                await store.move_head(connection, store.Head(head.epoch, end, head.record_position))
                await tell_left_out(connection, openings, fresh)
            for opening in fresh:
                self._desk.add_account(opening.account, opening.base_currency)
            for flow, position in moved:
                self._desk.transfer(flow, position)
            self._desk.position = end
        self._moved()
        for opening in fresh:
            await self._facts.ensure_rates_of(
                opening.account, {one.currency for one in opening.balances}
            )

    async def catch_up(self) -> None:
        """Apply what the log has and the desk has not."""
        async with self._turn, self._postgres.transaction() as connection:
            await self._locked(connection)
        self._moved()

    async def _record(self, events: Sequence[Event]) -> Recorded:
        started = self._clock.monotonic()
        async with self._turn:
            async with self._postgres.transaction() as connection:
                head = await self._locked(connection)
                batch = await self._folded(connection, events)
                accounts = await self._accounts(connection, batch)
                moves, records = await self._store(connection, head, batch, accounts)
            self._show(batch, accounts, moves)
        self._sink.committed(records)
        self._moved()
        metrics.counted(batch)
        metrics.RECORD.observe(self._clock.monotonic() - started)
        await self._facts.find_rates(batch)
        return Recorded(len(batch.events), batch.duplicates)

    async def _locked(self, connection: Connection) -> store.Head:
        head = await store.lock_head(connection)
        if head.event_position != self._desk.position:
            await self._follow(connection, head)
        return head

    async def _follow(self, connection: Connection, head: store.Head) -> None:
        for account in await load.accounts(connection):
            if self._desk.bases.get(account.account) != account.base_currency:
                self._desk.add_account(account.account, account.base_currency)
        await self._facts.refresh()
        await follow(self._desk, connection, head.event_position)

    async def _folded(self, connection: Connection, events: Sequence[Event]) -> Batch:
        batch, _ = await beside(
            known(connection, self._desk, events), in_turns(self._desk.books.catch_up())
        )
        batch.fold(events)
        return batch

    async def _accounts(self, connection: Connection, batch: Batch) -> list[Opening]:
        """Store the accounts that no node registered: their first currency becomes the base."""
        fresh: dict[str, Opening] = {}
        for event in batch.events:
            account = event.word.account
            if account and account not in self._desk.bases and account not in fresh:
                fresh[account] = Opening(account, self._currency(event))
        return [await store.add_account(connection, one) for one in fresh.values()]

    def _currency(self, event: Event) -> str:
        if isinstance(event.body, AccountReport):
            return next((one.currency for one in event.body.balances), "USD")
        if isinstance(event.body, Flow):
            return event.body.money.currency
        return self._desk.average.instrument(str(event.instrument)).currency

    async def _store(
        self, connection: Connection, head: store.Head, batch: Batch, accounts: Iterable[Opening]
    ) -> tuple[Moves, tuple[TopicRecord, ...]]:
        """Store what a batch came to; return what it does to positions, and what topics tell.

        What topics tell is computed while the database stores the rest.
        """
        fills = (fill for fill, _ in batch.new_fills)
        timely = [book_fill(fill) for fill in fills if fill.holding not in batch.restated]
        _, published = await beside(
            self._write(connection, head, batch, accounts),
            in_turns(publications(self._desk.average, batch, timely)),
        )
        anew = await taken_anew(
            self._desk,
            connection,
            batch.unsettled(),
            batch.position,
            [action for action, _ in batch.new_actions],
        )
        records = await store.write_publications(
            connection,
            [*published, *retold_positions(anew)],
            head.record_position,
            self._clock.now_ns(),
        )
        end = head.record_position + len(records)
        await store.move_head(connection, store.Head(head.epoch, batch.position, end))
        return Moves(timely, anew), records

    async def _write(
        self, connection: Connection, head: store.Head, batch: Batch, accounts: Iterable[Opening]
    ) -> None:
        if not batch.events:
            return
        await store.write_events(connection, batch.events, head.event_position)
        await store.write_fills(connection, batch.new_fills)
        await amendments.write(connection, batch.fills, batch.amended)
        await store.write_traded(connection, batch.newly_traded)
        await adjustments.write_flows(connection, list(self._in_base(batch.new_flows, accounts)))
        await adjustments.write_actions(connection, batch.new_actions)
        await store.write_orders(connection, batch.new_orders, batch.known_orders)
        await activity.write(connection, changes(batch, self._desk.average.instrument))
        await store.write_reports(connection, dict(_reported(batch)))
        past = batch.changed_past(self._desk.shown_ns, self._patience_ns)
        await restatements.write(connection, (head.event_position, batch.position), past)

    def _show(self, batch: Batch, accounts: Iterable[Opening], moves: Moves) -> None:
        for opening in accounts:
            self._desk.add_account(opening.account, opening.base_currency)
        for fill in moves.timely:
            self._desk.apply(fill, batch.position)
        for flow, position in batch.new_flows:
            self._desk.transfer(flow, position)
        for action, _ in batch.new_actions:
            self._desk.learn(action)
        for key, retold in moves.anew.items():
            self._desk.replay(key, retold)
        self._desk.position = batch.position

    def _in_base(
        self, moved: Iterable[tuple[Flow, int]], accounts: Iterable[Opening]
    ) -> Iterator[tuple[Flow, int, Decimal | None]]:
        """Add what flows are in the base currency of their accounts, if a rate is known now.

        ``accounts`` are those that the desk learns of with these flows.
        """
        bases = {one.account: one.base_currency for one in accounts}
        for flow, position in moved:
            base = bases.get(flow.account, "")
            yield flow, position, self._desk.in_base(flow.account, flow.money, base)


def _reported(batch: Batch) -> Iterator[tuple[str, Account]]:
    for name, found in newest_reports(batch.outcomes).items():
        totals = {balance.currency: balance.total for balance in found.report.balances}
        yield name, Account(name, "", found.time_ns, totals)
