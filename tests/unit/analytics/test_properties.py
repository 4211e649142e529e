"""Whatever series come, there is a number, a state, or an error that names the field."""

import math
import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck_server.analytics.domain.comparing import correlations
from quarterdeck_server.analytics.domain.matching import common, matched
from quarterdeck_server.analytics.domain.performance import curve, performance
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.analytics.domain.windows import Statistic, windows
from quarterdeck_server.analytics.mapping.performance import columns_to, drawdowns_to
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.quant.conventions import Conventions
from quarterdeck_server.quant.series import dated

NUMBERS = st.one_of(
    st.floats(-1.5, 1.5), st.floats(-1e60, 1e60), st.sampled_from([0.0, -1.0, 0.01, 1e-300])
)
PERIODS = st.floats(1e-3, 1e6)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    values = draw(st.dictionaries(st.integers(1, 12), NUMBERS, max_size=12))
    days = np.array(sorted(values), dtype=np.int64).astype("datetime64[D]")
    track = Track.of_returns(dated(days, [values[day] for day in sorted(values)]))
    return track.with_growth() if draw(st.booleans()) and len(days) else track


@settings(max_examples=150, deadline=None, derandomize=True)
@given(tracks(), st.none() | tracks(), PERIODS, st.integers(2, 5))
def test_any_series_have_finite_numbers_states_or_a_named_error(
    track: Track, benchmark: Track | None, periods: float, window: int
) -> None:
    conventions = Conventions(periods_per_year=periods)
    with warnings.catch_warnings():
        # Numbers this large overflow on the way; what comes out is a state.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            pair = matched(track, benchmark)
            found = performance(pair, conventions, None)
            line = curve(found.track)
            drawdowns_to(found.track, line)
            columns = columns_to(found.track, line)
            rolled = windows(pair, conventions, None, tuple(Statistic), window)
            compared = common([track, track], "subjects", ["a", "b"])
            estimates = [*found.metrics.values(), *correlations(compared)]
        except QuarterdeckError:
            return
    numbers = [one.value for one in estimates if one.value is not None]
    numbers += [*columns.growth, *columns.drawdown]
    for column in rolled:
        numbers += column.values.tolist()
    assert all(math.isfinite(number) for number in numbers)
    assert len(columns.days) == len(columns.returns) == len(found.track.returns)
