"""The services of auth; written by ``tools/rpcs.py`` from the contracts."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import cast

from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck._async.channel import AsyncChannel
from quarterdeck._method import Method
from quarterdeck._times import timestamp
from quarterdeck.api.auth.v1.api_key_service_pb2 import (
    CreateApiKeyRequest,
    CreateApiKeyResponse,
    ListApiKeysRequest,
    ListApiKeysResponse,
    RevokeApiKeyRequest,
    RevokeApiKeyResponse,
    RotateApiKeyRequest,
    RotateApiKeyResponse,
)
from quarterdeck.api.auth.v1.audit_service_pb2 import (
    ExportAuditLogRequest,
    ExportAuditLogResponse,
    ListAuditEventsRequest,
    ListAuditEventsResponse,
    VerifyAuditLogRequest,
    VerifyAuditLogResponse,
    WatchAuditEventsRequest,
    WatchAuditEventsResponse,
)
from quarterdeck.api.auth.v1.principal_pb2 import PRINCIPAL_KIND_UNSPECIFIED, PrincipalKind, Role
from quarterdeck.api.auth.v1.principal_service_pb2 import (
    CreatePrincipalRequest,
    CreatePrincipalResponse,
    DisablePrincipalRequest,
    DisablePrincipalResponse,
    ListPrincipalsRequest,
    ListPrincipalsResponse,
    RoleList,
    ScopeList,
    UpdatePrincipalRequest,
    UpdatePrincipalResponse,
)
from quarterdeck.api.auth.v1.token_service_pb2 import (
    GetCallerRequest,
    GetCallerResponse,
    GetJwksRequest,
    GetJwksResponse,
    IssueTokenRequest,
    IssueTokenResponse,
    PasswordCredential,
    RefreshTokenRequest,
    RefreshTokenResponse,
    RevokeTokenRequest,
    RevokeTokenResponse,
)

CREATE_API_KEY = Method[CreateApiKeyRequest, CreateApiKeyResponse](
    "/quarterdeck.api.auth.v1.ApiKeyService/CreateApiKey", CreateApiKeyResponse, repeatable=False
)
LIST_API_KEYS = Method[ListApiKeysRequest, ListApiKeysResponse](
    "/quarterdeck.api.auth.v1.ApiKeyService/ListApiKeys", ListApiKeysResponse, repeatable=True
)
ROTATE_API_KEY = Method[RotateApiKeyRequest, RotateApiKeyResponse](
    "/quarterdeck.api.auth.v1.ApiKeyService/RotateApiKey", RotateApiKeyResponse, repeatable=False
)
REVOKE_API_KEY = Method[RevokeApiKeyRequest, RevokeApiKeyResponse](
    "/quarterdeck.api.auth.v1.ApiKeyService/RevokeApiKey", RevokeApiKeyResponse, repeatable=True
)


class AsyncApiKeyService:
    """Manages the API keys of machines."""

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel

    async def create_api_key(
        self,
        *,
        principal: str = "",
        display_name: str = "",
        expire_time: Timestamp | datetime | None = None,
        timeout: float | None = None,
    ) -> CreateApiKeyResponse:
        """Creates a key and returns its secret, once.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND) if the principal does not exist.
        """
        request = CreateApiKeyRequest(
            principal=principal, display_name=display_name, expire_time=timestamp(expire_time)
        )
        return await self._channel.unary(CREATE_API_KEY, request, timeout)

    async def list_api_keys(
        self,
        *,
        principal: str = "",
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListApiKeysResponse:
        """Lists keys by name, the revoked ones too."""
        request = ListApiKeysRequest(
            principal=principal, page_size=page_size, page_token=page_token
        )
        return await self._channel.unary(LIST_API_KEYS, request, timeout)

    async def rotate_api_key(
        self, *, name: str = "", overlap_seconds: int = 0, timeout: float | None = None
    ) -> RotateApiKeyResponse:
        """Creates a successor of a key and lets the old one work for a while longer.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND), and with FAILED_PRECONDITION (STATE_FORBIDS) if
        the key is revoked.
        """
        request = RotateApiKeyRequest(name=name, overlap_seconds=overlap_seconds)
        return await self._channel.unary(ROTATE_API_KEY, request, timeout)

    async def revoke_api_key(
        self, *, name: str = "", timeout: float | None = None
    ) -> RevokeApiKeyResponse:
        """Revokes a key: tokens issued for it are revoked and its streams end within 5 s.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = RevokeApiKeyRequest(name=name)
        return await self._channel.unary(REVOKE_API_KEY, request, timeout)


LIST_AUDIT_EVENTS = Method[ListAuditEventsRequest, ListAuditEventsResponse](
    "/quarterdeck.api.auth.v1.AuditService/ListAuditEvents",
    ListAuditEventsResponse,
    repeatable=True,
)
WATCH_AUDIT_EVENTS = Method[WatchAuditEventsRequest, WatchAuditEventsResponse](
    "/quarterdeck.api.auth.v1.AuditService/WatchAuditEvents",
    WatchAuditEventsResponse,
    repeatable=True,
)
VERIFY_AUDIT_LOG = Method[VerifyAuditLogRequest, VerifyAuditLogResponse](
    "/quarterdeck.api.auth.v1.AuditService/VerifyAuditLog", VerifyAuditLogResponse, repeatable=True
)
EXPORT_AUDIT_LOG = Method[ExportAuditLogRequest, ExportAuditLogResponse](
    "/quarterdeck.api.auth.v1.AuditService/ExportAuditLog", ExportAuditLogResponse, repeatable=True
)


class AsyncAuditService:
    """Proves afterwards what happened and who decided it."""

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel

    async def list_audit_events(
        self,
        *,
        actor: str = "",
        action_prefix: str = "",
        start_time: Timestamp | datetime | None = None,
        end_time: Timestamp | datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListAuditEventsResponse:
        """Lists records, newest first."""
        request = ListAuditEventsRequest(
            actor=actor,
            action_prefix=action_prefix,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            page_size=page_size,
            page_token=page_token,
        )
        return await self._channel.unary(LIST_AUDIT_EVENTS, request, timeout)

    def watch_audit_events(
        self, *, cursor: int = 0, timeout: float | None = None
    ) -> AsyncIterator[WatchAuditEventsResponse]:
        """Streams records as they are written: those after the cursor, then each new one."""
        request = WatchAuditEventsRequest(cursor=cursor)
        return self._channel.stream(WATCH_AUDIT_EVENTS, request, timeout)

    async def verify_audit_log(
        self, *, first_id: int = 0, last_id: int = 0, timeout: float | None = None
    ) -> VerifyAuditLogResponse:
        """Recomputes the chain and tells the first record that does not hold."""
        request = VerifyAuditLogRequest(first_id=first_id, last_id=last_id)
        return await self._channel.unary(VERIFY_AUDIT_LOG, request, timeout)

    def export_audit_log(
        self, *, timeout: float | None = None
    ) -> AsyncIterator[ExportAuditLogResponse]:
        """Streams the whole chain, oldest first, for verification by a third party."""
        request = ExportAuditLogRequest()
        return self._channel.stream(EXPORT_AUDIT_LOG, request, timeout)


CREATE_PRINCIPAL = Method[CreatePrincipalRequest, CreatePrincipalResponse](
    "/quarterdeck.api.auth.v1.PrincipalService/CreatePrincipal",
    CreatePrincipalResponse,
    repeatable=True,
)
LIST_PRINCIPALS = Method[ListPrincipalsRequest, ListPrincipalsResponse](
    "/quarterdeck.api.auth.v1.PrincipalService/ListPrincipals",
    ListPrincipalsResponse,
    repeatable=True,
)
UPDATE_PRINCIPAL = Method[UpdatePrincipalRequest, UpdatePrincipalResponse](
    "/quarterdeck.api.auth.v1.PrincipalService/UpdatePrincipal",
    UpdatePrincipalResponse,
    repeatable=True,
)
DISABLE_PRINCIPAL = Method[DisablePrincipalRequest, DisablePrincipalResponse](
    "/quarterdeck.api.auth.v1.PrincipalService/DisablePrincipal",
    DisablePrincipalResponse,
    repeatable=True,
)


class AsyncPrincipalService:
    """Manages people and machines."""

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel

    async def create_principal(
        self,
        *,
        principal_id: str = "",
        display_name: str = "",
        kind: PrincipalKind.ValueType = PRINCIPAL_KIND_UNSPECIFIED,
        roles: Iterable[Role.ValueType] | None = None,
        accounts: Iterable[str] | None = None,
        strategies: Iterable[str] | None = None,
        password: str | None = None,
        request_id: str = "",
        timeout: float | None = None,
    ) -> CreatePrincipalResponse:
        """Creates a principal.

        Fails with ALREADY_EXISTS (RESOURCE_EXISTS).
        """
        request = CreatePrincipalRequest(
            principal_id=principal_id,
            display_name=display_name,
            kind=kind,
            roles=roles,
            accounts=accounts,
            strategies=strategies,
            password=password,
            request_id=request_id,
        )
        return await self._channel.unary(CREATE_PRINCIPAL, request, timeout)

    async def list_principals(
        self, *, page_size: int = 0, page_token: str = "", timeout: float | None = None
    ) -> ListPrincipalsResponse:
        """Lists principals by name."""
        request = ListPrincipalsRequest(page_size=page_size, page_token=page_token)
        return await self._channel.unary(LIST_PRINCIPALS, request, timeout)

    async def update_principal(
        self,
        *,
        name: str = "",
        etag: str = "",
        display_name: str | None = None,
        roles: RoleList | None = None,
        accounts: ScopeList | None = None,
        strategies: ScopeList | None = None,
        password: str | None = None,
        timeout: float | None = None,
    ) -> UpdatePrincipalResponse:
        """Updates the given fields of a principal; tokens issued before keep their old rights until
        they expire.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND) and ABORTED (ETAG_MISMATCH).
        """
        request = UpdatePrincipalRequest(
            name=name,
            etag=etag,
            display_name=display_name,
            roles=roles,
            accounts=accounts,
            strategies=strategies,
            password=password,
        )
        return await self._channel.unary(UPDATE_PRINCIPAL, request, timeout)

    async def disable_principal(
        self, *, name: str = "", timeout: float | None = None
    ) -> DisablePrincipalResponse:
        """Disables a principal: its tokens are revoked and its streams end within 5 s.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND), and with FAILED_PRECONDITION (STATE_FORBIDS) for
        the last enabled admin.
        """
        request = DisablePrincipalRequest(name=name)
        return await self._channel.unary(DISABLE_PRINCIPAL, request, timeout)


ISSUE_TOKEN = Method[IssueTokenRequest, IssueTokenResponse](
    "/quarterdeck.api.auth.v1.TokenService/IssueToken",
    IssueTokenResponse,
    repeatable=False,
    public=True,
)
REFRESH_TOKEN = Method[RefreshTokenRequest, RefreshTokenResponse](
    "/quarterdeck.api.auth.v1.TokenService/RefreshToken",
    RefreshTokenResponse,
    repeatable=False,
    public=True,
)
REVOKE_TOKEN = Method[RevokeTokenRequest, RevokeTokenResponse](
    "/quarterdeck.api.auth.v1.TokenService/RevokeToken", RevokeTokenResponse, repeatable=True
)
GET_JWKS = Method[GetJwksRequest, GetJwksResponse](
    "/quarterdeck.api.auth.v1.TokenService/GetJwks", GetJwksResponse, repeatable=True, public=True
)
GET_CALLER = Method[GetCallerRequest, GetCallerResponse](
    "/quarterdeck.api.auth.v1.TokenService/GetCaller", GetCallerResponse, repeatable=True
)


class AsyncTokenService:
    """Turns credentials into short-lived access tokens."""

    def __init__(self, channel: AsyncChannel) -> None:
        self._channel = channel

    async def issue_token(
        self,
        *,
        password: PasswordCredential | None = None,
        api_key: str | None = None,
        timeout: float | None = None,
    ) -> IssueTokenResponse:
        """Issues an access token and a refresh token for a password or an API key.

        Fails with UNAUTHENTICATED (CREDENTIALS_INVALID), and with RESOURCE_EXHAUSTED
        (LIMIT_EXCEEDED) after too many failures for one principal.
        """
        request = IssueTokenRequest(password=password, api_key=cast("str", api_key))
        return await self._channel.unary(ISSUE_TOKEN, request, timeout)

    async def refresh_token(
        self, *, refresh_token: str = "", timeout: float | None = None
    ) -> RefreshTokenResponse:
        """Exchanges a refresh token for a new pair. Each refresh token works once: using it again
        revokes the whole session, since one of the two users stole it.

        Fails with UNAUTHENTICATED (TOKEN_INVALID, TOKEN_EXPIRED or TOKEN_REVOKED).
        """
        request = RefreshTokenRequest(refresh_token=refresh_token)
        return await self._channel.unary(REFRESH_TOKEN, request, timeout)

    async def revoke_token(self, *, timeout: float | None = None) -> RevokeTokenResponse:
        """Ends the caller's session: its refresh token stops working and its streams end within
        5 s.
        """
        request = RevokeTokenRequest()
        return await self._channel.unary(REVOKE_TOKEN, request, timeout)

    async def get_jwks(self, *, timeout: float | None = None) -> GetJwksResponse:
        """Gets the public keys that verify access tokens, as a JSON Web Key Set (RFC 7517)."""
        request = GetJwksRequest()
        return await self._channel.unary(GET_JWKS, request, timeout)

    async def get_caller(self, *, timeout: float | None = None) -> GetCallerResponse:
        """Gets who the caller is and what it may do."""
        request = GetCallerRequest()
        return await self._channel.unary(GET_CALLER, request, timeout)
