"""The delays before a crashed part starts again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.embedded.backoff import Backoff

shares = st.floats(min_value=0, max_value=1, exclude_max=True)
BACKOFF = Backoff()


def test_first_delay_is_between_half_and_all_of_the_first_step() -> None:
    assert BACKOFF.delay(1, 0.0) == BACKOFF.first / 2
    assert BACKOFF.delay(1, 0.999) < BACKOFF.first


@given(failures=st.integers(min_value=0, max_value=10**9), share=shares)
def test_no_delay_exceeds_the_cap_or_vanishes(failures: int, share: float) -> None:
    assert BACKOFF.first / 2 <= BACKOFF.delay(failures, share) <= BACKOFF.cap


@given(failures=st.integers(min_value=1, max_value=40), share=shares)
def test_delays_never_shrink_with_more_failures(failures: int, share: float) -> None:
    assert BACKOFF.delay(failures + 1, share) >= BACKOFF.delay(failures, share)


def test_a_long_healthy_run_makes_earlier_failures_forgotten() -> None:
    assert BACKOFF.failures_after(7, timedelta(seconds=60)) == 1


def test_a_short_run_counts_on() -> None:
    assert BACKOFF.failures_after(7, timedelta(seconds=59)) == 8
