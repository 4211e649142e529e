"""How fast one may publish."""

from quarterdeck_server.marketdata.domain.rate import Bucket, Rate

RATE = Rate(per_s=100.0, burst_s=2.0)


def test_a_burst_is_taken_and_then_the_rate_holds():
    bucket = Bucket(RATE, 0.0)
    assert bucket.take(200, 0.0) == 0
    assert bucket.take(1, 0.0) > 0
    assert bucket.take(100, 1.0) == 0


def test_a_request_larger_than_the_burst_is_taken_and_paid_for_later():
    bucket = Bucket(RATE, 0.0)
    assert bucket.take(1_000, 0.0) == 0
    wait_s = bucket.take(1, 0.0)
    assert bucket.take(1, wait_s - 0.5) > 0
    assert bucket.take(1, wait_s) == 0


def test_a_clock_that_goes_back_gives_nothing_away():
    bucket = Bucket(RATE, 10.0)
    bucket.take(200, 10.0)
    assert bucket.take(1, 5.0) > 0
    assert not bucket.is_full(11.0)
    assert bucket.is_full(13.0)
