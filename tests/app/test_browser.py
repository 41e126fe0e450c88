"""The app as a person meets it: `streamlit run app` in a process of its own, driven in a real headless Chromium."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180_000  # ms; the first start exports the networks, which takes a while on a busy machine
SETTLED = "!document.querySelector('[data-stale=true]')"  # what the run before drew is gone
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(address, home) of a running app with an empty library."""
    home = tmp_path_factory.mktemp("browser") / "home"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home.parent / "server.log"
    environment = {**os.environ, "SKYBRIDGE_HOME": str(home), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"}
    environment.pop("SKYBRIDGE_QDRANT_URL", None)
    command = [sys.executable, "-m", "streamlit", "run", "app", "--server.port", str(port)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_healthy(address, process, log)
        yield address, home
    finally:
        _end_runs(home)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    assert "Traceback" not in log.read_text()


def _wait_until_healthy(address, process, log):
    for _ in range(120):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(log.read_text())


def _end_runs(home):
    """A test that failed half-way must not leave an indexing process behind."""
    from indexer.home import Home
    from indexer.library import Library

    for name in Home(home).collections():
        with Library(home, name) as library:
            run = library.current_run()
            if run is not None:
                os.kill(run.pid, signal.SIGTERM)


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Debian's chromium is not installed")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium):
    """Open a fresh tab; whatever it shows, it never shows a traceback and never calls another machine."""
    contexts, strangers = [], []

    def open_tab(address, width=1280, height=800):
        context = chromium.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("request", lambda asked: strangers.append(asked.url) if _is_stranger(asked.url) else None)
        page.goto(address)
        page.wait_for_selector(".sb-brand, [data-testid=stHeading]")
        return page

    yield open_tab
    for context in contexts:
        for page in context.pages:
            text = page.inner_text("body")
            assert "Traceback" not in text
            assert page.locator("[data-testid=stException]").count() == 0
        context.close()
    assert strangers == []


def _is_stranger(url):
    return re.match(r"(https?|wss?)://(?!127\.0\.0\.1[:/])", url) is not None


@pytest.fixture(scope="module")
def samples(server, chromium):
    """The address of the app once its first start has indexed the samples."""
    address, _ = server
    context = chromium.new_context()
    page = context.new_page()
    page.goto(address)
    page.get_by_text("First start: your library is empty").wait_for(timeout=60_000)
    page.get_by_role("button", name="a black cat").wait_for(timeout=PATIENCE)
    assert page.get_by_text("First start").count() == 0
    context.close()
    return address


def first_name(page):
    page.wait_for_selector(".sb-name span")
    return page.locator(".sb-name span").first.inner_text()


def ask(page, words):
    box = page.get_by_role("searchbox")
    box.fill(words)
    box.press("Enter")
    page.wait_for_function("words => location.search.includes(words)", arg=words.replace(" ", "+"))
    page.wait_for_selector(".sb-name")


def test_first_start_shows_the_samples_and_the_black_cat_is_first(samples, tab):
    page = tab(samples)
    ask(page, "a black cat")
    assert first_name(page) == "black cat.jpg"
    loaded = "() => { const one = document.querySelector('.sb-pic img'); return one && one.naturalWidth > 50 }"
    page.wait_for_function(loaded)
    assert "exact search" in page.locator('[role="status"].sb-line').inner_text()


def test_an_example_is_one_click(samples, tab):
    page = tab(samples)
    page.get_by_role("button", name="a red car").click()
    page.wait_for_selector(".sb-name")
    assert first_name(page) == "red car.jpg"
    assert "q=a+red+car" in page.url


def test_slash_reaches_the_search_box_and_typing_searches(samples, tab):
    page = tab(samples)
    page.wait_for_timeout(1500)
    page.keyboard.press("/")
    page.keyboard.type("a lighthouse by the sea")
    page.wait_for_selector(".sb-name")
    assert first_name(page) == "lighthouse.jpg"


def test_documents_and_pictures_share_one_list(samples, tab):
    page = tab(f"{samples}/?q=something+sweet+for+breakfast")
    first_name(page)
    names = [text.split("\n")[0] for text in page.locator(".sb-name").all_inner_texts()]
    assert "pancakes.md" in names[:3]
    assert page.locator(".sb-pic img").count() > 0


def test_a_hit_opens_with_picture_facts_and_path(samples, server, tab):
    page = tab(f"{samples}/?q=a+black+cat")
    page.get_by_role("button", name="Open black cat.jpg").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    dialog.get_by_text("640 × 560 pixels").wait_for()
    dialog.get_by_text(str(server[1] / "samples" / "pictures" / "black cat.jpg")).wait_for()
    page.wait_for_function("document.querySelector('[role=dialog] img')?.naturalWidth >= 600")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    with Image.open(download.value.path()) as picture:
        assert picture.size == (640, 560)


def test_find_similar_and_its_shared_address(samples, tab):
    page = tab(f"{samples}/?q=a+red+car")
    first_name(page)
    page.locator(".sb-hit").first.get_by_role("button", name="Find similar").click()
    page.get_by_text("Similar to").wait_for()
    page.wait_for_function("location.search.includes('like=')")
    # the chip is drawn before the hits, which stand until the new ones come
    page.wait_for_function("!['red car.jpg', undefined].includes(document.querySelector('.sb-name span')?.innerText)")
    names = page.locator(".sb-name").all_inner_texts()
    again = tab(page.url)
    again.get_by_text("Similar to").wait_for()
    first_name(again)
    assert again.locator(".sb-name").all_inner_texts() == names


def test_a_shared_address_reproduces_filters(samples, tab):
    page = tab(f"{samples}/?q=water&kind=document&since=2023-01-01")
    first_name(page)
    # Streamlit mounts the box empty, at times after the hits, and fills it then
    page.wait_for_function("document.querySelector('.st-key-search_line input')?.value === 'water'")
    assert page.locator(".sb-pic img").count() == 0
    page.get_by_role("button", name="documents only").wait_for()


def test_a_question_is_composed_narrowed_and_its_stack_opened(samples, tab):
    page = tab(f"{samples}/?q=a+red+car")
    first_name(page)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("In words").fill("snow on the roof")
    page.get_by_label("In words").press("Enter")
    page.wait_for_function("location.search.includes('also=snow')")
    page.locator(".st-key-chips").get_by_text("snow on the roof").wait_for()
    page.keyboard.press("Escape")
    page.locator(".st-key-chips").get_by_role("button", name="Remove").click()
    page.wait_for_function("!location.search.includes('also=')")
    page.wait_for_function(SETTLED)
    page.locator(".st-key-facets_side").get_by_role("region", name="Kind").get_by_role("button", name="documents").click()
    page.get_by_role("button", name="documents only").wait_for()
    page.wait_for_function("document.querySelectorAll('.sb-pic img').length === 0")
    page.get_by_role("button", name="documents only").click()
    page.wait_for_function("!location.search.includes('kind=')")
    ask(page, "invoice for bread shelves")
    page.locator(".sb-hit").first.get_by_role("button", name="more passage").click()
    page.locator(".sb-under").get_by_text("p. ").first.wait_for()
    page.keyboard.press("Escape")
    ask(page, "zxqv wrtl")
    page.get_by_role("heading", name="No good match").wait_for()
    page.get_by_text("What comes closest is").wait_for()
    page.wait_for_function(SETTLED)
    assert page.locator(".sb-hits > .sb-hit").count() == page.locator(".sb-hit").count() > 0
    assert page.locator(".st-key-facets_side .sb-facets > section").count() > 0


def test_a_pasted_picture_is_searched_with(samples, tab):
    page = tab(samples)
    page.get_by_role("button", name="a black cat").wait_for()
    page.wait_for_timeout(1000)
    page.evaluate(
        """async () => {
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 300;
          const pen = canvas.getContext("2d");
          pen.fillStyle = "white"; pen.fillRect(0, 0, 300, 300);
          pen.fillStyle = "crimson"; pen.beginPath(); pen.arc(150, 150, 110, 0, 7); pen.fill();
          const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
          const data = new DataTransfer();
          data.items.add(new File([blob], "dot.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }"""
    )
    page.get_by_text("dot.png").wait_for()
    first_name(page)
    page.get_by_role("button", name="Remove").click()
    page.wait_for_selector(".sb-name", state="detached")


def test_a_folder_of_ones_own(samples, tab, tmp_path):
    folder = tmp_path / "my <b>pictures"
    folder.mkdir()
    for name, colour in (("red ball", "red"), ("green ball", "green"), ("[x](javascript:alert(1)) $$", "blue")):
        picture = Image.new("RGB", (400, 300), "white")
        ImageDraw.Draw(picture).ellipse((120, 70, 280, 230), fill=colour)
        picture.save(folder / f"{name}.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    page = tab(f"{samples}/library")
    page.get_by_label("Path").fill(str(folder))
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("1 file could not be indexed").wait_for(timeout=PATIENCE)
    mine = page.locator(".st-key-collection-main")
    assert mine.locator("[data-testid=stMetricValue]").all_inner_texts() == ["3", "0", "3", "1"]
    found = tab(f"{samples}/?q=a+ball&collection=main")
    found.locator(".sb-name").nth(2).wait_for()  # hits are drawn one after the other
    names = {text.split("\n")[0] for text in found.locator(".sb-name").all_inner_texts()}
    assert names == {"red ball.png", "green ball.png", "[x](javascript:alert(1)) $$.png"}
    mine.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    page.get_by_text("Add the folder again to undo").wait_for()
    assert len(list(folder.iterdir())) == 4


def test_a_wrong_folder_is_one_sentence(samples, tab):
    page = tab(f"{samples}/library")
    page.get_by_label("Path").fill("/no/such/folder")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("There is no folder /no/such/folder.").wait_for()


@pytest.mark.parametrize("path", ["/", "/?q=a+black+cat", "/library"])
def test_a_phone_needs_no_sideways_scroll(samples, tab, path):
    page = tab(f"{samples}{path}", width=375, height=700)
    page.wait_for_selector(".sb-name" if "q=" in path else "[data-testid=stButton]")
    widths = page.evaluate("[document.documentElement.scrollWidth, document.querySelector('.stMain').scrollWidth]")
    assert max(widths) <= 375


def test_only_this_machine_is_listened_to(samples):
    port = int(samples.rsplit(":", 1)[1])
    ours = {line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"}
    assert [one for one in ours if int(one.split(":")[1], 16) == port] == [f"0100007F:{port:04X}"]
