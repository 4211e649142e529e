"""PostgreSQL on this machine: files, account, start and stop of a server of our own.

It listens on a unix socket in a folder that only its account enters, so there is no password
to keep. The data folder comes into being in one step, is never opened by a server of another
major version, and no process is signalled that is not proven to be its server.
"""

from quarterdeck_server.embedded.postgres.place import Place, find_place
from quarterdeck_server.embedded.postgres.server import PostgresServer

__all__ = ["Place", "PostgresServer", "find_place"]
