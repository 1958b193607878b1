"""What every tracker owes a sweep, and what the MLflow store then holds; read back with MLflow's own client."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import client_of
from made_sweeps import SWEEP_ID, MadeSweep

from sweeps import capacity
from sweeps.config import Tracking
from sweeps.errors import TrackingError
from sweeps.home import Home
from sweeps.results import SweepFolder, TrialSummary
from sweeps.tracking import Tracker, make_tracker
from sweeps.tracking.background import BackgroundTracker
from sweeps.tracking.null import NullTracker

MakeSweep = Callable[..., MadeSweep]


def runs_of(home: Home, name: str = "evening", condition: str = "") -> list[Any]:
    client = client_of(home)
    experiment = client.get_experiment_by_name(name)
    return list(client.search_runs([experiment.experiment_id], condition, order_by=["start_time ASC"]))


def trials_in(home: Home, name: str = "evening") -> list[int]:
    return [int(run.data.tags["trial"]) for run in runs_of(home, name) if "trial" in run.data.tags]


def summaries_in(home: Home) -> list[Any]:
    return runs_of(home, condition="tags.state = 'summary'")


class TrackerContract:
    """The same sweep, watched, stopped and resumed; subclasses say which tracker and which trials it shows."""

    def make(self, home: Home) -> Tracker:
        raise NotImplementedError

    def shown(self, home: Home) -> list[int] | None:
        """Trials somebody can look at, None where nothing is ever shown."""
        raise NotImplementedError

    def test_a_sweep_watched_to_its_end_shows_every_trial_once(self, home: Home, make_sweep: MakeSweep) -> None:
        sweep, tracker = make_sweep(), self.make(home)
        tracker.start(sweep.folder)
        for first in (0, 5):
            tracker.log_trials(sweep.add_batch(first, 5))
        tracker.finish(sweep.folder)
        tracker.close()
        assert self.shown(home) in (None, list(range(10)))

    def test_a_resumed_sweep_shows_nothing_twice_and_catches_up_with_what_was_not_handed_over(
        self, home: Home, make_sweep: MakeSweep
    ) -> None:
        sweep = make_sweep()
        for handed_over in (True, False):
            tracker = self.make(home)
            tracker.start(sweep.folder)
            batch = sweep.add_batch(0 if handed_over else 5, 5)
            if handed_over:
                tracker.log_trials(batch)
            tracker.close()
        tracker = self.make(home)
        tracker.start(sweep.folder)
        tracker.log_trials(sweep.folder.summaries())
        tracker.finish(sweep.folder)
        tracker.close()
        assert self.shown(home) in (None, list(range(10)))

    def test_the_sweeps_own_folder_is_left_as_it_was(self, home: Home, make_sweep: MakeSweep) -> None:
        sweep = make_sweep()
        sweep.add_batch(0, 3)
        before = {path: path.read_bytes() for path in sweep.folder.path.rglob("*") if path.is_file()}
        tracker = self.make(home)
        tracker.start(sweep.folder)
        tracker.finish(sweep.folder)
        tracker.close()
        assert {path: path.read_bytes() for path in sweep.folder.path.rglob("*") if path.is_file()} == before

    def test_a_tracker_that_never_started_can_be_closed(self, home: Home) -> None:
        tracker = self.make(home)
        tracker.close()
        assert self.shown_or_nothing(home) in (None, [])

    def shown_or_nothing(self, home: Home) -> list[int] | None:
        return [] if client_of(home).get_experiment_by_name("evening") is None else self.shown(home)


class TestNullTracker(TrackerContract):
    def make(self, home: Home) -> Tracker:
        return make_tracker(Tracking(kind=None), home)

    def shown(self, home: Home) -> list[int] | None:
        assert client_of(home).get_experiment_by_name("evening") is None
        return None


class TestMlflowTracker(TrackerContract):
    def make(self, home: Home) -> Tracker:
        return make_tracker(Tracking(kind="mlflow"), home)

    def shown(self, home: Home) -> list[int] | None:
        return trials_in(home)

    def test_a_trial_is_a_flat_run_with_its_parameters_metrics_and_tags(
        self, home: Home, make_sweep: MakeSweep
    ) -> None:
        sweep = make_sweep()
        trials = sweep.add_batch(0, 3)
        self.show(home, sweep.folder)
        run, trial = runs_of(home, condition="tags.trial = '1'")[0], trials[1]
        assert run.info.run_name == "trial 0001"
        assert run.info.status == "FINISHED"
        assert run.data.metrics == pytest.approx(trial.metrics)
        assert run.data.params == {"stake_pounds": "5.0", "entry_start_s": "100", "exit_s": "8.0", "side": "short"}
        identity = {"config_hash": "c0ffee", "data_manifest": "da7a", "code_version": "0.1.0+abc", "sweep_id": SWEEP_ID}
        wanted = identity | {"sweep": "evening", "trial": "1", "state": "complete", "constraints_met": "true"}
        assert wanted.items() <= run.data.tags.items()
        assert not [tag for tag in run.data.tags if "parent" in tag.lower()]

    def test_an_invalid_trial_is_a_failed_run_that_says_why(self, home: Home, make_sweep: MakeSweep) -> None:
        sweep = make_sweep()
        sweep.add_batch(0, 7)
        self.show(home, sweep.folder)
        run = runs_of(home, condition="tags.trial = '6'")[0]
        assert run.info.status == "FAILED"
        assert (run.data.tags["state"], run.data.metrics) == ("invalid", {})
        assert "exit before entry" in run.data.tags["reason"]
        assert runs_of(home, condition="tags.trial = '4'")[0].data.tags["constraints_met"] == "false"

    def test_the_summary_run_carries_the_best_trial_the_curves_and_every_artifact(
        self, home: Home, make_sweep: MakeSweep
    ) -> None:
        sweep = make_sweep()
        sweep.add_batch(0, 10)
        curve = sweep.add_capacity()
        self.show(home, sweep.folder)
        (summary,), client = summaries_in(home), client_of(home)
        best = sweep.folder.best()
        assert best is not None
        assert summary.info.run_name == "evening"
        assert summary.data.tags["best_trial"] == str(best.number)
        assert summary.data.metrics["mean_pnl_pounds"] == pytest.approx(best.metrics["mean_pnl_pounds"])
        points = client.get_metric_history(summary.info.run_id, "capacity/mean_pnl_pounds_by_stake")
        drawn = sorted((point.step, point.value) for point in points)
        assert drawn == [
            (stake, pytest.approx(mean)) for stake, mean in curve.points[["stake", "mean_pnl_pounds"]].values
        ]
        best_so_far = client.get_metric_history(summary.info.run_id, "search/best_mean_pnl_pounds")
        assert max(point.value for point in best_so_far) == pytest.approx(best.metrics["mean_pnl_pounds"])
        files = {item.path for item in client.list_artifacts(summary.info.run_id)}
        assert files == {"report.html", "config.yaml", "data_manifest.json", "tables"}
        tables = {item.path for item in client.list_artifacts(summary.info.run_id, "tables")}
        wanted = {"trials.parquet", "trials.csv", "best_markets.parquet", "capacity.csv"}
        assert tables == {f"tables/{name}" for name in wanted}

    def test_killed_between_any_two_writes_a_trial_is_completed_and_not_repeated(
        self, home: Home, make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sweep, client = make_sweep(), type(client_of(home))
        sweep.add_batch(0, 6)
        for method in ("create_run", "log_batch", "set_terminated"):
            with monkeypatch.context() as patch:
                fail_at(patch, client, method, call=2)
                with pytest.raises(TrackingError, match="the sweep's own tables are whole"):
                    self.show(home, sweep.folder)
        self.show(home, sweep.folder)
        assert trials_in(home) == list(range(6))
        assert {run.info.status for run in runs_of(home)} == {"FINISHED"}
        for run in runs_of(home):
            history = client_of(home).get_metric_history(run.info.run_id, "mean_pnl_pounds")
            assert len(history) == 1

    def test_killed_by_the_system_in_the_middle_the_store_ends_as_if_undisturbed(
        self, home: Home, make_sweep: MakeSweep
    ) -> None:
        sweep = make_sweep()
        sweep.add_batch(0, 40)
        killed_while_logging(home, sweep.folder, after=8)
        assert 0 < len(trials_in(home)) < 40
        self.show(home, sweep.folder)
        assert trials_in(home) == list(range(40))
        assert len(summaries_in(home)) == 1

    def test_a_half_written_summary_is_written_anew(
        self, home: Home, make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sweep = make_sweep()
        sweep.add_batch(0, 3)
        with monkeypatch.context() as patch:
            fail_at(patch, type(client_of(home)), "log_artifacts", call=1)
            with pytest.raises(TrackingError):
                self.show(home, sweep.folder)
        self.show(home, sweep.folder)
        assert [run.info.status for run in summaries_in(home)] == ["FINISHED"]

    def test_a_finished_summary_is_kept_until_the_sweep_is_extended(self, home: Home, make_sweep: MakeSweep) -> None:
        sweep = make_sweep()
        sweep.add_batch(0, 3)
        self.show(home, sweep.folder)
        (first,) = summaries_in(home)
        self.show(home, sweep.folder)
        (again,) = summaries_in(home)
        sweep.add_batch(3, 3)
        self.show(home, sweep.folder)
        (extended,) = summaries_in(home)
        assert first.info.run_id == again.info.run_id != extended.info.run_id

    def test_another_sweep_of_the_same_name_gets_an_experiment_of_its_own(
        self, home: Home, make_sweep: MakeSweep, tmp_path: Path
    ) -> None:
        sweep, other = make_sweep(), MadeSweep.create(Home(tmp_path / "elsewhere"), sweep_id="feedfacecafe")
        sweep.add_batch(0, 2)
        other.add_batch(0, 3)
        self.show(home, sweep.folder)
        self.show(home, other.folder)
        assert (trials_in(home), trials_in(home, "evening feedface")) == ([0, 1], [0, 1, 2])

    def test_an_experiment_deleted_in_the_pages_comes_back_when_its_sweep_goes_on(
        self, home: Home, make_sweep: MakeSweep
    ) -> None:
        sweep = make_sweep()
        sweep.add_batch(0, 2)
        self.show(home, sweep.folder)
        client = client_of(home)
        client.delete_experiment(client.get_experiment_by_name("evening").experiment_id)
        sweep.add_batch(2, 2)
        self.show(home, sweep.folder)
        assert client.get_experiment_by_name("evening").lifecycle_stage == "active"
        assert (trials_in(home), len(summaries_in(home))) == ([0, 1, 2, 3], 1)

    def test_two_hundred_trials_take_three_writes_each(
        self, home: Home, make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sweep, client = make_sweep(markets=5), type(client_of(home))
        sweep.add_batch(0, 200)
        calls = {name: count_calls(monkeypatch, client, name) for name in ("create_run", "log_batch", "set_terminated")}
        self.show(home, sweep.folder)
        assert len(trials_in(home)) == 200
        assert {name: len(made) for name, made in calls.items()} == dict.fromkeys(calls, 201)  # and the summary

    def test_a_sweep_without_a_complete_trial_still_gets_a_summary(self, home: Home, make_sweep: MakeSweep) -> None:
        sweep = make_sweep()
        sweep.add_batch(6, 1)
        assert capacity.read(sweep.folder) is None
        self.show(home, sweep.folder)
        (summary,) = summaries_in(home)
        assert "No trial is complete" in summary.data.tags["mlflow.note.content"]

    def test_a_store_that_cannot_be_written_is_told_in_one_sentence(self, tmp_path: Path) -> None:
        home = Home(tmp_path)
        home.mlflow.write_text("a file where the store's folder should be")
        sweep = MadeSweep.create(home)
        with pytest.raises(TrackingError, match=r"mlflow\.db cannot be written"):
            self.show(home, sweep.folder)

    def show(self, home: Home, folder: SweepFolder) -> None:
        tracker = self.make(home)
        try:
            tracker.start(folder)
            tracker.finish(folder)
        finally:
            tracker.close()


def fail_at(patch: pytest.MonkeyPatch, owner: type, method: str, *, call: int) -> None:
    """Make the `call`th call of a method fail before it does anything, as a full disk would."""
    original, calls = getattr(owner, method), []

    def failing(*args: Any, **named: Any) -> Any:
        calls.append(args)
        if len(calls) == call:
            raise OSError("No space left on device")
        return original(*args, **named)

    patch.setattr(owner, method, failing)


def count_calls(patch: pytest.MonkeyPatch, owner: type, method: str) -> list[Any]:
    original, calls = getattr(owner, method), []

    def counting(*args: Any, **named: Any) -> Any:
        calls.append(args)
        return original(*args, **named)

    patch.setattr(owner, method, counting)
    return calls


def killed_while_logging(home: Home, folder: SweepFolder, *, after: int) -> None:
    """Log in a process of its own and kill it once the store holds `after` trials."""
    program = (
        "import sys; from pathlib import Path; from sweeps.home import Home; from sweeps.results import SweepFolder\n"
        "from sweeps.tracking.mlflow import MlflowTracker\n"
        "home = Home(Path(sys.argv[1])); tracker = MlflowTracker(home); write = tracker._log_trial\n"
        "def told(trial): write(trial); print(trial.number, flush=True)\n"
        "tracker._log_trial = told\n"
        "tracker.start(SweepFolder.open(home, sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", program, str(home.path), folder.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == after:
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


class RecordingTracker(NullTracker):
    """Notes what it is given, waits until it may, fails when told."""

    def __init__(self, fail: bool = False) -> None:
        self.may_write, self.seen, self.fail = threading.Event(), list[int](), fail

    def log_trials(self, trials: Sequence[TrialSummary]) -> None:
        assert self.may_write.wait(timeout=30)
        if self.fail:
            raise TrackingError("the disk is full")
        self.seen += [trial.number for trial in trials]


def test_logging_returns_before_anything_is_written_and_keeps_the_order(make_sweep: MakeSweep) -> None:
    sweep, inner = make_sweep(), RecordingTracker()
    tracker = BackgroundTracker(lambda: inner)
    tracker.start(sweep.folder)
    for first in (0, 2, 4):
        tracker.log_trials(sweep.add_batch(first, 2))
    assert inner.seen == []
    inner.may_write.set()
    tracker.finish(sweep.folder)
    assert inner.seen == [0, 1, 2, 3, 4, 5]
    tracker.close()


def test_a_failure_in_the_background_reaches_the_sweep_once_and_only_at_its_end(make_sweep: MakeSweep) -> None:
    sweep, inner = make_sweep(), RecordingTracker(fail=True)
    inner.may_write.set()
    tracker = BackgroundTracker(lambda: inner)
    tracker.start(sweep.folder)
    tracker.log_trials(sweep.add_batch(0, 2))
    with pytest.raises(TrackingError, match="disk is full"):
        tracker.finish(sweep.folder)
    tracker.close()


def test_a_sweep_stopped_before_its_first_trials_does_not_wait_for_a_tracker(make_sweep: MakeSweep) -> None:
    made: list[Tracker] = []

    def make() -> Tracker:
        made.append(NullTracker())
        return made[-1]

    tracker = BackgroundTracker(make)
    tracker.start(make_sweep().folder)
    tracker.log_trials([])
    tracker.close()
    assert made == []


def test_without_mlflow_asked_for_nothing_of_it_is_imported() -> None:
    program = (
        "import sys; from pathlib import Path; from sweeps.config import Tracking; from sweeps.home import Home\n"
        "from sweeps.tracking import make_tracker; import sweeps.cli.ui\n"
        "make_tracker(Tracking(kind=None), Home(Path('.')))\n"
        "sys.exit('mlflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
