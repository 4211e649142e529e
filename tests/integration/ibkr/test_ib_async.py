"""The tests beside this file once more, with the other client library.

``ib_insync`` and ``ib_async`` each bring a package ``eventkit``, so both cannot be here.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PYTHON = ROOT / ".tools" / "ib_async" / "bin" / "python"


def run(*argv: str) -> str:
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_everything_holds_with_ib_async_too(tmp_path):
    for tool in (("bootstrap.py",), ("environment.py", "ib_async")):
        run(sys.executable, f"tools/{tool[0]}", *tool[1:])
    installed = "from quarterdeck_server.adapters.ibkr.library import installed; print(installed())"
    assert run(str(PYTHON), "-c", installed).strip() == "ib_async"
    # What lies above needs the databases' clients, which that environment does not have.
    alone = (f"--confcutdir={HERE}", f"--ignore={__file__}", f"--basetemp={tmp_path}")
    plain = ("-p", "no:cacheprovider", "-q")
    assert " passed" in run(str(PYTHON), "-m", "pytest", str(HERE), *alone, *plain)
