"""PrincipalService: manages people and machines."""

from quarterdeck.api.auth.v1 import principal_service_pb2 as pb
from quarterdeck.api.auth.v1 import principal_service_pb2_grpc as rpc
from quarterdeck_server.auth.broadcast import RevocationBroadcast
from quarterdeck_server.auth.domain.principal import (
    Principal,
    check_password_fits,
    disabled,
    id_from_name,
    patched,
)
from quarterdeck_server.auth.mapping import principal as mapping
from quarterdeck_server.auth.passwords import Passwords
from quarterdeck_server.auth.ports import PrincipalStore
from quarterdeck_server.kernel import page
from quarterdeck_server.runtime.call import annotate
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.service import Context

PAGE, LARGEST_PAGE = 100, 1_000
LIST = "ListPrincipals"


class PrincipalServicer(rpc.PrincipalServiceServicer):
    """Serves principals."""

    def __init__(
        self,
        principals: PrincipalStore,
        passwords: Passwords,
        broadcast: RevocationBroadcast,
        clock: Clock,
    ) -> None:
        self._principals, self._passwords = principals, passwords
        self._broadcast, self._clock = broadcast, clock

    async def CreatePrincipal(
        self, request: pb.CreatePrincipalRequest, context: Context
    ) -> pb.CreatePrincipalResponse:
        principal = mapping.principal_from(request, self._clock.now_ns())
        annotate(principal.name)
        password = mapping.password_from(request)
        check_password_fits(principal.kind, password)
        key = mapping.request_key_from(request, current().principal)
        made = await self._principals.create(principal, await self._hash(password), key)
        return pb.CreatePrincipalResponse(principal=mapping.principal_to(made))

    async def ListPrincipals(
        self, request: pb.ListPrincipalsRequest, context: Context
    ) -> pb.ListPrincipalsResponse:
        size = page.page_size(request.page_size, PAGE, LARGEST_PAGE)
        after = page.decode(request.page_token, LIST, [], str)
        found = await self._principals.list(str(after[0]) if after else "", size + 1)
        return pb.ListPrincipalsResponse(
            principals=[mapping.principal_to(principal) for principal in found[:size]],
            next_page_token=page.encode(LIST, [], [found[size - 1].id]) if found[size:] else "",
        )

    async def UpdatePrincipal(
        self, request: pb.UpdatePrincipalRequest, context: Context
    ) -> pb.UpdatePrincipalResponse:
        patch, password = mapping.patch_from(request), mapping.password_from(request)

        def edit(principal: Principal) -> Principal:
            check_password_fits(principal.kind, password)
            return patched(principal, patch)

        updated = await self._principals.update(
            id_from_name(request.name), edit, self._clock.now_ns(), await self._hash(password)
        )
        if password is not None:
            await self._broadcast.changed()
        return pb.UpdatePrincipalResponse(principal=mapping.principal_to(updated))

    async def DisablePrincipal(
        self, request: pb.DisablePrincipalRequest, context: Context
    ) -> pb.DisablePrincipalResponse:
        updated = await self._principals.update(
            id_from_name(request.name), disabled, self._clock.now_ns()
        )
        await self._broadcast.changed()
        return pb.DisablePrincipalResponse(principal=mapping.principal_to(updated))

    async def _hash(self, password: str | None) -> str | None:
        if password is None:
            return None
        async with self._passwords.turn():
            return await self._passwords.hash(password)
