"""What `up` runs, as data: which parts, with which environment, in which order."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from signal import SIGKILL

from quarterdeck_server.embedded import binaries, demonstration
from quarterdeck_server.embedded.addresses import WorkerAddress, choose_addresses
from quarterdeck_server.embedded.assets import Assets
from quarterdeck_server.embedded.credentials import Credentials, read
from quarterdeck_server.embedded.environment import (
    FOREIGN,
    SERVICES,
    STREAM,
    Environments,
    plain,
)
from quarterdeck_server.embedded.envoy import EnvoyServer
from quarterdeck_server.embedded.gateway import gateway_values
from quarterdeck_server.embedded.identity import server_identity
from quarterdeck_server.embedded.options import SuiteOptions
from quarterdeck_server.embedded.part import Part, Probe
from quarterdeck_server.embedded.ports import LOOPBACK, PortBook
from quarterdeck_server.embedded.postgres import PostgresServer, find_place
from quarterdeck_server.embedded.probes import grpc_serving
from quarterdeck_server.embedded.valkey import ValkeyServer

CLI = ("-m", "quarterdeck_server.cli")
NODE = ("-m", "quarterdeck_node")
GRACE = timedelta(seconds=15)
"""How long a server may drain its calls when it is asked to end."""


class Suite:
    """The parts of one suite and where it answers."""

    def __init__(self, options: SuiteOptions, credentials: Credentials, assets: Assets) -> None:
        self._options = options
        self._credentials = credentials
        self._assets = assets
        self._state = options.state
        self.addresses = choose_addresses(
            PortBook(self._state.ports),
            options.edge_host,
            options.edge_port,
            options.stream_workers,
        )
        self._postgres = None if options.database_url else self._own_postgres()
        self._valkey = None if options.redis_url else self._own_valkey()
        self._environments = self._describe_environments()

    def parts(self) -> list[Part]:
        """List the parts."""
        workers = [self._stream(worker) for worker in self.addresses.streams]
        servers = [self._services(), *workers, self._edge()]
        node = [self._node()] if self._options.with_node else []
        return [*self._databases(), self._migrate(), *servers, *node]

    def _own_postgres(self) -> PostgresServer:
        wheel = binaries.postgres_root()
        place = find_place(self._state.path, wheel, server_identity())
        return PostgresServer(place=place, wheel=wheel, environment=FOREIGN)

    def _own_valkey(self) -> ValkeyServer:
        return ValkeyServer(
            home=self._state.path / "valkey",
            program=binaries.valkey_server(),
            port=self.addresses.valkey,
            password=read(self._credentials.valkey_password),
            node_password=read(self._credentials.node_cache_password),
        )

    def _describe_environments(self) -> Environments:
        return Environments(
            inherited=self._options.inherited,
            state=self._state,
            addresses=self.addresses,
            dsn=self._postgres.dsn() if self._postgres else self._options.database_url or "",
            redis_url=self._valkey.url if self._valkey else self._options.redis_url or "",
            signing_key=self._credentials.signing_key,
            seed=demonstration.write_seed(self._state, self._credentials),
        )

    def _databases(self) -> list[Part]:
        parts = []
        if self._postgres:
            parts.append(self._postgres.part(self._state.log("postgres")))
        if self._valkey:
            parts.append(self._valkey.part(self._state.log("valkey"), FOREIGN))
        return parts

    def _migrate(self) -> Part:
        return Part(
            name="migrate",
            argv=(sys.executable, *CLI, "migrate"),
            folder=self._options.folder,
            environment=self._environments.migrate(),
            log=self._state.log("migrate"),
            needs=("postgres",) if self._postgres else (),
            runs_once=True,
            attempts=1,
            start_timeout=timedelta(minutes=10),
        )

    def _services(self) -> Part:
        probe = grpc_serving(LOOPBACK, self.addresses.services)
        return self._server("services", SERVICES, self._environments.services(), probe)

    def _stream(self, worker: WorkerAddress) -> Part:
        probe = grpc_serving(LOOPBACK, worker.port)
        return self._server(worker.name, STREAM, self._environments.stream(worker), probe)

    def _server(
        self, name: str, areas: tuple[str, ...], environment: Mapping[str, str], probe: Probe
    ) -> Part:
        return Part(
            name=name,
            argv=(sys.executable, *CLI, "serve", *areas),
            folder=self._options.folder,
            environment=environment,
            log=self._state.log(name),
            needs=("migrate", "valkey") if self._valkey else ("migrate",),
            ready=probe,
            patience=GRACE,
        )

    def _edge(self) -> Part:
        server = EnvoyServer(
            program=binaries.envoy(),
            template=self._assets.template,
            values=gateway_values(self.addresses, self._assets, self._options.allowed_origins),
            configuration=self._state.run / "envoy.yaml",
            admin_port=self.addresses.edge_admin,
        )
        # After the servers: its first look at them then finds them, and it is ready at once.
        workers = (worker.name for worker in self.addresses.streams)
        return server.part(self._state.log("envoy"), FOREIGN, needs=("services", *workers))

    def _node(self) -> Part:
        configuration = demonstration.write_node(
            self._state,
            self._credentials,
            address=f"{LOOPBACK}:{self.addresses.edge}",
            cache_url=self._valkey.node_url if self._valkey else "",
        )
        return Part(
            name="node",
            argv=(str(self._options.node_python), *NODE, str(configuration)),
            environment=plain(self._options.inherited),
            log=self._state.log("node"),
            needs=("envoy",),
            may_end=True,
            essential=False,
            patience=GRACE,
            # With the supervisor the whole deck is gone; there is nobody left to part from.
            death_signal=SIGKILL,
        )
