"""The rendering of Envoy's configuration."""

from pathlib import Path

import pytest

from quarterdeck_server.embedded.envoy import render
from quarterdeck_server.embedded.errors import TemplateMismatch, UnsafeValue


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with two places, and a dollar sign of its own."""
    file = tmp_path / "envoy.yaml"
    file.write_text('port: ${PORT}\nhost: "${HOST}"\nregex: "^/v1/.*$$"\n')
    return file


def test_values_come_to_their_places(template: Path) -> None:
    text = render(template, {"PORT": "8080", "HOST": "localhost"})
    assert text == 'port: 8080\nhost: "localhost"\nregex: "^/v1/.*$"\n'


def test_a_place_without_a_value_is_refused_by_name(template: Path) -> None:
    with pytest.raises(TemplateMismatch, match="missing HOST"):
        render(template, {"PORT": "8080"})


def test_a_value_without_a_place_is_refused_by_name(template: Path) -> None:
    with pytest.raises(TemplateMismatch, match="unknown PROT"):
        render(template, {"PORT": "1", "HOST": "h", "PROT": "2"})


@pytest.mark.parametrize("value", ['a"b', "a\nb", "a'b", "a\\b", "a\x00b"])
def test_a_value_that_could_change_the_structure_is_refused(template: Path, value: str) -> None:
    with pytest.raises(UnsafeValue, match="HOST"):
        render(template, {"PORT": "8080", "HOST": value})
