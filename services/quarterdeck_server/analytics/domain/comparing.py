"""Several subjects side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from quarterdeck_server.analytics.domain.performance import Performance
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.quant.conventions import Conventions, Trials
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.ratios import sharpe_ratio
from quarterdeck_server.quant.relative import correlation
from quarterdeck_server.quant.returns import excess
from quarterdeck_server.quant.series import FloatArray
from quarterdeck_server.quant.sharpe import NEEDED_TRIALS


@dataclass(frozen=True, slots=True)
class Comparison:
    """The performances of subjects on the same days, and the correlations of their returns."""

    performances: tuple[Performance, ...]
    correlations: tuple[Estimate, ...]
    """Row by row."""
    conventions: Conventions
    """What the numbers follow: with the subjects as trials unless others were given."""


def tried(
    tracks: Sequence[Track], conventions: Conventions, risk_free: FloatArray | None
) -> Conventions:
    """Return the conventions with the tracks as the trials, unless trials were given."""
    if conventions.trials is not None:
        return conventions
    rate = conventions.risk_free_per_period if risk_free is None else risk_free
    found = [_sharpe(excess(track.returns, rate), conventions).value for track in tracks]
    ratios = [ratio for ratio in found if ratio is not None]
    spread = float(np.var(ratios, ddof=1)) if len(ratios) >= NEEDED_TRIALS else 0.0
    return replace(conventions, trials=Trials(len(ratios), spread))


def correlations(tracks: Sequence[Track]) -> tuple[Estimate, ...]:
    """Return the correlation of each track with each, row by row."""
    size = range(len(tracks))
    # Each pair once, so that the matrix is the same on both sides of its diagonal.
    found = {
        (row, column): correlation(tracks[row].returns, tracks[column].returns)
        for row in size
        for column in size
        if row <= column
    }
    return tuple(found[min(row, column), max(row, column)] for row in size for column in size)


def _sharpe(above: FloatArray, conventions: Conventions) -> Estimate:
    return sharpe_ratio(above, conventions.periods_per_year, conventions.ddof)
