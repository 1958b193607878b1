"""`sweeps ui` as a person meets it: one sentence for what cannot be, a server on loopback, pages a browser can read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from made_sweeps import MadeSweep

from sweeps.config import Tracking
from sweeps.home import Home
from sweeps.tracking import make_tracker
from sweeps.tracking.store import store_path

PATIENCE_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sweeps_ui(home: Home, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from sweeps.cli import main; main()", "ui", *options]
    environment = os.environ | {"FURLONG_HOME": str(home.path)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def complaint(home: Home, *options: str) -> str:
    """The one sentence of a refusal: exit code 2, nothing else said, no trace of a stack."""
    ended = sweeps_ui(home, *options)
    assert ended.returncode == 2
    said = [line for line in ended.stderr.splitlines() if not line.startswith("starting")]
    assert len(said) == 1
    return said[0]


def test_without_a_store_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "none")
    assert "there is no MLflow store" in complaint(home)
    assert not home.path.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "example.org", "::"])
def test_a_host_others_can_reach_is_refused(home: Home, host: str) -> None:
    assert "must be a loopback address" in complaint(home, "--host", host)


def test_a_busy_port_is_refused(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} of 127.0.0.1 cannot be listened on" in complaint(home, "--port", str(port))


def test_a_store_that_is_none_is_told_in_one_sentence(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.mlflow.mkdir()
    store_path(home).write_text("this is no database, and long enough to be read as one" * 40)
    assert "the MLflow server ended at once" in complaint(home, "--port", str(free_port()))


@dataclass
class Pages:
    """A running `sweeps ui` and what it printed."""

    process: subprocess.Popen[str]
    port: int
    links: dict[str, str]

    def family(self) -> list[int]:
        """Process ids of the command and everything below it."""
        parents = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                facts = status.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(status.parent.name)] = int(facts[1])
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Pages]:
    """A finished sweep of 30 trials, shown by `sweeps ui` in a process of its own."""
    home = Home(tmp_path_factory.mktemp("my home"))
    home.mlflow.mkdir()
    shutil.copy(empty_store, store_path(home))
    sweep = MadeSweep.create(home, "daf-evening")
    sweep.add_batch(0, 30)
    sweep.add_capacity()
    tracker = make_tracker(Tracking(), home)
    tracker.start(sweep.folder)
    tracker.finish(sweep.folder)
    tracker.close()
    port = free_port()
    command = [sys.executable, "-c", "from sweeps.cli import main; main()", "ui", "--port", str(port)]
    environment = os.environ | {"FURLONG_HOME": str(home.path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            links: dict[str, str] = {}
            for line in process.stdout:
                if line.startswith("Ctrl-C"):
                    break
                name, _, rest = line.strip().partition(" ")
                links[name] = rest.strip()
            yield Pages(process, port, links)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def test_it_says_where_the_newest_sweep_is(served: Pages) -> None:
    base = f"http://127.0.0.1:{served.port}/#/experiments/"
    assert served.links["sweep"] == "daf-evening"
    assert served.links["trials"].startswith(base)
    assert "workflowType=machine_learning" in served.links["trials"]
    assert served.links["charts"] == served.links["trials"] + "&compareRunsMode=CHART"
    assert "/artifacts/report.html" in served.links["report"]


def test_it_listens_on_loopback_alone(served: Pages) -> None:
    inodes = {
        target.removeprefix("socket:[").removesuffix("]")
        for pid in served.family()
        for handle in Path(f"/proc/{pid}/fd").iterdir()
        if (target := _link(handle)).startswith("socket:[")
    }
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            facts = line.split()
            if facts[3] == "0A" and facts[9] in inodes:
                listening.append(facts[1])
    assert listening == [f"0100007F:{served.port:04X}"]


def _link(handle: Path) -> str:
    try:
        return str(handle.readlink())
    except OSError:
        return ""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium with a profile of its own, that logs what it asks the network for."""
    chromium, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        if os.environ.get("FURLONG_BROWSER") == "required" or os.environ.get("CI") == "true":
            pytest.fail("FURLONG_BROWSER or CI asks for a browser, and chromium or chromedriver is not on PATH")
        pytest.skip("no chromium and chromedriver on PATH; Debian: apt-get install chromium chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        "--window-size=1700,1400", f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield opened
    finally:
        opened.quit()


def text_with(browser: Any, wanted: list[str], read: Callable[[], str]) -> str:
    """What the page says once it says everything wanted; fails with what it said instead."""
    until = time.monotonic() + PATIENCE_SECONDS
    said = ""
    while time.monotonic() < until:
        said = read()
        if all(word in said for word in wanted):
            return said
        time.sleep(0.3)
    missing = [word for word in wanted if word not in said]
    pytest.fail(f"{browser.current_url} never said {missing}; it said: {said[:3000]}")


def body(browser: Any) -> str:
    return str(browser.execute_script("return document.body ? document.body.innerText : ''"))


@pytest.mark.browser
def test_the_runs_page_shows_the_summary_the_trials_and_their_metrics(served: Pages, browser: Any) -> None:
    browser.get(served.links["trials"])
    said = text_with(
        browser, ["trial 0026", "31 matching runs", "mean_pnl_pounds", "standard_error_pounds"], lambda: body(browser)
    )
    assert said.index("daf-evening") < said.index("trial 0026") < said.index("trial 00", said.index("trial 0026") + 8)


@pytest.mark.browser
def test_the_charts_page_draws_the_metrics_and_the_capacity_curve(served: Pages, browser: Any) -> None:
    browser.get(served.links["charts"])
    text_with(browser, ["trial 0026", "capacity/mean_pnl_pounds_by_stake"], lambda: body(browser))
    drawn = "return document.querySelectorAll('.js-plotly-plot .scatterlayer .trace').length"
    text_with(browser, ["drawn"], lambda: "drawn" if browser.execute_script(drawn) else body(browser))


@pytest.mark.browser
def test_the_report_is_read_in_the_artifacts_page_without_downloading(served: Pages, browser: Any) -> None:
    browser.get(served.links["report"])
    wanted = [
        "Beyond stake_pounds = 50", "Capacity curve", "Optimisation history", "Parallel coordinates",
        "Profit per market of the best configuration", "Empirical distribution", "Slices",
    ]  # fmt: skip
    try:
        text_with(browser, wanted, lambda: report_text(browser))
        assert browser.execute_script("return document.querySelectorAll('#capacity .scatterlayer .trace').length") == 4
    finally:
        browser.switch_to.default_content()


def report_text(browser: Any) -> str:
    """Text of the report inside its frame, the plots' own titles included."""
    browser.switch_to.default_content()
    frames = browser.find_elements("css selector", "iframe")
    if not frames:
        return body(browser)
    browser.switch_to.frame(frames[0])
    return str(browser.execute_script("return document.body ? document.body.textContent : ''"))


@pytest.mark.browser
def test_the_pages_ask_no_other_host(served: Pages, browser: Any) -> None:
    browser.get(served.links["charts"])
    text_with(browser, ["trial 0026"], lambda: body(browser))
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}
    asked = {url for url in asked if url.startswith(("http:", "https:", "ws:", "wss:"))}
    assert asked
    assert [url for url in asked if not url.startswith(f"http://127.0.0.1:{served.port}/")] == []


def test_ctrl_c_ends_the_server_and_every_process_it_started(served: Pages) -> None:
    family = served.family()
    assert len(family) >= 3  # the command, the server, its worker
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(timeout=30) == 0
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in family[1:]) and time.monotonic() < until:
        time.sleep(0.1)
    assert [pid for pid in family[1:] if Path(f"/proc/{pid}").exists()] == []
