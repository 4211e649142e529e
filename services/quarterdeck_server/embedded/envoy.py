"""Envoy on this machine: the one address for browsers and programs.

Its configuration is a template that is rendered at each start, since Envoy itself replaces
nothing in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from quarterdeck_server.embedded.errors import TemplateMismatch, UnsafeValue
from quarterdeck_server.embedded.files import write_whole
from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.ports import LOOPBACK
from quarterdeck_server.embedded.probes import http_ok

UNSAFE = frozenset("\"'\\")


def render(template: Path, values: Mapping[str, str]) -> str:
    """Put values into a template's `${NAME}` places.

    Fails with TemplateMismatch when a place has no value or a value no place, and with
    UnsafeValue when a value could end the text it stands in.
    """
    text = Template(template.read_text(encoding="utf-8"))
    places = set(text.get_identifiers())
    if places != values.keys():
        raise TemplateMismatch(template, places - values.keys(), values.keys() - places)
    for name, value in values.items():
        if UNSAFE & set(value) or not value.isprintable():
            raise UnsafeValue(name)
    return text.substitute(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyServer:
    """Envoy, its template and the values for it."""

    program: Path
    template: Path
    values: Mapping[str, str]
    configuration: Path
    """Where the rendered file goes."""
    admin_port: int
    concurrency: int = 2

    async def prepare(self) -> None:
        """Render the configuration."""
        write_whole(self.configuration, render(self.template, self.values))

    def part(self, log: Path, environment: Mapping[str, str], needs: tuple[str, ...]) -> Part:
        """Describe it to the supervisor."""
        return Part(
            name="envoy",
            argv=(str(self.program), *self._options()),
            environment=environment,
            log=log,
            needs=needs,
            prepare=self.prepare,
            ready=http_ok(LOOPBACK, self.admin_port, "/ready"),
        )

    def _options(self) -> tuple[str, ...]:
        return (
            *("--config-path", str(self.configuration)),
            *("--concurrency", str(self.concurrency)),
            *("--file-flush-interval-msec", "1000"),
            *("--log-level", "warning"),
            # Its handover between processes is not used here; without it two suites on a
            # machine share nothing and a killed one leaves no shared memory behind.
            "--disable-hot-restart",
        )
