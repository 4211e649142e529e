"""The auth area's tables in PostgreSQL."""

from quarterdeck_server.auth.ports import Stores
from quarterdeck_server.auth.store.api_key import PostgresApiKeyStore
from quarterdeck_server.auth.store.audit import PostgresAuditLog
from quarterdeck_server.auth.store.failure import PostgresFailureStore
from quarterdeck_server.auth.store.principal import PostgresPrincipalStore
from quarterdeck_server.auth.store.seed import PostgresSeedStore
from quarterdeck_server.auth.store.session import PostgresSessionStore
from quarterdeck_server.runtime.postgres import Postgres

__all__ = ["postgres_stores"]


def postgres_stores(postgres: Postgres) -> Stores:
    """Build every store on one pool."""
    return Stores(
        principals=PostgresPrincipalStore(postgres),
        seeds=PostgresSeedStore(postgres),
        api_keys=PostgresApiKeyStore(postgres),
        sessions=PostgresSessionStore(postgres),
        failures=PostgresFailureStore(postgres),
        audit=PostgresAuditLog(postgres),
    )
