"""What can be wrong with an answer."""

from quarterdeck_server.kernel.errors import Unavailable


class Malformed(Exception):
    """An answer that came whole by the look of it and cannot be read; asking again may help."""


class VendorUnavailable(Unavailable):
    """A vendor does not answer, or not as it should."""

    def __init__(self, source: str, problem: str, retry_after_s: float = 1.0) -> None:
        super().__init__(f"{source} {problem}", retry_after_s, dependency=source)
