"""Which tokens no longer count, in the form that every process receives."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Revocations:
    """Ended sessions and disabled principals, with the Unix second in which that happened."""

    sessions: dict[str, int] = field(default_factory=dict)
    principals: dict[str, int] = field(default_factory=dict)


def encode(revocations: Revocations) -> bytes:
    """Write revocations for the bus."""
    content = {"sessions": revocations.sessions, "principals": revocations.principals}
    return json.dumps(content, sort_keys=True).encode()
