"""ApiKeyService: manages the API keys of machines."""

import secrets
from dataclasses import replace

from quarterdeck.api.auth.v1 import api_key_service_pb2 as pb
from quarterdeck.api.auth.v1 import api_key_service_pb2_grpc as rpc
from quarterdeck_server.auth.broadcast import RevocationBroadcast
from quarterdeck_server.auth.domain.api_key import (
    ApiKey,
    check_owner,
    end_after,
    id_from_name,
    lifetime_until,
)
from quarterdeck_server.auth.domain.principal import PrincipalNotFound
from quarterdeck_server.auth.domain.principal import id_from_name as principal_id_from_name
from quarterdeck_server.auth.domain.secret import KeySecret, api_key
from quarterdeck_server.auth.mapping import api_key as mapping
from quarterdeck_server.auth.ports import Stores
from quarterdeck_server.kernel import page
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.call import annotate
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.service import Context

PAGE, LARGEST_PAGE = 100, 1_000
LIST = "ListApiKeys"
ID_BYTES, SECRET_BYTES = 8, 32


class ApiKeyServicer(rpc.ApiKeyServiceServicer):
    """Serves API keys."""

    def __init__(self, stores: Stores, broadcast: RevocationBroadcast, clock: Clock) -> None:
        self._stores, self._broadcast, self._clock = stores, broadcast, clock

    async def CreateApiKey(
        self, request: pb.CreateApiKeyRequest, context: Context
    ) -> pb.CreateApiKeyResponse:
        now_ns, secret = self._clock.now_ns(), _new_secret()
        lifetime_ns = lifetime_until(mapping.expire_time_from(request), now_ns)
        key = ApiKey(
            id=secret.id,
            principal=await self._owner(request.principal),
            display_name=request.display_name,
            prefix=secret.prefix,
            secret_hash=secret.hash,
            create_time_ns=now_ns,
            lifetime_ns=lifetime_ns,
            expire_time_ns=end_after(now_ns, lifetime_ns),
        )
        made = await self._stores.api_keys.create(key)
        annotate(made.name)
        return pb.CreateApiKeyResponse(api_key=mapping.api_key_to(made), secret=secret.text)

    async def ListApiKeys(
        self, request: pb.ListApiKeysRequest, context: Context
    ) -> pb.ListApiKeysResponse:
        size = page.page_size(request.page_size, PAGE, LARGEST_PAGE)
        owner = mapping.owner_from(request)
        after = page.decode(request.page_token, LIST, [owner], str)
        found = await self._stores.api_keys.list(owner, str(after[0]) if after else "", size + 1)
        more = page.encode(LIST, [owner], [found[size - 1].id]) if found[size:] else ""
        keys = [mapping.api_key_to(key) for key in found[:size]]
        return pb.ListApiKeysResponse(api_keys=keys, next_page_token=more)

    async def RotateApiKey(
        self, request: pb.RotateApiKeyRequest, context: Context
    ) -> pb.RotateApiKeyResponse:
        now_ns, secret = self._clock.now_ns(), _new_secret()
        made = await self._stores.api_keys.rotate(
            id_from_name(request.name),
            lambda key: _successor(key, secret, now_ns),
            now_ns + request.overlap_seconds * NS,
        )
        await self._broadcast.changed()
        return pb.RotateApiKeyResponse(api_key=mapping.api_key_to(made), secret=secret.text)

    async def RevokeApiKey(
        self, request: pb.RevokeApiKeyRequest, context: Context
    ) -> pb.RevokeApiKeyResponse:
        key = await self._stores.api_keys.revoke(id_from_name(request.name), self._clock.now_ns())
        await self._broadcast.changed()
        return pb.RevokeApiKeyResponse(api_key=mapping.api_key_to(key))

    async def _owner(self, name: str) -> str:
        principal = await self._stores.principals.find(principal_id_from_name(name, "principal"))
        if principal is None:
            raise PrincipalNotFound(name)
        check_owner(principal)
        return principal.id


def _new_secret() -> KeySecret:
    return api_key(secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES))


def _successor(key: ApiKey, secret: KeySecret, now_ns: int) -> ApiKey:
    return replace(
        key,
        id=secret.id,
        prefix=secret.prefix,
        secret_hash=secret.hash,
        create_time_ns=now_ns,
        expire_time_ns=end_after(now_ns, key.lifetime_ns),
        last_use_time_ns=None,
        from_seed=False,
    )
