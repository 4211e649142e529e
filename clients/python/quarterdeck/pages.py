"""Follow the pages of a list."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Protocol


class Page(Protocol):
    """An answer that tells where the next one begins."""

    @property
    def next_page_token(self) -> str:
        """Where the next page begins; empty on the last."""


def pages[**P, R: Page](rpc: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
    """Call until the last page: ``for page in pages(client.instruments.list_instruments)``."""
    while True:
        page = rpc(*args, **kwargs)
        yield page
        if not page.next_page_token:
            return
        kwargs["page_token"] = page.next_page_token


async def async_pages[**P, R: Page](
    rpc: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs
) -> AsyncIterator[R]:
    """Await until the last page: ``async for page in async_pages(client.history.list_bars, …)``."""
    while True:
        page = await rpc(*args, **kwargs)
        yield page
        if not page.next_page_token:
            return
        kwargs["page_token"] = page.next_page_token
