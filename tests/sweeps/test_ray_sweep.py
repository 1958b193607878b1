"""The same sweep on Ray: the same numbers to the penny, for any worker count, and after losing a node or the driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from small_sweeps import Watcher, assert_same_tables

from sweeps.app.sweep import resume_sweep
from sweeps.home import Home
from sweeps.results import SweepFolder


def test_ray_and_inline_agree_to_the_penny(run: Any) -> None:
    on_ray = run("ray", "ray.runner=ray", "ray.workers=2", "ray.shard_seconds=0.01")
    assert_same_tables(run("inline"), on_ray)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3])
def test_the_worker_count_changes_nothing(run: Any, workers: int) -> None:
    on_ray = run("ray", "ray.runner=ray", f"ray.workers={workers}", "search.trials=20")
    assert_same_tables(run("inline", "search.trials=20"), on_ray)


@pytest.mark.slow
def test_a_sweep_on_ray_killed_without_warning_leaves_nothing_behind_and_ends_with_the_same_table(
    run: Any, home: Home, sweep_yaml: Path, tmp_path: Path
) -> None:
    many = ["search.trials=80", "search.batch=4"]
    undisturbed = run("killed", *many, home=Home(tmp_path / "undisturbed"))
    sets = [word for override in (*many, "ray.runner=ray", "ray.workers=2") for word in ("--set", override)]
    command = [sys.executable, "-c", "from sweeps.cli import main; main()", "run", str(sweep_yaml), *sets]
    process = subprocess.Popen([*command, "--name", "killed"], env={**os.environ, "FURLONG_HOME": str(home.path)})
    batches = home.sweeps / "killed" / "trials"
    while len(list(batches.glob("*.parquet"))) < 3:
        assert process.poll() is None, "the sweep ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert SweepFolder.open(home, "killed").state == "interrupted"
    assert_same_tables(undisturbed, resume_sweep(home, "killed", [], Watcher()))
    deadline = time.monotonic() + 30
    while (left := _processes_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert left == []


def _processes_of(driver: int) -> list[str]:
    """Processes that still name the private folder of a driver's Ray in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"/furlong-{driver}-" in command:
            found.append(command)
    return found
