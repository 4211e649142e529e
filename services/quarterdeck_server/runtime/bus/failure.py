"""What it looks like when Redis is away, and how publishers and subscribers are told."""

from redis.exceptions import RedisClusterException, RedisError

from quarterdeck_server.kernel.errors import Unavailable

AWAY = (RedisError, RedisClusterException, OSError, TimeoutError)


class BusUnavailable(Unavailable):
    """The bus does not answer."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__("the bus does not answer", dependency="redis")
        self.__cause__ = cause
