"""Returns explained by factors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.quant.estimate import Unmeasured
from quarterdeck_server.quant.regression import Regression, factor_regression, variance_shares
from quarterdeck_server.quant.returns import excess
from quarterdeck_server.quant.series import FloatArray


@dataclass(frozen=True, slots=True)
class Explained:
    """A regression, and the share of each factor, and last of the residual, in the variance."""

    regression: Regression
    shares: FloatArray


def explained(
    subject: Track, factors: Sequence[Track], risk_free: FloatArray | float, lags: int | None
) -> Explained | Unmeasured:
    """Explain a track by others of the same days.

    Returns without levels are of no capital, such as differences of two portfolios: they are taken
    as they are. Everything else is taken above the risk-free rate.
    """
    columns = np.column_stack([_factor(one, risk_free) for one in factors])
    found = factor_regression(excess(subject.returns, risk_free), columns, lags)
    if isinstance(found, Unmeasured):
        return found
    covariance = np.atleast_2d(np.cov(columns, rowvar=False))
    return Explained(found, variance_shares(found.betas, covariance, found.residual_variance))


def _factor(track: Track, risk_free: FloatArray | float) -> FloatArray:
    return track.returns if track.levels is None else excess(track.returns, risk_free)
