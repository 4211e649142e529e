"""How long faults last: at full length, or scaled down for a run between two changes."""

import os
from pathlib import Path

FULL = os.environ.get("QUARTERDECK_FAULTS") == "full"
PAUSE_S = 30.0 if FULL else 1.5
"""How long a process that is paused does nothing."""
BUS_PAUSE_S = 30.0 if FULL else 3.0
"""How long the bus does nothing: after two seconds its readers say so."""
PATIENCE_S = 60.0 + PAUSE_S
TABLE = Path(__file__).parents[1] / "output" / "faults.md"
