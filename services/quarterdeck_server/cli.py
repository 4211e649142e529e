"""The command line: ``quarterdeck up | serve | migrate | keys | config | doctor``."""

import argparse
import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TextIO

import pydantic
import pydantic_core
import uvloop
from pydantic import BaseModel, SecretStr

from quarterdeck_server.embedded import doctor
from quarterdeck_server.embedded.errors import EmbeddedError
from quarterdeck_server.embedded.options import options_from
from quarterdeck_server.embedded.up import reset_credentials, up, welcome
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.runtime import garbage, logging
from quarterdeck_server.runtime.migrations import MigrationError, migrate
from quarterdeck_server.settings import Settings

type Serve = Callable[[Settings, Sequence[str]], AbstractAsyncContextManager[str]]

REFUSED = 2
APP = "quarterdeck_server.app"
"""Every area with all it needs, imported by `serve` alone: it takes a second and a half, for which
`up` and its `migrate` would wait in turn."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        settings = Settings()
        return int(parsed.run(settings, parsed) or 0)
    except pydantic.ValidationError as error:
        _say("\n".join(_problem(problem) for problem in error.errors()), sys.stderr)
    except (EmbeddedError, QuarterdeckError, MigrationError) as error:
        _say(str(error), sys.stderr)
    return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quarterdeck", description="The Quarterdeck services.")
    commands = parser.add_subparsers(required=True, metavar="command")
    _command(commands, "up", _up, "run everything on this machine until Ctrl-C")
    served = _command(commands, "serve", _serve, "serve areas in this process")
    served.add_argument("areas", nargs="*", metavar="area", help="which; all without one")
    _command(commands, "migrate", _migrate, "bring the database up to date")
    keys = _command(commands, "keys", _keys, "replace the generated credentials")
    keys.add_argument("action", choices=["reset"], help="what to do with them")
    _command(commands, "config", _config, "print the effective settings, secrets masked")
    _command(commands, "doctor", _doctor, "say what is missing on this machine")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[Settings, argparse.Namespace], int | None],
    text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def _up(settings: Settings, _: argparse.Namespace) -> None:
    asyncio.run(up(options_from(settings, os.environ), _say))


def _serve(settings: Settings, parsed: argparse.Namespace) -> None:
    app = importlib.import_module(APP)
    if unknown := set(parsed.areas) - app.AREAS.keys():
        raise SystemExit(f"no such area: {', '.join(sorted(unknown))}; of {', '.join(app.AREAS)}")
    logging.configure(settings.log)
    uvloop.run(_serve_until_told(app.serve, settings, parsed.areas or list(app.AREAS)))


async def _serve_until_told(serve: Serve, settings: Settings, areas: Sequence[str]) -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with serve(settings, areas) as address:
        garbage.settle()
        _say(f"serving {', '.join(areas)} on {address}")
        await told.wait()


def _migrate(settings: Settings, _: argparse.Namespace) -> None:
    applied = asyncio.run(migrate(settings.dsn))
    _say("\n".join(applied) if applied else "the database is up to date")


def _keys(settings: Settings, _: argparse.Namespace) -> None:
    options = options_from(settings, os.environ)
    ensured = reset_credentials(options.state)
    _say("\n".join(welcome("at the next start", ensured, options.state)))


def _config(settings: Settings, _: argparse.Namespace) -> None:
    for line in _lines(settings, ""):
        _say(line)


def _doctor(settings: Settings, _: argparse.Namespace) -> int:
    findings = asyncio.run(doctor.examine(options_from(settings, os.environ).state.path))
    _say("\n".join(doctor.report(findings)))
    return doctor.exit_code(findings)


def _lines(section: BaseModel, prefix: str) -> list[str]:
    """Write each setting as its environment variable names it, and where its value comes from."""
    lines = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            lines += _lines(value, f"{prefix}{name}__")
            continue
        shown = "********" if isinstance(value, SecretStr) else value
        origin = "default" if value == field.get_default(call_default_factory=True) else "set"
        lines.append(f"QUARTERDECK_{prefix}{name}".upper() + f" = {shown}  ({origin})")
    return lines


def _problem(problem: pydantic_core.ErrorDetails) -> str:
    place = "__".join(str(part) for part in problem["loc"]).upper()
    return f"QUARTERDECK_{place}: {problem['msg']}"


def _say(text: str, stream: TextIO | None = None) -> None:
    out = stream or sys.stdout
    out.write(f"{text}\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
