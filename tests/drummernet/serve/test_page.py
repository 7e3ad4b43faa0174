"""The page as people use it, in a browser without a window."""

import contextlib
import shutil
import signal
import subprocess
import sys

import pytest
from drummernet.commands.app import main

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")

# What is heard, for the page has no other way to tell: its mean square in the last 46 ms.
_EAR = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to === this.context.destination) {
    window.ear = Object.assign(this.context.createAnalyser(), { fftSize: 32768 });
    connect.call(this, window.ear);
  }
  return connect.call(this, to, ...rest);
};
window.level = () => {
  const samples = new Float32Array(window.ear.fftSize);
  window.ear.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
};
"""


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
            )
        except sync_api.Error:
            pytest.skip("no Chromium: install chromium, or run playwright install chromium")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(chromium):
    command = [sys.executable, "-m", "drummernet", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().split()[0]
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 130
        assert not server.stderr.read()


@pytest.fixture(scope="module")
def page(chromium, address):
    page = chromium.new_page(viewport={"width": 1200, "height": 700})
    page.set_default_timeout(120_000)
    page.add_init_script(_EAR)
    page.asked, page.wrong = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
    page.goto(address)
    page.wait_for_selector("body.ready")
    return page


@pytest.fixture
def shown(page, loop):
    """The page with the loop, just dropped on it."""
    page.evaluate("document.querySelector('#result').hidden = true")
    page.set_input_files("#file", loop)
    page.wait_for_selector("#result:not([hidden])")
    return page


def download(page, name, folder):
    with page.expect_download() as started:
        page.click(f"#{name}")
    assert started.value.suggested_filename == f"loop.{name}"
    started.value.save_as(folder / f"page.{name}")
    return (folder / f"page.{name}").read_bytes()


def slide(page, selector, value):
    page.eval_on_selector(selector, f"(one) => {{ one.value = {value}; one.dispatchEvent(new Event('input')); }}")


def second(page):
    return float(page.inner_text("#clock").removeprefix("0:"))


def wait_until(page, moment):
    while second(page) < moment:
        page.wait_for_timeout(50)


def command(monkeypatch, loop, folder, *options):
    monkeypatch.setattr(sys, "argv", ["drummernet", "transcribe", str(loop), "--out", str(folder), *options])
    with contextlib.suppress(SystemExit):
        main()
    return [(folder / f"loop.{name}").read_bytes() for name in ("mid", "csv")]


def test_the_files_are_those_of_the_command_at_any_threshold(shown, loop, tmp_path, monkeypatch):
    assert [download(shown, name, tmp_path) for name in ("mid", "csv")] == command(monkeypatch, loop, tmp_path)
    slide(shown, "#all", 0.5)
    slide(shown, "[aria-label='threshold of closed hi-hat']", 0.1)
    slide(shown, "[aria-label='threshold of open hi-hat']", 0.05)
    options = ["--threshold", "KD=.5,SD=.5,TT=.5,CY=.5,OT=.5,HH=.5,CHH=.1,OHH=.05", "--overwrite"]
    wanted = command(monkeypatch, loop, tmp_path, *options)
    assert [download(shown, name, tmp_path) for name in ("mid", "csv")] == wanted


def test_what_is_muted_is_neither_in_the_file_nor_heard(shown, tmp_path):
    shown.click(".names button:has-text('kick')")
    table = download(shown, "csv", tmp_path).decode()
    assert ",KD," not in table
    assert ",SD," in table
    shown.keyboard.press("a")
    for button in shown.query_selector_all(".names button[aria-pressed=false]"):
        button.click()
    shown.keyboard.press("Space")
    wait_until(shown, 0.9)
    assert shown.evaluate("level()") < 1e-4
    shown.keyboard.press("Space")


def test_both_sides_are_heard_from_the_same_place_at_one_level(shown):
    levels = []
    shown.keyboard.press("Home")
    shown.keyboard.press("Space")
    for _ in range(2):
        place = second(shown)
        wait_until(shown, place + 1)
        levels.append(shown.evaluate("level()"))
        shown.keyboard.press("a")
        assert second(shown) >= place + 1
    shown.keyboard.press("Space")
    assert 0.01 < levels[1] / 3 < levels[0] < 3 * levels[1]


def test_what_is_wrong_is_a_line_on_the_page(page, tmp_path):
    for name, content, reason in (("notes.txt", b"no audio", "not readable as audio"), ("none.wav", b"", "empty file")):
        (tmp_path / name).write_bytes(content)
        page.set_input_files("#file", tmp_path / name)
        page.wait_for_selector(f"#error:not([hidden]):has-text('{name}: {reason}')")
    page.wrong.clear()  # the browser's own words about the refusals


def test_a_phone_shows_all_without_scrolling_sideways(shown):
    shown.set_viewport_size({"width": 360, "height": 700})
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    shown.set_viewport_size({"width": 1200, "height": 700})


def test_no_request_leaves_the_machine_and_nothing_fails(shown, address):
    assert all(url.startswith((address, "blob:", "data:")) for url in shown.asked)
    assert not shown.wrong
