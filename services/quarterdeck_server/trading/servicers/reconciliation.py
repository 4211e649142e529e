"""ReconciliationService."""

from collections.abc import Collection, Mapping

from quarterdeck.api.trading.v1 import break_pb2
from quarterdeck.api.trading.v1 import reconciliation_service_pb2 as pb
from quarterdeck.api.trading.v1.reconciliation_service_pb2_grpc import (
    ReconciliationServiceServicer,
)
from quarterdeck_server.kernel import page
from quarterdeck_server.kernel.errors import NotFound
from quarterdeck_server.runtime.caller import EVERY, current
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.trading.domain.broker_file import read_statement
from quarterdeck_server.trading.domain.reconciliation import Break
from quarterdeck_server.trading.domain.statement import Statement
from quarterdeck_server.trading.mapping import breaks as mapping
from quarterdeck_server.trading.ports import Broker
from quarterdeck_server.trading.reconciler import Reconciler
from quarterdeck_server.trading.servicers.view import view_of
from quarterdeck_server.trading.store import breaks as store

DEFAULT_BREAKS, MOST_BREAKS = 100, 1_000


class ReconciliationServicer(ReconciliationServiceServicer):
    """Serves the comparison of the log with what others say."""

    def __init__(
        self, reconciler: Reconciler, shared: Shared, brokers: Mapping[str, Broker]
    ) -> None:
        self._reconciler, self._brokers = reconciler, brokers
        self._postgres, self._compute = shared.postgres, shared.compute

    async def Reconcile(
        self, request: pb.ReconcileRequest, context: Context
    ) -> pb.ReconcileResponse:
        statement = await self._statement(request)
        field = "statement.accounts" if request.HasField("statement") else "broker"
        for account in sorted(statement.coverage.accounts):
            current().require_scope(account, field=field)
        found = await self._reconciler.reconcile(statement, dry_run=request.dry_run)
        return pb.ReconcileResponse(
            opened_count=found.opened,
            seen_count=found.seen,
            accepted_count=found.accepted,
            closed_count=found.closed,
            breaks=map(mapping.break_to, found.breaks[:MOST_BREAKS]),
        )

    async def ListBreaks(
        self, request: pb.ListBreaksRequest, context: Context
    ) -> pb.ListBreaksResponse:
        view = view_of(request.account)
        filters = (request.account, request.source, request.state)
        after = page.decode(request.page_token, "ListBreaks", filters, int)
        size = page.page_size(request.page_size, DEFAULT_BREAKS, MOST_BREAKS)
        found = await store.page(
            self._postgres,
            request.account,
            request.source,
            (_some(view.accounts), _some(view.strategies)),
            (None if after is None else int(after[0]), size + 1),
            is_open=request.state == break_pb2.BREAK_STATE_OPEN if request.state else None,
        )
        more = len(found) > size
        token = page.encode("ListBreaks", filters, [found[size - 1].number]) if more else ""
        breaks = map(mapping.break_to, found[:size])
        return pb.ListBreaksResponse(breaks=breaks, next_page_token=token)

    async def GetBreak(self, request: pb.GetBreakRequest, context: Context) -> pb.GetBreakResponse:
        return pb.GetBreakResponse(found=mapping.break_to(await self._seen(request.name)))

    async def ResolveBreak(
        self, request: pb.ResolveBreakRequest, context: Context
    ) -> pb.ResolveBreakResponse:
        number = (await self._seen(request.name)).number
        resolver = current().principal
        resolved = await self._reconciler.resolve(number, request.reason, resolver)
        return pb.ResolveBreakResponse(resolved=mapping.break_to(resolved))

    async def _statement(self, request: pb.ReconcileRequest) -> Statement:
        if request.HasField("statement"):
            told = request.statement
            declared = mapping.declared_from(told)
            return await self._compute.thread(read_statement, told.broker, told.csv, declared)
        broker = self._brokers.get(request.broker)
        if broker is None:
            raise NotFound("broker", request.broker)
        return await broker.statement()

    async def _seen(self, name: str) -> Break:
        found = await self._reconciler.get(int(name.removeprefix("breaks/")))
        item = found.difference.item
        current().require_scope(item.account, item.strategy, "name")
        return found


def _some(names: Collection[str]) -> Collection[str] | None:
    return None if EVERY in names else names
