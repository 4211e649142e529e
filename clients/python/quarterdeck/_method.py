"""What this package knows of an rpc."""

from dataclasses import dataclass

from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Method[Request: Message, Response: Message]:
    """An rpc as the contract declares it."""

    path: str
    """The path on the wire, ``/package.Service/Method``."""
    response: type[Response]
    """What it answers."""
    repeatable: bool
    """Whether a call may be sent again when nobody knows whether the first arrived."""
    public: bool = False
    """Whether it needs no token."""
