"""A sweep with clocks in its driver and its workers: `python -m benchmarks.speed.profiled FOLDER run …` as `sweeps run …`.

Each process leaves a file in FOLDER: driver.json, worker-<pid>.json. With `--kernels` before FOLDER the only clocks are those
around compiled code, a few microseconds for each market of a batch: what the bench runs its sweeps with. The product knows
nothing of it: names of its modules are bound to timed twins before the sweep begins; the work that travels to the workers binds
theirs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from numba.core.dispatcher import Dispatcher

import sweeps.runners.base as base
from benchmarks.speed.clocks import Clocks
from simcore import TapeStore
from simcore.kernels.compiling import entry_of
from sweeps.runners.base import Replays, Shard, ShardResult

KERNEL = "kernel "
"""a worker's parts that are compiled code called from Python begin with it"""
IMPORTS, WARM, TAPE = "start and imports", "kernels loaded", "tapes read"
AROUND, TABLE = "replays, around kernels", "result tables"
_clocks = Clocks()


class _Timed:
    """A kernel whose calls from Python are timed, by either way into it; to the compiler it is the kernel."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._part = KERNEL + kernel.py_func.__name__
        self._call = _clocks.timed(self._part, kernel)

    def __call__(self, *given: Any) -> Any:
        return self._call(*given)

    @cached_property
    def entry(self) -> Any:
        """What `simcore.kernels.compiling.entry_of` finds here."""
        return _clocks.timed(self._part, entry_of(self._kernel))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kernel, name)


@dataclass(frozen=True)
class ClockedReplays(Replays):
    """The sweep's work, which puts clocks into the process it arrives in and leaves what they say in `folder`."""

    folder: str
    kernels_alone: bool

    def warm(self) -> None:
        """As the sweep's."""
        self._clocked(WARM, super().warm)()

    def __call__(self, shard: Shard) -> ShardResult:
        result: ShardResult = self._clocked(TABLE, super().__call__)(shard)
        _clocks.write(Path(self.folder) / f"worker-{os.getpid()}.json")
        return result

    def _clocked(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        _prepare_worker(self.kernels_alone)
        return work if self.kernels_alone else _clocks.timed(part, work)


def told_by_workers(folder: Path) -> list[dict[str, Any]]:
    """What the clocks of each worker said last."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("worker-*.json"))]


def _prepare_worker(kernels_alone: bool) -> None:
    if IMPORTS in _clocks.parts:
        return
    _clocks.add(IMPORTS, time.process_time(), 0.0)
    if not kernels_alone:
        _bind(TapeStore, "tape", TAPE)
        for name, value in list(vars(base).items()):
            if getattr(value, "__module__", "") == "simcore.engine" and name.startswith("replay"):
                _bind(base, name, AROUND)
        _bind(sys.modules["simcore.engine"], "warm", WARM)
    for name, module in list(sys.modules.items()):
        if name.startswith("simcore.") and not name.startswith(("simcore.kernels", "simcore.strategies")):
            _bind_kernels(module)


def _bind_kernels(module: ModuleType) -> None:
    for name, value in list(vars(module).items()):
        if isinstance(value, Dispatcher):
            setattr(module, name, _Timed(value))


def _bind(owner: Any, name: str, part: str) -> None:
    setattr(owner, name, _clocks.timed(part, getattr(owner, name)))


def _prepare_driver() -> None:
    import sweeps.app.sweep as app
    import sweeps.runners.bench as bench
    from sweeps.cli.progress import SweepProgress
    from sweeps.driver import Driver
    from sweeps.results import SweepFolder
    from sweeps.runners.ray import RayRunner
    from sweeps.study import Journal, Search
    from sweeps.tracking.background import BackgroundTracker

    _bind(app, "plan_sweep", "plan")
    for owner, name, part in (
        (RayRunner, "__init__", "Ray: start"),
        (RayRunner, "submit", "Ray: tasks"),
        (RayRunner, "close", "Ray: end"),
        (Search, "propose", "Optuna: ask"),
        (Journal, "__init__", "Optuna: journal"),
        (Journal, "bring_up_to", "Optuna: journal"),
        (Driver, "_measured", "metrics"),
        (SweepFolder, "write_batch", "Parquet"),
        (SweepFolder, "write_progress", "state.json"),
        (bench, "_in_order", "rows put in order"),
        (SweepProgress, "on_shard", "progress shown"),
        (SweepProgress, "on_batch", "progress shown"),
        (BackgroundTracker, "_work", "MLflow: the thread"),
    ):
        _bind(owner, name, part)
    RayRunner.results = _clocks.each("Ray: tasks", RayRunner.results)
    _bind_tracker()


def _bind_tracker() -> None:
    """MLflow's parts, in the thread that imports it."""
    import sweeps.tracking as tracking

    make = _clocks.timed("MLflow: import", tracking._mlflow)

    def timed(home: Any) -> Any:
        tracker = make(home)
        for name, part in (("start", "start"), ("log_trials", "log_batch"), ("finish", "summary")):
            setattr(tracker, name, _clocks.timed(f"MLflow: {part}", getattr(tracker, name)))
        return tracker

    tracking._mlflow = timed


def main() -> None:
    """Run the `sweeps` command that follows FOLDER."""
    kernels_alone = sys.argv[1] == "--kernels"
    if kernels_alone:
        del sys.argv[1]
    folder = sys.argv.pop(1)
    import sweeps.app.sweep as app
    from sweeps.cli import main as sweep

    app.Replays = partial(ClockedReplays, folder=folder, kernels_alone=kernels_alone)
    if kernels_alone:
        sweep()
        return
    _prepare_driver()
    _clocks.add(IMPORTS, time.process_time(), 0.0)
    try:
        sweep()
    finally:
        _clocks.write(Path(folder) / "driver.json")


if __name__ == "__main__":
    from benchmarks.speed.profiled import main as run  # by its name, as workers import it

    run()
