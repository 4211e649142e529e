"""What live data cost a browser: one tab, every quote of 20,000 a second, through the edge.

The tab runs our TypeScript client over gRPC-Web, looks at each price, and shows nothing: drawing is
the page's own affair. How busy its main thread is, Chromium tells.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, sync_playwright
from tests.load.deck import Deck, deck
from tests.load.results import ROOT, Figure, figure
from tests.load.shapes import TAB
from tests.load.table import Progress, show
from tests.load.window import feeding

BUNDLER = ROOT / "clients" / "node_modules" / ".bin" / "rolldown"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
HEARTBEAT_MS = 1_000
WARM_S, WINDOW_S = 4.0, 5.0


def bundle(folder: Path) -> None:
    """Write the page that is measured to where the edge serves it from."""
    source = Path(__file__).with_name("page.js")
    target = folder / "load.js"
    command = [str(BUNDLER), str(source), "--file", str(target), "--format", "esm"]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    (folder / "load.html").write_text('<script type="module" src="/load.js"></script>')


@contextmanager
def tab(running: Deck) -> Iterator[tuple[Page, CDPSession]]:
    """Open the page in a browser without a screen, and let it read."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise SystemExit("there is no Chromium: `python3 tools/browser.py` installs it")
    bundle(Path(running.page))
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        page = browser.new_page()
        page.goto(f"http://{running.edge}/load.html")
        page.wait_for_function("() => globalThis.read !== undefined")
        page.evaluate("([password, beat]) => void read(password, beat)", _options(running))
        thread = page.context.new_cdp_session(page)
        thread.send("Performance.enable")
        yield page, thread
        browser.close()


def _options(running: Deck) -> list[Any]:
    return [running.password, HEARTBEAT_MS]


def busy_s(thread: CDPSession) -> float:
    """Return for how long the main thread has worked."""
    metrics = thread.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def window(page: Page, thread: CDPSession) -> dict[str, float]:
    """Return what the tab saw in a window, and how busy it was."""
    page.evaluate("report()")
    before, started = busy_s(thread), time.monotonic()
    time.sleep(WINDOW_S)
    seen = page.evaluate("report()")
    took = time.monotonic() - started
    lag = sorted(seen.pop("lagMs"))
    return {
        **seen,
        "events_per_s": seen["events"] / took,
        "main_thread_pct": 100 * (busy_s(thread) - before) / took,
        "p99_ms": lag[int(len(lag) * 0.99)],
        "dropped": max(0, int(seen["longestPauseMs"] > 2 * HEARTBEAT_MS)) + seen["breaks"],
    }


def measure(samples: int) -> dict[str, Figure]:
    """Measure some windows of one tab."""
    with Progress(1) as progress, deck() as running:
        progress.step("one tab")
        with tab(running) as (page, thread), feeding(running, TAB):
            time.sleep(WARM_S)
            found = [window(page, thread) for _ in range(samples)]
    show(list(found[0]), [list(one.values()) for one in found])
    units = {"events_per_s": "1/s", "main_thread_pct": "%", "p99_ms": "ms", "dropped": "beats"}
    return {
        f"browser_{name}": figure([float(one[name]) for one in found], unit)
        for name, unit in units.items()
    }
