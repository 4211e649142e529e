"""Forgets what no longer matters."""

from quarterdeck_server.auth.domain.request import REMEMBERED_S
from quarterdeck_server.auth.domain.throttle import FORGET_AFTER_S
from quarterdeck_server.kernel.time import NS, datetime_from_ns
from quarterdeck_server.runtime.postgres import Postgres

SESSIONS_KEPT_S = 24 * 3600
"""So long after its end, a refresh token of a session is still told apart from a forged one."""

STATEMENTS = (
    ("DELETE FROM auth.session WHERE expire_time < $1", SESSIONS_KEPT_S),
    ("DELETE FROM auth.failure WHERE last_time < $1", FORGET_AFTER_S),
    ("DELETE FROM auth.request WHERE create_time < $1", REMEMBERED_S),
)


async def delete_leftovers(postgres: Postgres, now_ns: int) -> None:
    """Delete ended sessions, old failures and old request identifiers."""
    for sql, kept_s in STATEMENTS:
        await postgres.execute(sql, datetime_from_ns(now_ns - kept_s * NS))
