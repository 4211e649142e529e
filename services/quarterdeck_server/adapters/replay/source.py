"""The replay source."""

import time
from collections.abc import Sequence
from pathlib import Path

from quarterdeck_server.adapters.replay.bundled import PROVENANCE, bundled
from quarterdeck_server.adapters.replay.dataset import DataSet
from quarterdeck_server.adapters.replay.feed import ReplayFeed
from quarterdeck_server.adapters.replay.files import read_file
from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.marketdata.domain.source import BUNDLED, Quota, ReplayOptions
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.source_settings import ReplaySettings


class ReplaySource:
    """Plays the bundled data or a file of the replay folder."""

    name = "sources/replay"
    display_name = "Replay"
    provenance = PROVENANCE
    missing_setting = ""

    def __init__(self, settings: ReplaySettings, compute: Compute) -> None:
        self._settings, self._compute = settings, compute

    @property
    def autostart(self) -> bool:
        """Whether it starts by itself if it never was started."""
        return self._settings.autostart

    @property
    def default_start_ns(self) -> int:
        """The event time it begins with when nobody said."""
        return ns_from_datetime(self._settings.start_time)

    @property
    def default_options(self) -> ReplayOptions:
        """How it plays when nobody said."""
        return ReplayOptions(seconds_per_day=self._settings.seconds_per_day)

    def quotas(self) -> Sequence[Quota]:
        """Return nothing: nobody counts what is read from a file."""
        return ()

    async def open(self, options: ReplayOptions) -> ReplayFeed:
        """Read and check the whole data set. Raises FileInvalid."""
        return await self._compute.thread(self._read, options)

    def _read(self, options: ReplayOptions) -> ReplayFeed:
        data = _data(options, self._settings.folder)
        return ReplayFeed(data, options, self._settings.quotes_per_second, time.monotonic)


def _data(options: ReplayOptions, folder: Path | None) -> DataSet:
    if options.dataset == BUNDLED:
        return bundled()
    return read_file(folder, options.dataset, options.instrument, time.time_ns())
