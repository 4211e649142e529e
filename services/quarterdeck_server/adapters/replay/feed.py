"""Playing a data set against the wall clock."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from quarterdeck_server.adapters.replay.dataset import DataSet
from quarterdeck_server.adapters.replay.pace import Schedule, moments, quotes_in, schedule
from quarterdeck_server.adapters.replay.path import Ticks, derive, generator
from quarterdeck_server.kernel.time import parse_interval
from quarterdeck_server.marketdata.domain.columns import Bars, Ints, Quotes
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.source import Adjustment, ReplayOptions
from quarterdeck_server.marketdata.source_ports import Publisher

# Behind by more, the clock is moved rather than a burst published: the process was suspended.
MAX_LAG_S = 2.0


class ReplayFeed:
    """A data set on its way to a publisher."""

    def __init__(
        self,
        data: DataSet,
        options: ReplayOptions,
        quotes_per_second: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._data, self._options = data, options
        self._quotes_per_second, self._monotonic = quotes_per_second, monotonic
        interval_ns = parse_interval(data.series[0].interval)
        self._schedule = schedule(data.series, interval_ns, options.seconds_per_day)

    @property
    def instruments(self) -> Sequence[Instrument]:
        """What it publishes, as the data describe them."""
        return self._data.instruments(derived=self._options.derive_quotes)

    @property
    def adjustments(self) -> Sequence[Adjustment]:
        """What was done to the raw prices."""
        return self._data.adjustments

    @property
    def span(self) -> tuple[int, int]:
        """The event times of the first and the last bar."""
        return self._data.span

    def bars_until(self, time_ns: int) -> Sequence[Bars]:
        """Return the bars that closed at the time or before."""
        return [
            bars.rows(slice(0, int(np.searchsorted(bars.close_time_ns, time_ns, side="right"))))
            for bars in self._data.series
        ]

    async def run(
        self, publisher: Publisher, instruments: Mapping[str, Instrument], after_ns: int
    ) -> None:
        """Publish every row after an event time; return at the end of the data."""
        clock = _Clock(self._monotonic)
        plan = self._schedule
        for step in range(plan.first_after(after_ns), len(plan)):
            duration_s = float(plan.duration_s[step])
            if self._options.derive_quotes:
                await self._play_quotes(publisher, instruments, step, after_ns, clock)
            else:
                clock.begin(0.0)
            await clock.wait_until(duration_s)
            await publisher.publish(self._bars(step))
            clock.finish(duration_s)

    async def _play_quotes(
        self,
        publisher: Publisher,
        instruments: Mapping[str, Instrument],
        step: int,
        after_ns: int,
        clock: "_Clock",
    ) -> None:
        """Publish what is due, together, until the step is over; skip what was published before."""
        plan = self._schedule
        duration_s = float(plan.duration_s[step])
        count = quotes_in(duration_s, self._quotes_per_second)
        times, fractions = moments(int(plan.open_ns[step]), int(plan.close_ns[step]), count)
        due_s = fractions * duration_s
        done = int(np.searchsorted(times, after_ns, side="right"))
        clock.begin(float(due_s[done - 1]) if done else 0.0)
        quotes = self._quotes(plan, step, times, instruments)
        while done < count:
            await clock.wait_until(float(due_s[done]))
            ready = max(int(np.searchsorted(due_s, clock.elapsed(), side="right")), done + 1)
            await publisher.publish([each.rows(slice(done, ready)) for each in quotes])
            done = ready

    def _quotes(
        self, plan: Schedule, step: int, times: Ints, instruments: Mapping[str, Instrument]
    ) -> list[Quotes]:
        return [
            _derived(bars, int(rows[step]), times, instruments[bars.instrument])
            for bars, rows in zip(self._data.series, plan.rows, strict=True)
            if rows[step] >= 0
        ]

    def _bars(self, step: int) -> list[Bars]:
        pairs = zip(self._data.series, self._schedule.rows, strict=True)
        rows = ((bars, int(rows[step])) for bars, rows in pairs)
        return [bars.rows(slice(row, row + 1)) for bars, row in rows if row >= 0]


class _Clock:
    """How far the wall clock is within a step."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._next_start = monotonic()
        self._start = self._next_start

    def begin(self, elapsed_s: float) -> None:
        """Begin a step, some of which may have been played before."""
        if self._monotonic() - self._next_start > MAX_LAG_S:
            self._next_start = self._monotonic()
        self._start = self._next_start - elapsed_s

    def finish(self, duration_s: float) -> None:
        """End a step: the next begins where it was due to end, not when it did."""
        self._next_start = self._start + duration_s

    def elapsed(self) -> float:
        """Return the seconds since the step began."""
        return self._monotonic() - self._start

    async def wait_until(self, elapsed_s: float) -> None:
        """Wait until a time within the step."""
        await asyncio.sleep(max(elapsed_s - self.elapsed(), 0.0))


def _derived(bars: Bars, row: int, times: Ints, instrument: Instrument) -> Quotes:
    scale = 10**instrument.price_precision
    step = round(float(instrument.price_increment) * scale)
    prices = (bars.open[row], bars.high[row], bars.low[row], bars.close[row])
    ticks = Ticks(*(round(float(price) * scale / step) for price in prices))
    random = generator(bars.instrument, int(bars.close_time_ns[row]))
    derived = derive(ticks, len(times), random)
    size = 10**instrument.size_precision
    return Quotes(
        bars.instrument,
        instrument.price_precision,
        instrument.size_precision,
        times,
        derived.bid * step,
        derived.ask * step,
        derived.bid_size * size,
        derived.ask_size * size,
    )
