"""TokenService: turns credentials into short-lived access tokens."""

from quarterdeck.api.auth.v1 import token_service_pb2 as pb
from quarterdeck.api.auth.v1 import token_service_pb2_grpc as rpc
from quarterdeck_server.auth.broadcast import RevocationBroadcast
from quarterdeck_server.auth.domain.principal import PrincipalNotFound, id_from_name
from quarterdeck_server.auth.domain.secret import parse_api_key
from quarterdeck_server.auth.domain.session import TokenPair
from quarterdeck_server.auth.keys import KeyRing
from quarterdeck_server.auth.mapping.principal import permissions_to, principal_to
from quarterdeck_server.auth.mapping.token import json_web_key_to, token_pair_to
from quarterdeck_server.auth.ports import Stores
from quarterdeck_server.auth.sign_in import SignIn
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.call import annotate
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.runtime.service import Context


class TokenServicer(rpc.TokenServiceServicer):
    """Serves tokens."""

    def __init__(
        self,
        stores: Stores,
        sign_in: SignIn,
        keys: KeyRing,
        broadcast: RevocationBroadcast,
        clock: Clock,
    ) -> None:
        self._stores, self._sign_in, self._keys = stores, sign_in, keys
        self._broadcast, self._clock = broadcast, clock

    async def IssueToken(
        self, request: pb.IssueTokenRequest, context: Context
    ) -> pb.IssueTokenResponse:
        return pb.IssueTokenResponse(tokens=token_pair_to(await self._issue(request)))

    async def RefreshToken(
        self, request: pb.RefreshTokenRequest, context: Context
    ) -> pb.RefreshTokenResponse:
        pair = await self._sign_in.renew(request.refresh_token)
        return pb.RefreshTokenResponse(tokens=token_pair_to(pair))

    async def RevokeToken(
        self, request: pb.RevokeTokenRequest, context: Context
    ) -> pb.RevokeTokenResponse:
        await self._stores.sessions.revoke(current().session, self._clock.now_ns())
        await self._broadcast.changed()
        return pb.RevokeTokenResponse()

    async def GetJwks(self, request: pb.GetJwksRequest, context: Context) -> pb.GetJwksResponse:
        return pb.GetJwksResponse(keys=[json_web_key_to(key) for key in self._keys.keys])

    async def GetCaller(
        self, request: pb.GetCallerRequest, context: Context
    ) -> pb.GetCallerResponse:
        caller = current()
        principal = await self._stores.principals.find(id_from_name(caller.principal))
        if principal is None:
            raise PrincipalNotFound(caller.principal)
        return pb.GetCallerResponse(
            principal=principal_to(principal),
            permissions=permissions_to(caller.permissions),
            expire_time=timestamp_to(int(caller.expires_at) * NS),
        )

    async def _issue(self, request: pb.IssueTokenRequest) -> TokenPair:
        if request.WhichOneof("credential") == "api_key":
            secret = parse_api_key(request.api_key)
            annotate(f"apiKeys/{secret.id}" if secret else "")
            return await self._sign_in.with_api_key(request.api_key)
        annotate(f"principals/{request.password.principal_id}")
        return await self._sign_in.with_password(
            request.password.principal_id, request.password.password
        )
