"""The dashboard in a real browser, as the person who trades sees it."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    expect,
    sync_playwright,
)
from tests.system.deck import Deck

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
OUTPUT = Path(__file__).parents[1] / "output"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
AWAY = re.compile(r"Failed to load resource|ERR_")
"""What Chromium itself says of a server that is away; the page cannot keep it from that."""

pytestmark = [
    pytest.mark.system,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (see `make test`)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser with a fresh profile."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@dataclass
class Visit:
    """A page of the dashboard and everything that it complained about."""

    page: Page
    deck: Deck
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def sign_in(self, password: str | None = None) -> None:
        self.page.goto(self.deck.url)
        self.page.get_by_label("Name").fill("admin")
        self.page.get_by_label("Password").fill(password or self.deck.password)
        self.page.get_by_role("button", name="Sign in").click()

    def go(self, screen: str) -> None:
        screens = self.page.get_by_role("navigation", name="Screens")
        screens.get_by_role("link", name=screen).click()
        expect(self.page.get_by_role("heading", name=screen, level=1)).to_be_visible()

    def panel(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("region", name=name).first

    def tile(self, name: str) -> Locator:
        """The value under a label of the overview."""
        return self.page.locator("dl[aria-label='Profit and exposure'] > div", has_text=name)

    def state(self, word: str) -> Locator:
        return self.page.get_by_role("status", name=f"Stream: {word}")

    def keep(self, name: str) -> None:
        OUTPUT.mkdir(exist_ok=True)
        self.page.screenshot(path=OUTPUT / f"{name}.png")


def changes(read: Callable[[], str]) -> None:
    """Wait until what is read is another than now."""
    before, deadline = read(), time.monotonic() + PATIENCE_MS / 1000
    while read() == before:
        assert time.monotonic() < deadline, f"it stayed {before}"
        time.sleep(0.1)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1440, "height": 1000}) as opened:
        opened.set_default_timeout(PATIENCE_MS)
        yield opened


@pytest.fixture
def visit(context: BrowserContext, suite: Deck) -> Iterator[Visit]:
    """A visit that must end without a complaint."""
    expect.set_options(timeout=PATIENCE_MS)
    visit = Visit(context.new_page(), suite)
    visit.listen()
    yield visit
    assert not visit.complaints


@pytest.fixture
def signed_in(visit: Visit) -> Visit:
    visit.sign_in()
    expect(visit.state("Live")).to_be_visible()
    return visit


def test_a_wrong_password_is_refused_in_words(visit: Visit) -> None:
    visit.sign_in("not the password")
    expect(visit.page.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    visit.complaints = [text for text in visit.complaints if "401" not in text]


def test_who_signs_in_and_out_sees_the_sign_in_again(signed_in: Visit) -> None:
    signed_in.page.get_by_role("button", name="Sign out").click()
    expect(signed_in.page.get_by_role("button", name="Sign in")).to_be_visible()
    signed_in.page.reload()
    expect(signed_in.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_who_is_signed_in_stays_so_when_the_page_is_loaded_again(signed_in: Visit) -> None:
    signed_in.page.reload()
    expect(signed_in.state("Live")).to_be_visible()


def test_the_overview_shows_profit_change_and_the_nodes_fills(signed_in: Visit) -> None:
    signed_in.go("Overview")
    account = signed_in.page.get_by_label("Account and strategy")
    account.select_option(label="SIM-001 · whole account")
    expect(signed_in.tile("Equity")).to_be_visible()
    changes(signed_in.tile("Total profit").inner_text)
    fills = signed_in.panel("Fills")
    expect(fills.get_by_text("EmaCross-").first).to_be_visible()
    changes(fills.get_by_role("row").nth(1).inner_text)
    signed_in.keep("overview")


def test_the_market_shows_prices_move_and_fills_beside_the_chart(signed_in: Visit) -> None:
    signed_in.go("Market")
    row = signed_in.panel("Watch list").get_by_role("row", name="IBM.XNYS")
    row.get_by_role("link").click()
    changes(row.inner_text)
    chart = signed_in.page.get_by_role("img", name=re.compile("^Daily bars of IBM.XNYS"))
    expect(chart).to_have_accessible_name(re.compile(r"with [1-9]\d* fills"))
    expect(chart.locator("canvas").first).to_be_visible()
    expect(signed_in.panel("Fills of IBM.XNYS").get_by_role("row").nth(1)).to_be_visible()
    enter_phase(signed_in.deck, "HALTED")
    expect(row).to_contain_text("HALTED")
    signed_in.keep("market")
    enter_phase(signed_in.deck, "OPEN")
    expect(row).not_to_contain_text("HALTED")


def enter_phase(deck: Deck, phase: str) -> None:
    """Say as a publisher that an instrument trades, or that it does not."""
    status = {
        "instrument": "IBM.XNYS",
        "phase": f"TRADING_PHASE_{phase}",
        "eventTimeNs": str(time.time_ns()),
    }
    deck.call("IngestService/Publish", {"statuses": [status]})


def test_the_analytics_show_metrics_as_they_move_and_say_what_is_missing(signed_in: Visit) -> None:
    signed_in.go("Analytics")
    page = signed_in.page
    page.get_by_label("Account and strategy").select_option(label="SIM-001 · whole account")
    expect(page.get_by_role("img", name="Growth of one unit over days")).to_be_visible()
    metrics = signed_in.panel("Metrics")
    expect(metrics.get_by_text("live")).to_be_visible()
    expect(metrics.get_by_role("row", name="Annual return").first).to_contain_text("too few")
    today = page.locator("dl[aria-label='Performance'] > div", has_text="Today so far")
    changes(today.inner_text)
    page.get_by_label("Benchmark").select_option("IBM.XNYS")
    expect(page.get_by_role("img", name=re.compile("dashed: IBM.XNYS"))).to_be_visible()
    expect(metrics.get_by_role("row", name="Beta")).to_be_visible()
    expect(signed_in.panel("Execution").get_by_role("row").nth(1)).to_be_visible()
    signed_in.keep("analytics")


def test_the_system_shows_the_parts_the_streams_and_the_nodes(signed_in: Visit) -> None:
    signed_in.go("System")
    for name in ("postgres", "valkey", "services", "stream", "envoy", "node"):
        expect(signed_in.panel("Components").get_by_role("row", name=name).first).to_be_visible()
    expect(signed_in.panel("Streams").get_by_text("this page").first).to_be_visible()
    node = signed_in.panel("Nodes").get_by_role("article").filter(has_text="Demonstration")
    expect(node).to_contain_text("Running", ignore_case=True)
    signed_in.keep("system")


def test_the_page_says_that_the_stream_broke_and_recovers_by_itself(signed_in: Visit) -> None:
    signed_in.go("Market")
    signed_in.page.evaluate(
        """() => {
            window.states = [];
            const status = document.querySelector("header [role=status]");
            const note = () => window.states.push(status.getAttribute("aria-label"));
            new MutationObserver(note).observe(status, { attributes: true });
        }"""
    )
    signed_in.deck.kill("stream", "stream-2")
    expect(signed_in.state("Live")).to_be_visible()
    changes(signed_in.panel("Watch list").inner_text)
    states = signed_in.page.evaluate("window.states")
    assert "Stream: Reconnecting" in states
    assert states[-1] == "Stream: Live"
    signed_in.complaints = [text for text in signed_in.complaints if not AWAY.search(text)]
