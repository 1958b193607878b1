"""What a sweep cannot do without, each done alone in a fresh process: `python -m benchmarks.speed.floors NAME FOLDER [TRIALS]`.

ray     : start Ray as a sweep does, one empty task a worker, and end it
ask     : Optuna's sampler asked for every trial and told its value, in memory
log     : one MLflow run a trial with one `log_batch`, into a new store
parquet : the finished sweep's market rows written batch by batch
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sweeps.config import SweepConfig
from sweeps.home import Home
from sweeps.results import SweepFolder, write_parquet

NAMES = ("ray", "ask", "log", "parquet")


def nothing(work: Any, shard: Any) -> None:
    """An empty task."""


def ray(folder: SweepFolder, config: SweepConfig) -> None:
    """Start, an empty task a worker, end."""
    from sweeps.runners.ray import RayRunner

    runner = RayRunner(workers=config.ray.workers, address=None, retries=0)
    import ray as running

    task = running.remote(nothing)
    running.get([task.remote(None, None) for _ in range(runner.workers)])
    runner.close()


def ask(folder: SweepFolder, config: SweepConfig) -> None:
    """As many trials as the sweep had, of its space, told the values it found."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(
        seed=config.search.seed, n_startup_trials=config.search.startup_trials, multivariate=True
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for trial in folder.summaries():
        asked = study.ask()
        for name, dimension in config.space.items():
            dimension.suggest(asked, name)
        study.tell(asked, trial.values[0] if trial.values else 0.0)


def log(folder: SweepFolder, config: SweepConfig) -> None:
    """The sweep's trials into a new store, nothing else."""
    from sweeps.tracking.store import QUIET

    os.environ.update(QUIET)
    from mlflow.entities import Metric, Param
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder.path / 'floor.db'}")
    experiment = client.create_experiment("floor", artifact_location=(folder.path / "floor").as_uri())
    for trial in folder.summaries():
        run = client.create_run(experiment, run_name=str(trial.number))
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(name, value, 0, 0) for name, value in trial.metrics.items()],
            params=[Param(name, str(value)) for name, value in trial.parameters.items()],
        )
        client.set_terminated(run.info.run_id)


def parquet(folder: SweepFolder, config: SweepConfig) -> None:
    """Every batch of market rows read and written once more."""
    for path in sorted((folder.path / "markets").glob("[0-9]*.parquet")):
        write_parquet(pq.read_table(path), folder.path / f"floor-{path.name}")


def main() -> None:
    name, home, sweep = sys.argv[1:]
    folder = SweepFolder.open(Home(Path(home)), sweep)
    {"ray": ray, "ask": ask, "log": log, "parquet": parquet}[name](folder, folder.config)


if __name__ == "__main__":
    main()
