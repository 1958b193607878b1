"""A node dies in the middle of a sweep; the sweep ends with the table of an undisturbed run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

import simcore.kernels
from sweeps.app.sweep import run_sweep
from sweeps.cli.progress import SweepProgress
from sweeps.home import Home
from sweeps.results import SweepFolder
from tests.cluster.heads import TOKEN, end, loopback_environment
from tests.sweeps.small_markets import make_store

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
TRIALS, BATCH = 40, 4
YAML = f"""
data: {{filter: {{sport: greyhounds}}}}
strategy: {{core: daf, parameters: {{pick_s: 300, entry: cross, exit_s: 5}}}}
space:
  entry_start_s: {{kind: float, low: 130, high: 300, step: 10}}
  direction: {{kind: categorical, choices: [long, short]}}
search: {{trials: {TRIALS}, batch: {BATCH}}}
tracking: {{kind: null}}
capacity: null
ray: {{shard_seconds: 0.3}}
"""
NOTICE_A_DEATH_QUICKLY = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
}


@dataclass
class Nodes:
    """The cluster's process, its address, and the environment under which a driver may join it."""

    process: subprocess.Popen[str]
    address: str
    environment: dict[str, str]

    def kill_the_second(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("kill\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "killed\n"


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with tempfile.TemporaryDirectory(prefix="ray2") as short:
        environment = loopback_environment(tmp_path / "user") | NOTICE_A_DEATH_QUICKLY
        environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_TMPDIR": short}
        environment["NUMBA_CACHE_DIR"] = str(Path(simcore.kernels.__file__).parent / "__pycache__")
        with (tmp_path / "nodes.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.cluster.two_nodes"],
                env=environment, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            while said and not said.startswith("address "):
                said = process.stdout.readline()
            assert said, (tmp_path / "nodes.log").read_text()
            yield Nodes(process, said.split()[1], environment)
        finally:
            end(process)
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()


def test_a_sweep_that_loses_one_of_two_nodes_ends_with_the_table_of_an_inline_run(nodes: Nodes, tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", markets=24, days=4)
    (tmp_path / "lost.yaml").write_text(YAML)
    home = Home(tmp_path / "home")
    words = ["run", "lost.yaml", "--store", str(store), "--name", "lost", "--address", nodes.address]
    with (tmp_path / "driver.log").open("w") as log:
        driver = subprocess.Popen(
            [sys.executable, "-c", "from sweeps.cli import main; main()", *words],
            env=nodes.environment | {"FURLONG_HOME": str(home.path), "PYTHONPATH": str(REPOSITORY)},
            cwd=tmp_path, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        done = wait_for_batches(home.sweeps / "lost", 3, driver, tmp_path / "driver.log")
        nodes.kill_the_second()
        assert done < TRIALS // BATCH, "the sweep was over before its node died"
        assert driver.wait(timeout=400) == 0, (tmp_path / "driver.log").read_text()
    finally:
        if driver.poll() is None:
            os.kill(driver.pid, 9)
            driver.wait()
    overrides = [f"data.store={store}", "ray.runner=inline"]
    quiet = SweepProgress(Console(quiet=True))
    inline = run_sweep(Home(tmp_path / "inline"), tmp_path / "lost.yaml", overrides, "lost", quiet)
    survived = SweepFolder.open(home, "lost")
    assert survived.state == "finished"
    assert survived.identity == inline.identity
    assert survived.summaries() == inline.summaries()
    assert len(survived.summaries()) == TRIALS
    for trial in survived.summaries():
        if trial.state == "complete":
            assert survived.market_results(trial.number).equals(inline.market_results(trial.number))


def wait_for_batches(folder: Path, wanted: int, driver: subprocess.Popen[bytes], log: Path) -> int:
    """Batches on disk once there are `wanted` of them."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        done = len(list((folder / "trials").glob("[0-9]*.parquet")))
        if done >= wanted:
            return done
        assert driver.poll() is None, log.read_text()
        time.sleep(0.05)
    pytest.fail(f"no batch within four minutes:\n{log.read_text()}")
