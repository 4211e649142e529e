"""How the replay source is put together."""

from quarterdeck_server.adapters.replay.source import ReplaySource
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.source_settings import ReplaySettings


def replay_source(settings: ReplaySettings, compute: Compute) -> ReplaySource:
    """Make the source that plays recorded data."""
    return ReplaySource(settings, compute)
