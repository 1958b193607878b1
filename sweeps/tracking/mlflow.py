"""The MLflow window on a sweep, and the only module that imports MLflow.

One experiment a sweep; one flat run a trial, named `trial 0042` (nested runs vanish from the charts page); one run named for
the sweep that carries its summary. Runs are found again by their tags `sweep_id` and `trial`, so nothing is logged twice:

- a run's last write is its status. A run still RUNNING was half-written and is completed: parameters, tags and metrics with
  the run's own start as their time are the same rows, which the store keeps once.
- the summary is written whole. A half-written or outdated one is deleted and written anew; `summary_of` tells them apart.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeps import capacity
from sweeps.errors import TrackingError
from sweeps.home import Home
from sweeps.results import SweepFolder, TrialSummary
from sweeps.tracking.artifacts import summary_metrics, write_artifacts
from sweeps.tracking.report import findings
from sweeps.tracking.store import QUIET, SUMMARY_STATE, VIEW_TAG, artifact_folder, store_path, store_uri

os.environ.update(QUIET)  # MLflow reads them while it is imported

from mlflow.entities import Experiment, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

_NOTE = "mlflow.note.content"
_PAGE = 1000
_SHOWN = ("mean_pnl_pounds", "standard_error_pounds", "sharpe_per_market", "worst_market_pounds", "markets_traded")


class MlflowTracker:
    """Writes one sweep at a time into the store of `home`; slow (about 50 ms a trial), so run it in the background."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._client: Any = None
        self._experiment_id = ""
        self._tags: dict[str, str] = {}
        self._written: set[int] = set()
        self._half_written: dict[int, Run] = {}

    def start(self, folder: SweepFolder) -> None:
        """Open the experiment, and log what the sweep's tables hold and the store does not."""
        with _told(self._home):
            self._open()
            self._tags = _identity_tags(folder)
            self._experiment_id = self._experiment(folder)
            for tag, value in ((_NOTE, _experiment_note(folder)), (VIEW_TAG, _view(folder))):
                self._client.set_experiment_tag(self._experiment_id, tag, value)
            self._find_trials()
        self.log_trials(folder.summaries())

    def log_trials(self, trials: Sequence[TrialSummary]) -> None:
        with _told(self._home):
            for trial in trials:
                if trial.number not in self._written:
                    self._log_trial(trial)

    def finish(self, folder: SweepFolder) -> None:
        """Log what is missing, then the summary run unless it is there as it should be."""
        self.log_trials(folder.summaries())
        with _told(self._home):
            summary_of = _summary_fingerprint(folder)
            found = self._runs(f"tags.state = '{SUMMARY_STATE}'")
            good = [r for r in found if r.info.status == "FINISHED" and r.data.tags.get("summary_of") == summary_of]
            for run in found:
                if run not in good[:1]:
                    self._client.delete_run(run.info.run_id)
            if not good:
                self._write_summary(folder, summary_of)

    def close(self) -> None:
        """The store needs no farewell: every write is committed by itself."""

    def _open(self) -> None:
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        artifact_folder(self._home).mkdir(parents=True, exist_ok=True)
        self._client = MlflowClient(tracking_uri=store_uri(self._home))

    # the experiment

    def _experiment(self, folder: SweepFolder) -> str:
        """Id of the sweep's experiment; one the user deleted is brought back, one of another sweep is left alone."""
        sweep_id = folder.identity.sweep_id
        for name in (folder.name, f"{folder.name} {sweep_id[:8]}"):
            found: Experiment | None = self._client.get_experiment_by_name(name)
            if found is None:
                return self._create_experiment(folder, name)
            if found.tags.get("sweep_id") == sweep_id:
                if found.lifecycle_stage == "deleted":
                    self._client.restore_experiment(found.experiment_id)
                return str(found.experiment_id)
        raise TrackingError(
            f"MLflow's store {store_path(self._home)} has other experiments named {folder.name!r} and {name!r}; "
            "rename one of them in the MLflow pages or give the sweep another --name"
        )

    def _create_experiment(self, folder: SweepFolder, name: str) -> str:
        # an explicit file: location, so that both this process and the server find the artifacts without a proxy
        place = (artifact_folder(self._home) / folder.identity.sweep_id).as_uri()
        return str(self._client.create_experiment(name, artifact_location=place, tags=self._tags))

    # trials

    def _find_trials(self) -> None:
        self._written, self._half_written = set(), {}
        for run in self._runs(f"tags.sweep_id = '{self._tags['sweep_id']}'"):
            if "trial" not in run.data.tags:
                continue
            number = int(run.data.tags["trial"])
            if run.info.status == "RUNNING":
                self._half_written[number] = run
            else:
                self._written.add(number)

    def _log_trial(self, trial: TrialSummary) -> None:
        run = self._half_written.pop(trial.number, None) or self._create_trial(trial)
        self._log(run, trial.parameters, [(name, value, 0) for name, value in trial.metrics.items()], {})
        self._client.set_terminated(run.info.run_id, "FINISHED" if trial.state == "complete" else "FAILED")
        self._written.add(trial.number)

    def _create_trial(self, trial: TrialSummary) -> Run:
        """A run with all its tags: written with it they cost nothing, afterwards a tenth of all that a trial costs."""
        tags = {"trial": str(trial.number), "state": trial.state, "constraints_met": str(trial.constraints_met).lower()}
        if trial.reason:
            tags["reason"] = trial.reason
        name = f"trial {trial.number:04d}"
        return self._client.create_run(self._experiment_id, run_name=name, tags=self._tags | tags)

    # the summary

    def _write_summary(self, folder: SweepFolder, summary_of: str) -> None:
        best = folder.best()
        run = self._client.create_run(
            self._experiment_id,
            run_name=folder.name,
            tags=self._tags | {"state": SUMMARY_STATE, "summary_of": summary_of},
        )
        tags = {_NOTE: _summary_note(folder)} | ({"best_trial": str(best.number)} if best else {})
        self._log(run, best.parameters if best else {}, summary_metrics(folder), tags)
        with tempfile.TemporaryDirectory(prefix="furlong-summary-") as written:
            write_artifacts(folder, Path(written))
            self._client.log_artifacts(run.info.run_id, written)
        self._client.set_terminated(run.info.run_id, "FINISHED")

    # the store

    def _log(
        self,
        run: Run,
        parameters: Mapping[str, Any],
        metrics: Sequence[tuple[str, float, int]],
        tags: Mapping[str, str],
    ) -> None:
        """Everything of a run in as few writes as MLflow's limits allow; the same again changes nothing."""
        at_ms = run.info.start_time
        rows = [Metric(name, value, at_ms, step) for name, value, step in metrics]
        self._client.log_batch(
            run.info.run_id,
            metrics=rows[:_PAGE],
            params=[Param(name, _text(value)) for name, value in parameters.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        for first in range(_PAGE, len(rows), _PAGE):
            self._client.log_batch(run.info.run_id, metrics=rows[first : first + _PAGE])

    def _runs(self, condition: str) -> list[Run]:
        """The experiment's runs (not deleted ones) that meet an MLflow filter, oldest first."""
        found: list[Run] = []
        token: str | None = None
        while True:
            page = self._client.search_runs(
                [self._experiment_id], condition, max_results=_PAGE, order_by=["start_time ASC"], page_token=token
            )
            found += page
            token = page.token
            if not token:
                return found


@contextlib.contextmanager
def _told(home: Home) -> Iterator[None]:
    """MLflow's and the disk's errors as one sentence."""
    try:
        yield
    except (MlflowException, OSError) as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise TrackingError(
            f"MLflow's store {store_path(home)} cannot be written ({first_line}); the sweep's own tables are whole, "
            "`sweeps resume` shows them once the store is in order"
        ) from error


def _identity_tags(folder: SweepFolder) -> dict[str, str]:
    identity = folder.identity
    return {
        "sweep": folder.name,
        "sweep_id": identity.sweep_id,
        "config_hash": identity.config_hash,
        "data_manifest": identity.data_manifest,
        "code_version": identity.code_version,
    }


def _experiment_note(folder: SweepFolder) -> str:
    config = folder.config
    goals = ", ".join(f"{goal.direction} {goal.metric}" for goal in config.objective.goals)
    return (
        f"Sweep **{folder.name}**: core `{config.strategy.core}`, {goals}, sampler {config.search.sampler}, "
        f"{len(folder.markets)} markets. The run named `{folder.name}` carries the summary: its artifact `report.html` "
        "holds every plot. Money is in pounds; what each metric means is in docs/mlflow.md."
    )


def _summary_note(folder: SweepFolder) -> str:
    return "\n\n".join([*findings(folder), "Every plot and table: *Artifacts*, `report.html`."])


def _view(folder: SweepFolder) -> str:
    """Columns and order of the runs page: the best first, by what the sweep is judged by, with what was sampled.

    MLflow 3.17 shows no metric by default; its pages read a shared view from an experiment tag, plain JSON accepted.
    """
    objective = folder.config.objective
    metrics = dict.fromkeys([*(goal.metric for goal in objective.goals), *_SHOWN])
    columns = [f"metrics.`{name}`" for name in metrics] + [f"params.`{name}`" for name in folder.config.space]
    columns += ["tags.`state`"] + (["tags.`constraints_met`"] if objective.constraints else [])
    first = objective.goals[0]
    order = {"orderByKey": f"metrics.`{first.metric}`", "orderByAsc": first.direction == "minimize"}
    return json.dumps({"selectedColumns": columns} | order)


def _summary_fingerprint(folder: SweepFolder) -> str:
    """Changes when the summary would: more trials, another best, another capacity curve."""
    best, curve = folder.best(), capacity.read(folder)
    facts = [len(folder.summaries()), best and best.number, curve and curve.points.to_json()]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
