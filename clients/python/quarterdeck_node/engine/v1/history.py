"""The deck's history for the engine's requests: the newest rows of a time range."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from nautilus_trader.core.data import Data
from nautilus_trader.model.data import BarType

from quarterdeck import AsyncClient
from quarterdeck_node.engine.v1 import market, words

PAGE = 10_000
MOST_ROWS = 100_000
"""A request without a limit gets the newest so many rows."""

type Page = Callable[[int, str], Awaitable[tuple[list[Data], str]]]


class History:
    """Reads the deck's history."""

    def __init__(self, client: AsyncClient, find: market.Finder) -> None:
        self._history, self._find = client.history, find

    async def quotes(
        self, instrument: str, start: datetime | None, end: datetime | None, limit: int
    ) -> list[Data]:
        """Return the newest quotes of a range, oldest first."""

        async def page(size: int, token: str) -> tuple[list[Data], str]:
            answer = await self._history.list_quotes(
                instrument=instrument,
                start_time=start,
                end_time=end,
                newest_first=True,
                page_size=size,
                page_token=token,
            )
            return market.quotes(answer.quotes), answer.next_page_token

        return await _newest(page, limit)

    async def trades(
        self, instrument: str, start: datetime | None, end: datetime | None, limit: int
    ) -> list[Data]:
        """Return the newest trades of a range, oldest first."""

        async def page(size: int, token: str) -> tuple[list[Data], str]:
            answer = await self._history.list_trades(
                instrument=instrument,
                start_time=start,
                end_time=end,
                newest_first=True,
                page_size=size,
                page_token=token,
            )
            return market.trades(answer.trades), answer.next_page_token

        return await _newest(page, limit)

    async def bars(
        self, kind: BarType, start: datetime | None, end: datetime | None, limit: int
    ) -> list[Data]:
        """Return the newest bars of a range, oldest first; none of a kind the deck lacks."""
        interval = words.interval(kind)

        async def page(size: int, token: str) -> tuple[list[Data], str]:
            answer = await self._history.list_bars(
                instrument=str(kind.instrument_id),
                interval=interval or "",
                start_time=start,
                end_time=end,
                newest_first=True,
                page_size=size,
                page_token=token,
            )
            return market.bars(answer.bars, self._find), answer.next_page_token

        return await _newest(page, limit) if interval else []


async def _newest(page: Page, limit: int) -> list[Data]:
    """Put the pages, which go back in time, in the order of time."""
    wanted = limit or MOST_ROWS
    rows: list[Data] = []
    token = ""
    while len(rows) < wanted:
        # The size must not change from page to page, so the last one may bring a few too many.
        older, token = await page(min(PAGE, wanted), token)
        rows = older + rows
        if not token:
            break
    return rows[-wanted:]
