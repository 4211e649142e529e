"""Attribution to and from messages."""

import math
from collections.abc import Sequence

from quarterdeck.api.analytics.v1 import attribution_pb2 as pb
from quarterdeck.api.analytics.v1 import attribution_service_pb2 as service_pb
from quarterdeck.api.analytics.v1 import estimate_pb2
from quarterdeck_server.analytics.domain.explaining import Explained
from quarterdeck_server.analytics.domain.subject import Asked
from quarterdeck_server.analytics.mapping.asking import choices_from, period_from, subject_from
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.estimate import State, Unmeasured

ALPHA = "alpha"


def asked_from(request: service_pb.ComputeFactorsRequest) -> Asked:
    """Read what is explained, the first of the subjects, and by what."""
    names = [ALPHA, *(factor.name for factor in request.factors)]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InvalidField(f"factors[{index - 1}].name", f"is taken, was {name!r}")
    factors = (
        subject_from(factor.subject, f"factors[{index}].subject")
        for index, factor in enumerate(request.factors)
    )
    subjects = (subject_from(request.subject, "subject"), *factors)
    return Asked(subjects, period_from(request), None, choices_from(request.conventions))


def regression_to(
    found: Explained | Unmeasured, names: Sequence[str], periods_per_year: float
) -> pb.FactorRegression:
    """Write a regression, or why there is none."""
    if isinstance(found, Unmeasured):
        state = _state_to(found.state)
        return pb.FactorRegression(state=state, count=found.count, needed=found.needed)
    fit = found.regression
    return pb.FactorRegression(
        coefficients=_coefficients_to(found, [ALPHA, *names]),
        state=_state_to(State.MEASURED),
        count=fit.count,
        r_squared=fit.r_squared,
        adjusted_r_squared=fit.adjusted_r_squared,
        residual_share=found.shares[-1],
        alpha_a_year=fit.alpha_a_year(periods_per_year),
        condition_number=fit.condition_number,
        lags=fit.lags,
    )


def _coefficients_to(found: Explained, names: Sequence[str]) -> list[pb.FactorCoefficient]:
    fit = found.regression
    statistics = fit.t_statistics()
    columns = zip(
        names,
        fit.coefficients.tolist(),
        fit.errors.tolist(),
        fit.robust_errors.tolist(),
        [None if math.isnan(one) else one for one in statistics.tolist()],
        fit.contributions.tolist(),
        [0.0, *found.shares[:-1].tolist()],
        strict=True,
    )
    return [
        pb.FactorCoefficient(
            name=name,
            value=value,
            error=error,
            robust_error=robust,
            t_statistic=statistic,
            contribution=contribution,
            variance_share=share,
        )
        for name, value, error, robust, statistic, contribution, share in columns
    ]


def _state_to(state: State) -> estimate_pb2.EstimateState.ValueType:
    return estimate_pb2.EstimateState.Value(f"ESTIMATE_STATE_{state.name}")
