"""The reconciler: others against the log, the log against itself, and word of what differs.

A comparison is one transaction, one at a time for each source. That a break is new is announced
after its commit, from the database: a bus that is away delays the notice, and loses none.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import structlog

from quarterdeck_server.kernel import topics
from quarterdeck_server.kernel.errors import NotFound, NotPossibleNow, QuarterdeckError
from quarterdeck_server.kernel.money import ZERO
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.node import Held, Node
from quarterdeck_server.trading.domain.reconciliation import (
    Break,
    BreakKind,
    Compared,
    Difference,
    Settlement,
    compare,
    settle,
)
from quarterdeck_server.trading.domain.statement import (
    Coverage,
    Item,
    Statement,
    Subject,
    Terms,
)
from quarterdeck_server.trading.mapping.breaks import notice_to
from quarterdeck_server.trading.portfolio import PositionKey, Scope
from quarterdeck_server.trading.store import breaks as store
from quarterdeck_server.trading.store import compared as compared_log

log = structlog.get_logger()

LOG = "log"
TOPIC = topics.topic("notices", "reconciliation")
LOOK_EVERY_S = 1.0
LOOK_AT_LEAST_EVERY_S = 10.0
LOOK_SHARE = 20
"""The pause after a look is so many times as long as the look."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a comparison came to; ``breaks`` are the open ones that it found."""

    opened: int
    seen: int
    accepted: int
    closed: int
    breaks: tuple[Break, ...]


class Reconciler:
    """Compares, keeps the breaks, and tells of them."""

    def __init__(self, shared: Shared, desk: Desk, doubt_after: timedelta) -> None:
        self._postgres, self._bus, self._clock = shared.postgres, shared.bus, shared.clock
        self._compute, self._desk, self._doubt_after = shared.compute, desk, doubt_after

    async def reconcile(self, statement: Statement, *, dry_run: bool = False) -> Reconciled:
        """Compare a statement with the log as it is now."""
        source, now_ns = statement.source, self._clock.now_ns()
        async with self._postgres.transaction() as connection:
            await store.lock(connection, source)
            known = await store.known(connection, source)
            ours = await self._ours(connection, statement, known)
            compared = Compared(statement.items, ours, statement.coverage)
            settled = await self._compute.thread(_settled, known, compared)
            if dry_run:
                return _reconciled(settled, [_unstored(source, one) for one in settled.opened])
            opened = await store.write(connection, source, settled, now_ns)
        _count(settled)
        return _reconciled(settled, opened)

    async def node_registered(self, node: Node, cached: Mapping[Held, Decimal]) -> None:
        """Keep in what a node's cache and the log differ."""
        strategies = frozenset(node.strategies) | {held.strategy for held in cached}
        coverage = Coverage(
            frozenset(node.accounts), frozenset({Subject.POSITION}), strategies=strategies
        )
        items = {
            Item(Subject.POSITION, held.account, held.strategy, held.instrument): Terms(quantity)
            for held, quantity in cached.items()
            if held.account in coverage.accounts
        }
        await self.reconcile(Statement(node.name, coverage, items))

    async def get(self, number: int) -> Break:
        """Return a break; fails with NotFound."""
        found = await store.one(self._postgres, number)
        if found is None:
            raise NotFound("break", f"breaks/{number}")
        return found

    async def resolve(self, number: int, reason: str, resolver: str) -> Break:
        """Resolve a break; to say the same twice changes nothing."""
        now_ns = self._clock.now_ns()
        is_new = await store.resolve(self._postgres, number, reason, resolver, now_ns)
        found = await self.get(number)
        if (found.reason, found.resolver) != (reason, resolver):
            by = found.resolver or "a later comparison"
            raise NotPossibleNow(found.name, f"{found.name} was resolved by {by}: {found.reason}")
        if is_new:
            log.info("break_resolved", name=found.name, resolver=resolver)
        return found

    async def run(self) -> None:
        """Look after doubtful orders and untold breaks for ever."""
        pause_s = LOOK_EVERY_S
        while True:
            await asyncio.sleep(pause_s)
            started = self._clock.monotonic()
            try:
                await self.look()
            except QuarterdeckError as error:
                log.warning("breaks_not_looked_after", error=str(error))
            # Thousands of doubtful orders must not take the time of those who record.
            spent_s = self._clock.monotonic() - started
            pause_s = min(max(LOOK_EVERY_S, LOOK_SHARE * spent_s), LOOK_AT_LEAST_EVERY_S)

    async def look(self) -> None:
        """Compare the log with itself, tell of what is new, and count what is open."""
        await self._doubt()
        await self._hear_nodes_again()
        await self._tell()
        counts = await store.open_counts(self._postgres)
        for kind in BreakKind:
            metrics.OPEN_BREAKS.labels(kind.name.lower()).set(counts.get(kind, 0))

    async def _doubt(self) -> None:
        async with self._postgres.transaction() as connection:
            await store.lock(connection, LOG)
            known = await store.known(connection, LOG)
            found = await compared_log.doubtful(connection, self._doubt_after)
            accounts = frozenset(one.difference.item.account for one in known)
            coverage = Coverage(accounts, frozenset({Subject.ORDER}))
            settled = settle(known, found, Compared({}, {}, coverage))
            # Looked at all the time: only what changed is worth a write.
            moved = tuple(pair for pair in settled.seen if pair[0].difference != pair[1])
            settled = replace(settled, seen=moved)
            if settled.opened or moved or settled.closed:
                await store.write(connection, LOG, settled, self._clock.now_ns())
        _count(settled)

    async def _hear_nodes_again(self) -> None:
        """Close the breaks of nodes whose late events brought the log to what they said."""
        async with self._postgres.transaction() as connection:
            closed = tuple(
                kept
                for kept in await store.open_of_nodes(connection)
                if kept.difference.is_gone(holding(self._desk, kept.difference.item))
            )
            if closed:
                settled = Settlement((), (), (), closed)
                await store.write(connection, "", settled, self._clock.now_ns())

    async def _tell(self) -> None:
        async with self._postgres.transaction() as connection:
            for source, numbers in (await store.told(connection)).items():
                payload = notice_to(source, numbers).SerializeToString()
                await self._bus.append(TOPIC, payload, publish_time_ns=self._clock.now_ns())
                log.warning("breaks_opened", source=source, count=len(numbers))

    async def _ours(
        self, connection: Connection, statement: Statement, known: Sequence[Break]
    ) -> Mapping[Item, Terms]:
        coverage, named = statement.coverage, statement.items.keys()
        wanted = coverage.subjects | {item.subject for item in named}
        found: dict[Item, Terms] = {}
        if Subject.POSITION in wanted:
            found |= positions(self._desk, coverage)
        if Subject.CASH in wanted:
            found |= cash(self._desk, coverage.accounts)
        if Subject.FILL in wanted:
            open_items = (one.difference.item for one in known if one.is_open)
            trades = {i.reference for i in (*named, *open_items) if i.subject is Subject.FILL}
            found |= await compared_log.fills(connection, coverage, trades)
        if Subject.ORDER in wanted:
            found |= await compared_log.orders(connection, coverage.accounts, named)
        return found


def _settled(known: Sequence[Break], compared: Compared) -> Settlement:
    return settle(known, compare(compared), compared)


def positions(desk: Desk, coverage: Coverage) -> Mapping[Item, Terms]:
    """Return what the log holds of instruments, by strategy if the other side tells them apart."""
    found: dict[Item, Decimal] = {}
    for account in coverage.accounts:
        for position in desk.average.positions(Scope(account)):
            strategy = "" if coverage.strategies is None else position.key.strategy
            item = Item(Subject.POSITION, account, strategy, position.key.instrument)
            found[item] = found.get(item, ZERO) + position.quantity
    return {item: Terms(quantity) for item, quantity in found.items()}


def holding(desk: Desk, item: Item) -> Terms | None:
    """Return what the log holds of a strategy's instrument, if it ever held any."""
    key = PositionKey(account=item.account, strategy=item.strategy, instrument=item.instrument)
    try:
        return Terms(desk.average.position(key).quantity)
    except NotFound:
        return None


def cash(desk: Desk, accounts: Iterable[str]) -> Mapping[Item, Terms]:
    """Return what the log holds of currencies."""
    return {
        Item(Subject.CASH, account, currency=held.money.currency): Terms(held.money.amount)
        for account in accounts
        for held in desk.cash(account)
    }


def _count(settled: Settlement) -> None:
    for one in settled.opened:
        metrics.BREAKS.labels(one.kind.name.lower()).inc()


def _unstored(source: str, one: Difference) -> Break:
    return Break(0, source, one, is_open=True, seen_count=1, create_time_ns=0, seen_time_ns=0)


def _reconciled(settled: Settlement, opened: Sequence[Break]) -> Reconciled:
    seen = [replace(kept, difference=now) for kept, now in settled.seen]
    return Reconciled(
        opened=len(settled.opened),
        seen=len(settled.seen),
        accepted=len(settled.accepted),
        closed=len(settled.closed),
        breaks=(*opened, *seen),
    )
