"""``python -m quarterdeck_node FILE`` runs the node that the file describes."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from quarterdeck.errors import QuarterdeckError
from quarterdeck_node.config import ConfigurationError, read
from quarterdeck_node.engine.port import EngineError
from quarterdeck_node.engine.v1.host import run

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
FAILED, REFUSED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a node and return the exit code of the process."""
    parser = argparse.ArgumentParser(prog="quarterdeck_node", description="A trading node.")
    parser.add_argument("file", type=Path, help="the configuration, JSON or TOML")
    file = parser.parse_args(arguments).file
    try:
        config = read(file)
        logging.basicConfig(level=config.log_level, format=FORMAT, stream=sys.stdout)
        asyncio.run(run(config))
    except (ConfigurationError, QuarterdeckError) as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
