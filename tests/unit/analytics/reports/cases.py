"""Subjects to report about."""

from datetime import time
from zoneinfo import ZoneInfo

import numpy as np

from quarterdeck_server.analytics.domain.matching import matched
from quarterdeck_server.analytics.domain.studying import Looked, Study, study
from quarterdeck_server.analytics.domain.subject import (
    Asked,
    Choices,
    Instrument,
    Named,
    Period,
    Portfolio,
)
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.analytics.reports.about import Making
from quarterdeck_server.analytics.reports.page import Document
from quarterdeck_server.analytics.reports.tearsheet import STATISTICS, tearsheet
from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.quant.series import Dated

MAKING = Making("1.2.3", 1_795_390_000 * 10**9, DayRoll(ZoneInfo("America/New_York"), time(17)))
INDEX = Named("benchmark", Instrument("SPY.ARCX"))
RANDOM = np.random.default_rng(11)
RETURNS = RANDOM.normal(0.0005, 0.01, 700)
OTHERS = 0.4 * RETURNS + RANDOM.normal(0.0, 0.01, 700)
CRASH = np.array([0.01, -0.02] * 40 + [-1.0] + [0.01] * 20)
LOOKED = Looked(STATISTICS, 63)
KINDS = {
    "none": RETURNS[:0],
    "one": RETURNS[:1],
    "two": RETURNS[:2],
    "constant": np.full(300, 0.001),
    "flat": np.zeros(300),
    "ruined": CRASH,
    "tiny": np.array([1e-300, -1e-300] * 100),
    "large": np.array([5.0, -0.5] * 90),
    "many": RETURNS,
}


def days(count: int) -> np.ndarray:
    first = np.datetime64("2019-11-04", "D")
    return np.busday_offset(first, np.arange(count), roll="forward").astype("datetime64[D]")


def asked(account: str = "SIM-001", strategy: str = "", *, is_against: bool = False) -> Asked:
    subject = Named("subject", Portfolio(account, strategy))
    return Asked((subject,), Period(), INDEX if is_against else None, Choices())


def studied(
    returns: np.ndarray,
    others: np.ndarray | None = None,
    *,
    on: np.ndarray | None = None,
    looked: Looked = LOOKED,
) -> Study:
    on = days(len(returns)) if on is None else on
    track = Track.of_returns(Dated(on, returns)).with_growth()
    other = None if others is None else Track.of_returns(Dated(on, others))
    conventions = Choices().conventions
    return study(matched(track, other), conventions, None, None, looked)


def described(returns: np.ndarray = RETURNS, name: str = "SIM-001", strategy: str = "") -> Document:
    return tearsheet(asked(name, strategy), studied(returns), MAKING)
