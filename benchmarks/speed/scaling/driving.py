"""What one driver costs, by running small sweeps of a shipped configuration and watching the driver's own clock.

`python -m benchmarks.speed.scaling.driving RUNS.json TOLD.json` runs the sweeps that the first file names, in this process,
which is then a driver and nothing else, and writes what it saw to the second; workers are processes of their own. A run without
Ray works in the driver's process: the replays' own time is taken off again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.optimize import nnls

from benchmarks.speed.timing import MeasureError, run_metered

ROOT: Final = Path(__file__).resolve().parents[3]
EMPTY_TASKS: Final = 300


@dataclass(frozen=True)
class Run:
    """A sweep to watch: `config` with these overrides, under `name` in `home`."""

    name: str
    home: str
    config: str
    overrides: tuple[str, ...]
    workers: int
    on_ray: bool


@dataclass
class Batch:
    """One batch of trials as the driver went through it, CPU seconds of its process.

    working_s : from the first shard's return to the last one's, while workers work;  shards, rows : those that came in between
    waiting_s : the rest, while workers wait: ask, cut, measure, write, tell;  all_rows, trials : of the whole batch
    wall_s    : from the batch before;  replay_s : CPU of its replays, wherever they ran
    """

    working_s: float = 0.0
    waiting_s: float = 0.0
    shards: int = 0
    rows: int = 0
    all_rows: int = 0
    trials: int = 0
    wall_s: float = 0.0
    replay_s: float = 0.0


@dataclass
class Watched:
    """A run's start (wall seconds) and its batches."""

    workers: int
    start_wall_s: float = 0.0
    batches: list[Batch] = field(default_factory=list)

    @property
    def later(self) -> list[Batch]:
        """Without the first batch, in which workers start and load kernels."""
        return self.batches[1:] or self.batches

    @property
    def replays_a_second(self) -> float:
        """By the wall clock."""
        return sum(batch.all_rows for batch in self.later) / sum(batch.wall_s for batch in self.later)

    @property
    def begin_s(self) -> float:
        """Wall seconds until work flows: the start, and by how much the first batch took longer than the others."""
        usual = sum(batch.wall_s for batch in self.later) / len(self.later)
        return self.start_wall_s + max(0.0, self.batches[0].wall_s - usual)


class Watch:
    """A sweep's listener that reads the driver's clock at every event."""

    def __init__(self, workers: int, on_ray: bool) -> None:
        self.seen = Watched(workers)
        self._on_ray = on_ray
        self._begun = time.monotonic()
        self._batch, self._first = Batch(), True

    def on_start(self, folder: Any, finished: Any) -> None:
        """The runner stands, nothing is asked for yet."""
        self._mark, self._wall = time.process_time(), time.monotonic()
        self.seen.start_wall_s = self._wall - self._begun

    def on_shard(self, result: Any) -> None:
        """A shard came back."""
        spent = self._lap() - (0.0 if self._on_ray else result.replay_cpu_s)
        batch = self._batch
        batch.all_rows, batch.replay_s = batch.all_rows + result.replays, batch.replay_s + result.replay_cpu_s
        if self._first:
            batch.waiting_s, self._first = batch.waiting_s + spent, False
            return
        batch.working_s += spent
        batch.shards, batch.rows = batch.shards + 1, batch.rows + result.replays

    def on_batch(self, trials: Sequence[Any], best: Any) -> None:
        """A batch is on disk."""
        wall = time.monotonic()
        self._batch.waiting_s += self._lap()
        self._batch.wall_s, self._wall = wall - self._wall, wall
        self._batch.trials = len(trials)
        self.seen.batches.append(self._batch)
        self._batch, self._first = Batch(), True

    def _lap(self) -> float:
        now = time.process_time()
        spent, self._mark = now - self._mark, now
        return spent


@dataclass(frozen=True)
class DriverCost:
    """The driver's law, CPU seconds: shard · shards + row · rows, while workers work; and while they wait
    batch · batches + trial · trials + tail_row · rows.

    begin_s      : wall seconds until work flows: imports, starting Ray and the workers, loading kernels
    empty_task_s : an empty Ray task, the driver's part, None without Ray
    """

    begin_s: float
    shard_s: float
    row_s: float
    batch_s: float
    trial_s: float
    tail_row_s: float
    empty_task_s: float | None = None


def watch(runs: Sequence[Run], work: Path) -> tuple[list[Watched], float | None]:
    """Run the sweeps in a fresh process, one after the other; also what an empty Ray task takes. Raises MeasureError."""
    asked, told = work / "runs.json", work / "watched.json"
    asked.write_text(json.dumps([asdict(run) for run in runs]))
    command = [sys.executable, "-m", "benchmarks.speed.scaling.driving", str(asked), str(told)]
    run_metered(command, {**os.environ, "PYTHONPATH": str(ROOT)}, work / "driving.log")
    said = json.loads(told.read_text())
    seen = [Watched(**{**one, "batches": [Batch(**batch) for batch in one["batches"]]}) for one in said["runs"]]
    if not all(one.batches for one in seen):
        raise MeasureError("a sweep ended without a batch; look at its configuration")
    return seen, said["empty_task_s"]


def driver_cost(runs: Sequence[Watched], empty_task_s: float | None) -> DriverCost:
    """The driver's law from every batch that was watched, none of it negative."""
    batches = [batch for run in runs for batch in run.batches]
    working = np.array([[batch.shards, batch.rows] for batch in batches], float)
    waiting = np.array([[1, batch.trials, batch.all_rows] for batch in batches], float)
    (shard, row), _ = nnls(working, np.maximum(0.0, [batch.working_s for batch in batches]))
    (whole, trial, tail_row), _ = nnls(waiting, np.maximum(0.0, [batch.waiting_s for batch in batches]))
    begin_s = runs[0].begin_s  # later runs of the process find everything imported
    return DriverCost(begin_s, float(shard), float(row), float(whole), float(trial), float(tail_row), empty_task_s)


def _run(run: Run) -> Watched:
    from sweeps.app.sweep import run_sweep
    from sweeps.home import Home

    watching = Watch(run.workers, run.on_ray)
    run_sweep(Home(Path(run.home)), Path(run.config), run.overrides, run.name, watching)
    return watching.seen


def _empty_task_s() -> float:
    from benchmarks.speed.floors import nothing
    from sweeps.runners.ray import RayRunner

    runner = RayRunner(workers=1, address=None, retries=0)
    import ray

    task = ray.remote(nothing)
    ray.get([task.remote(None, None) for _ in range(EMPTY_TASKS)])  # the worker starts
    begun = time.process_time()
    ray.get([task.remote(None, None) for _ in range(EMPTY_TASKS)])
    spent = time.process_time() - begun
    runner.close()
    return spent / EMPTY_TASKS


def main() -> None:
    asked, told = map(Path, sys.argv[1:])
    runs = [Run(**one) for one in json.loads(asked.read_text())]
    watched = [asdict(_run(run)) for run in runs]
    empty_s = _empty_task_s() if any(run.on_ray for run in runs) else None
    told.write_text(json.dumps({"runs": watched, "empty_task_s": empty_s}))


if __name__ == "__main__":
    main()
