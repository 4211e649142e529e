"""Principals who may do less than the administrator."""

import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence

from tests.system.deck import Deck, client_of

from quarterdeck import AsyncClient
from quarterdeck.api.auth.v1.principal_pb2 import PRINCIPAL_KIND_MACHINE, Role


async def token_of(client: AsyncClient) -> str:
    """Return the token that a client calls with."""
    return await client._channel.tokens.access_token()


@contextlib.asynccontextmanager
async def machine(
    deck: Deck, role: Role.ValueType, accounts: Sequence[str] = ("*",)
) -> AsyncIterator[AsyncClient]:
    """Call as a machine with one role."""
    async with client_of(deck) as admin:
        made = await admin.principals.create_principal(
            principal_id=f"m{uuid.uuid4().hex[:12]}",
            kind=PRINCIPAL_KIND_MACHINE,
            roles=[role],
            accounts=accounts,
            strategies=["*"],
        )
        key = await admin.api_keys.create_api_key(
            principal=made.principal.name, display_name="a fault"
        )
    async with AsyncClient(deck.address, api_key=key.secret) as client:
        yield client
