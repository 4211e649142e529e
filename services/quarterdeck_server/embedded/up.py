"""`quarterdeck up`: the whole suite on one machine until it is told to stop."""

from collections.abc import Callable

from quarterdeck_server.embedded import credentials, demonstration
from quarterdeck_server.embedded.addresses import EDGE_PORT
from quarterdeck_server.embedded.assets import find_assets
from quarterdeck_server.embedded.credentials import Ensured
from quarterdeck_server.embedded.errors import AlreadyRunning
from quarterdeck_server.embedded.lock import exclusive
from quarterdeck_server.embedded.options import SuiteOptions
from quarterdeck_server.embedded.ports import holder_of, is_free
from quarterdeck_server.embedded.state import StateDirectory
from quarterdeck_server.embedded.suite import Suite
from quarterdeck_server.embedded.supervisor import Supervisor, supervise

type Say = Callable[[str], None]


async def up(options: SuiteOptions, say: Say) -> None:
    """Start everything, keep it running, stop it at a signal.

    A second call on the same state only says where the first one answers. Fails with an
    EmbeddedError, whose text is for the user, when the suite cannot start here.
    """
    try:
        with exclusive(options.state) as tell:
            await _run(options, say, tell)
    except AlreadyRunning as running:
        if running.address is None:
            raise
        say(str(running))


async def _run(options: SuiteOptions, say: Say, tell: Say) -> None:
    ensured = credentials.ensure(options.state)
    suite = Suite(options, ensured.credentials, find_assets())
    address = suite.addresses.dashboard

    def ready() -> None:
        tell(address)
        for line in welcome(address, ensured, options.state):
            say(line)

    say(f"Quarterdeck starts; its data and logs are in {options.state.path}")
    if options.edge_port is None and not is_free(EDGE_PORT):
        say(f"port {EDGE_PORT} is taken by {holder_of(EDGE_PORT)}; another one is used")
    await supervise(Supervisor(suite.parts(), options.state, say), say, ready)


def welcome(address: str, ensured: Ensured, state: StateDirectory) -> list[str]:
    """Say where the dashboard is and, the first time alone, how to sign in."""
    file = ensured.credentials.admin_password
    lines = ["", f"Dashboard  {address}"]
    if ensured.is_new:
        lines.append(f"Sign in    {demonstration.ADMIN} / {credentials.read(file)}")
        lines.append(f"           shown this once; kept in {file}")
    else:
        lines.append(f"Sign in    {demonstration.ADMIN}, with the password in {file}")
    return [*lines, f"Logs       {state.logs}", "Ctrl-C stops everything", ""]


def reset_credentials(state: StateDirectory) -> Ensured:
    """Replace all credentials of a suite that does not run; fails with AlreadyRunning."""
    with exclusive(state):
        credentials.reset(state)
        return Ensured(credentials.ensure(state).credentials, is_new=True)
