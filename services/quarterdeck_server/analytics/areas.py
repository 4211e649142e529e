"""Questions to the other areas, with the caller's own token. No error of gRPC leaves here."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import grpc

from quarterdeck_server.kernel.errors import (
    InstrumentNotFound,
    InvalidField,
    NotAllowed,
    NotFound,
    NotPossibleNow,
    Unavailable,
)
from quarterdeck_server.kernel.page import PageTokenInvalid
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.status import told


class PageRequest(Protocol):
    """A request for one page of many."""

    page_token: str


class Page(Protocol):
    """An answer that may not be the last."""

    @property
    def next_page_token(self) -> str:
        """The token of the next page; empty on the last."""


@dataclass(frozen=True, slots=True)
class Area:
    """Another area, and how long its answers may take."""

    name: str
    timeout_s: float = 10.0

    async def answer[Request, Answer](
        self, rpc: Callable[..., Awaitable[Answer]], request: Request
    ) -> Answer:
        """Return the answer to a request, or raise what a refusal means here."""
        token = (("authorization", f"Bearer {current().token}"),)
        try:
            return await rpc(request, timeout=self.timeout_s, metadata=token)
        except grpc.aio.AioRpcError as error:
            raise self._failure(error) from error

    async def pages[Request: PageRequest, Answer: Page](
        self, rpc: Callable[..., Awaitable[Answer]], request: Request
    ) -> AsyncIterator[Answer]:
        """Yield the page that is asked for and all after it; writes their tokens in the request."""
        while True:
            page = await self.answer(rpc, request)
            yield page
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return

    def _failure(self, error: grpc.aio.AioRpcError) -> Exception:
        info = told(error)
        about = dict(info.metadata)
        match info.reason:
            case "INSTRUMENT_NOT_FOUND":
                return InstrumentNotFound(about["instrument"])
            case "RESOURCE_NOT_FOUND":
                return NotFound(about["resource_type"], about["name"])
            case "PERMISSION_MISSING":
                return NotAllowed(error.details() or "", permission=about["permission"])
            case "STATE_FORBIDS":
                return NotPossibleNow(about["subject"], error.details() or "")
            case "FIELD_INVALID" | "PAGE_TOKEN_INVALID":
                return _invalid(about["field"], error)
        return Unavailable(f"{self.name} does not answer now", dependency=self.name)


def _invalid(field: str, error: grpc.aio.AioRpcError) -> InvalidField:
    # A page token is handed on as it came.
    if field == "page_token":
        return PageTokenInvalid()
    return InvalidField(field, (error.details() or "").partition(" ")[2])
