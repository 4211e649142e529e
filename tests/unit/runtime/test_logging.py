"""What the log says, and what it must never say."""

import pytest
import structlog

from quarterdeck_server.runtime import logging
from quarterdeck_server.settings import LogSettings


@pytest.mark.parametrize("form", ["json", "console"])
def test_the_trace_of_a_failure_shows_no_variables(
    form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Passwords and tokens are variables of the frames that an unexpected error passes."""
    before = structlog.get_config()
    logging.configure(LogSettings.model_validate({"format": form}))
    try:
        sign_in("hunter2" * 3)
    finally:
        structlog.configure(**before)
    written = capfd.readouterr().out
    assert "ValueError" in written
    assert "hunter2" not in written


def sign_in(password: str) -> None:
    try:
        int(f"not a number{len(password)}")
    except ValueError:
        structlog.get_logger().exception("call_failed")
