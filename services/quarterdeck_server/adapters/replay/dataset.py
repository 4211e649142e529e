"""Recorded bars of several instruments, found whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from quarterdeck_server.marketdata.domain.columns import Bars, Floats
from quarterdeck_server.marketdata.domain.instrument import (
    MAX_PRECISION,
    Instrument,
    InstrumentClass,
)
from quarterdeck_server.marketdata.domain.source import Adjustment

LEAST_PRECISION = 2
LIKE_ROUND = 1e-9


@dataclass(frozen=True, slots=True)
class DataSet:
    """Bars by instrument, each series in order of time, with what was done to raw prices."""

    series: tuple[Bars, ...]
    provenance: str
    names: Mapping[str, str]
    adjustments: tuple[Adjustment, ...] = ()
    sectors: Mapping[str, str] = field(default_factory=dict)

    @property
    def span(self) -> tuple[int, int]:
        """The close times of the first and the last bar."""
        first = min(int(bars.close_time_ns[0]) for bars in self.series)
        return first, max(int(bars.close_time_ns[-1]) for bars in self.series)

    def instruments(self, *, derived: bool) -> list[Instrument]:
        """Describe the instruments as the data suggest, marked if their quotes are derived."""
        return [self._describe(bars, derived) for bars in self.series]

    def _describe(self, bars: Bars, derived: bool) -> Instrument:
        precision = max(LEAST_PRECISION, _decimals(bars.close))
        base, quote = _pair(bars.instrument)
        return Instrument(
            instrument=bars.instrument,
            display_name=self.names.get(bars.instrument, bars.instrument.rpartition(".")[0]),
            instrument_class=InstrumentClass.CURRENCY_PAIR if base else InstrumentClass.EQUITY,
            currency=quote,
            base_currency=base,
            price_precision=precision,
            size_precision=0,
            price_increment=Decimal(1).scaleb(-precision),
            size_increment=Decimal(1),
            synthetic_microstructure=derived,
            provenance=self.provenance,
            sector=self.sectors.get(bars.instrument),
        )


def _decimals(prices: Floats) -> int:
    """Return the digits after the point that most prices need; a few stray ones are rounded."""
    for digits in range(MAX_PRECISION):
        exact = np.isclose(np.round(prices, digits), prices, rtol=LIKE_ROUND, atol=0)
        if exact.mean() > 0.5:  # noqa: PLR2004 - most
            return digits
    return MAX_PRECISION


def _pair(instrument: str) -> tuple[str, str]:
    """Return base and quote currency of "EUR/USD.IDEALPRO"; shares are taken to be in dollars."""
    base, slash, quote = instrument.rpartition(".")[0].partition("/")
    return (base.upper(), quote.upper()) if slash and base and quote else ("", "USD")
