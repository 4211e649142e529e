"""OrderLifeService."""

from quarterdeck.api.trading.v1 import order_life_service_pb2 as pb
from quarterdeck.api.trading.v1.order_life_service_pb2_grpc import OrderLifeServiceServicer
from quarterdeck_server.kernel import page
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.trading.mapping import life as mapping
from quarterdeck_server.trading.servicers.view import view_of
from quarterdeck_server.trading.store.lives import Place, lives

DEFAULT_ROWS, MOST_ROWS = 1_000, 10_000
RPC = "ListOrderLives"


class OrderLifeServicer(OrderLifeServiceServicer):
    """Serves the lives of orders."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def ListOrderLives(
        self, request: pb.ListOrderLivesRequest, context: Context
    ) -> pb.ListOrderLivesResponse:
        view, wanted = view_of(request.account, request.strategy), mapping.life_filter_from(request)
        filters = (request.account, request.strategy, wanted, request.newest_first)
        size = page.page_size(request.page_size, DEFAULT_ROWS, MOST_ROWS)
        found = await lives(
            self._postgres,
            view,
            wanted,
            _place(page.decode(request.page_token, RPC, filters, int, str, str)),
            size + 1,
            newest_first=request.newest_first,
        )
        more = len(found.account) > size
        token = page.encode(RPC, filters, [*found.place(size - 1)]) if more else ""
        return pb.ListOrderLivesResponse(lives=mapping.lives_to(found, size), next_page_token=token)


def _place(position: page.Position | None) -> Place | None:
    return None if position is None else (int(position[0]), str(position[1]), str(position[2]))
