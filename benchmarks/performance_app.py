"""The app in a real browser: from the start of the server to its first page, and from Enter to the hits of a typed query.

The browser is Debian's chromium, driven by Playwright (requirements-dev.txt), and started before the clock. A query's clock
stops when the run that Enter began is over, its hits are there, and nothing of the run before is.
"""

import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.performance_cost import compiling, cost_of_command
from benchmarks.performance_folders import fresh_home
from benchmarks.performance_sizes import Size, write_folders

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["measure"]

_ROOT = Path(__file__).parents[1]
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
          "--disable-sync"]  # fmt: skip
_STARTS, _QUERIES, _WARM = 3, 40, 5
_THINGS = ("cat", "harbour", "telescope", "letter", "mountain", "coffee", "rocket", "street")
_LOOKS = ("red", "old", "tiny", "wet", "empty", "broken")
_STATE = "document.querySelector('[data-testid=stApp]')?.getAttribute('data-test-script-state')"
# the address changes with Enter, before the run begins: a page that is looked at then still shows the hits of the query before
_WATCH = f"""() => {{
  window.runBegan = false;
  const watch = new MutationObserver(() => {{
    if ({_STATE} === 'running') {{ window.runBegan = true; watch.disconnect(); }}
  }});
  watch.observe(document.querySelector('[data-testid=stApp]'), {{ attributeFilter: ['data-test-script-state'] }});
}}"""
_SHOWN = f"""words => window.runBegan && {_STATE} === 'notRunning' && location.search.includes(words)
  && document.querySelector('.sb-name') && !document.querySelector('[data-stale=true]')"""


def measure(work: Path, size: Size) -> dict[str, Any]:
    """Seconds to the first page, of each start and their median, and milliseconds of typed queries, p50 and p95."""
    from playwright.sync_api import sync_playwright

    folders, home = write_folders(work, size), fresh_home(work, "app")
    environment = {**compiling(work), "SKYBRIDGE_HOME": str(home)}
    environment.pop("SKYBRIDGE_QDRANT_URL", None)
    add = [sys.executable, "-m", "indexer", "add", str(folders["small"]), str(folders["pages"]), "--home", str(home)]
    cost_of_command(add, environment, work)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("there is no chromium on this machine: install Debian's package, or measure the rest with --only")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=_FLAGS)
        starts: list[float] = []
        asked: list[float] = []
        for number in range(_STARTS + 1):  # the first compiles bytecode
            page = browser.new_page()
            last = number == _STARTS
            starts.append(_with_app(environment, page, lambda page, last=last: asked.extend(_ask(page)) if last else None))
            page.close()
        browser.close()
    starts, asked = starts[1:], asked[_WARM:]
    return {
        "first_page_seconds": statistics.median(starts),
        "queries": len(asked),
        "p50_ms": statistics.median(asked),
        "p95_ms": statistics.quantiles(asked, n=20)[-1],
        "first_page_all": starts,
    }


def _with_app(environment: dict[str, str], page: "Page", use: Callable[["Page"], object]) -> float:
    """Start the app, open it, use it, end it. Returns the seconds from the start until the page can be typed into."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app", "--server.port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}/_stcore/health", process)
        page.goto(f"http://127.0.0.1:{port}")
        page.get_by_role("searchbox").wait_for()
        took = time.perf_counter() - began
        use(page)
    finally:
        process.terminate()
        process.wait(timeout=30)
    return took


def _wait_until_healthy(address: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit("the app ended before it answered")
        with suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.02)
    raise SystemExit("the app did not answer")


def _ask(page: "Page") -> list[float]:
    """Milliseconds from Enter to the hits, of queries that were never asked before."""
    took = []
    for number in range(_QUERIES + _WARM):
        look, thing = _LOOKS[number % len(_LOOKS)], _THINGS[number // len(_LOOKS)]
        box = page.get_by_role("searchbox")
        page.wait_for_function(f"{_STATE} === 'notRunning'")
        box.fill(f"a {look} {thing}")
        page.evaluate(_WATCH)
        began = time.perf_counter()
        box.press("Enter")
        page.wait_for_function(_SHOWN, arg=f"a+{look}+{thing}", polling="raf")
        took.append((time.perf_counter() - began) * 1e3)
    return took
