"""Makes sure that the installer's principals exist when the deck starts."""

import structlog

from quarterdeck_server.auth.domain.seed import Seed
from quarterdeck_server.auth.passwords import Passwords
from quarterdeck_server.auth.ports import SeedStore

log = structlog.get_logger()


async def plant(seeds: list[Seed], store: SeedStore, passwords: Passwords, now_ns: int) -> None:
    """Create what is missing and take over secrets that changed in the file.

    A password that somebody changed since stays: only a change of the file counts.
    """
    for seed in seeds:
        await store.plant(seed, await _changed_hash(seed, store, passwords), now_ns)
        log.info("principal_seeded", principal=seed.principal.name)


async def _changed_hash(seed: Seed, store: SeedStore, passwords: Passwords) -> str | None:
    if seed.password is None:
        return None
    known = await store.seed_hash(seed.principal.id)
    async with passwords.turn():
        if await passwords.verify(known, seed.password):
            return None
        return await passwords.hash(seed.password)
