"""A sweep from YAML to tables: the same numbers however it is cut, stopped, killed or extended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from small_markets import make_store
from small_sweeps import Watcher, assert_same_tables, tables

import simcore
from sweeps.app.sweep import describe, resume_sweep
from sweeps.cli import cli
from sweeps.errors import ConfigError
from sweeps.home import Home
from sweeps.results import SweepFolder
from sweeps.runners.base import replay_seed


def test_a_trials_numbers_are_those_of_single_replays(run: Any, small_store: Path) -> None:
    folder = run("one")
    best = folder.best()
    store = simcore.TapeStore.open(small_store)
    pnl = [
        simcore.replay(
            store.tape(market), "daf", best.parameters, {"poll_ms": 2000}, seed=replay_seed(1, market)
        ).pnl_pence
        for market in folder.markets
    ]
    assert folder.market_results(best.number)["pnl_pence"].tolist() == pnl
    assert best.metrics["mean_pnl_pounds"] == pytest.approx(np.mean(pnl) / 100)
    assert best.metrics["standard_error_pounds"] == pytest.approx(np.std(pnl, ddof=1) / 100 / np.sqrt(len(pnl)))
    assert best.metrics["fills"] > 0


def test_markets_come_by_their_start_and_every_trial_has_all_of_them(run: Any, small_store: Path) -> None:
    folder = run("one")
    catalogue = simcore.TapeStore.open(small_store).markets().sort_values(["advertised_off", "market_id"])
    assert list(folder.markets) == catalogue["market_id"].tolist()
    assert list(folder.days) == catalogue["day"].tolist()
    for trial in range(12):
        assert folder.market_results(trial)["market_id"].tolist() == list(folder.markets)


@pytest.mark.parametrize("override", ["ray.shard_seconds=0.001", "ray.shard_seconds=100"])
def test_the_numbers_do_not_know_how_the_work_was_cut(run: Any, override: str) -> None:
    assert_same_tables(run("one"), run("other", override))


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_the_numbers_do_not_know_the_batch_where_the_sampler_looks_at_nothing(run: Any, sampler: str) -> None:
    one = run("one", f"search.sampler={sampler}")
    assert_same_tables(one, run("other", f"search.sampler={sampler}", "search.batch=5"))


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_stopped_sweep_goes_on_as_if_undisturbed(run: Any, home: Home, sampler: str) -> None:
    few = (f"search.sampler={sampler}", "search.startup_trials=4", "search.population=4")
    undisturbed = run("undisturbed", *few)
    with pytest.raises(KeyboardInterrupt):
        run("stopped", *few, watcher=Watcher(stop_after=1))
    assert SweepFolder.open(home, "stopped").state == "stopped"
    watcher = Watcher()
    resumed = resume_sweep(home, "stopped", [], watcher)
    assert watcher.batches == [[4, 5, 6, 7], [8, 9, 10, 11]]
    assert watcher.replays == 8 * 8
    assert resumed.state == "finished"
    assert_same_tables(undisturbed, resumed)


def test_a_sweep_killed_without_warning_ends_with_the_same_table(
    run: Any, home: Home, sweep_yaml: Path, tmp_path: Path
) -> None:
    many = ["search.trials=60", "search.batch=3"]
    undisturbed = run("killed", *many, home=Home(tmp_path / "undisturbed"))
    sets = [word for override in many for word in ("--set", override)]
    command = [sys.executable, "-c", "from sweeps.cli import main; main()", "run", str(sweep_yaml), *sets]
    process = subprocess.Popen([*command, "--name", "killed"], env={**os.environ, "FURLONG_HOME": str(home.path)})
    batches = home.sweeps / "killed" / "trials"
    while len(list(batches.glob("*.parquet"))) < 4:
        assert process.poll() is None, "the sweep ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()

    folder = SweepFolder.open(home, "killed")
    assert folder.state == "interrupted"
    done = len(folder.summaries())
    assert 12 <= done < 60
    watcher = Watcher()
    resumed = resume_sweep(home, "killed", [], watcher)
    assert watcher.begun_with == done
    assert sum(len(batch) for batch in watcher.batches) == 60 - done
    assert_same_tables(undisturbed, resumed)


def test_a_batch_torn_between_its_two_tables_is_run_again(run: Any, home: Home) -> None:
    undisturbed = run("undisturbed")
    folder = run("torn")
    (folder.path / "trials" / "000008.parquet").unlink()
    (folder.path / "markets" / "000008.parquet").write_bytes(b"half a tab")
    (folder.path / "trials" / ".000008.parquet.1.tmp").write_bytes(b"half")
    with pytest.raises(ConfigError, match="no market results of trial 9"):
        folder.market_results(9)
    assert_same_tables(undisturbed, resume_sweep(home, "torn", [], Watcher()))


def test_a_finished_sweep_is_extended_and_a_changed_one_is_refused(run: Any, home: Home) -> None:
    first = tables(run("mine"))
    watcher = Watcher()
    extended = run("mine", "search.trials=16", "ray.shard_seconds=0.01", watcher=watcher)
    assert watcher.batches == [[12, 13, 14, 15]]
    assert SweepFolder.open(home, "mine").config.search.trials == 16
    assert tables(extended).iloc[: len(first)][list(first)].equals(first)

    again = Watcher()
    run("mine", "search.trials=16", watcher=again)
    assert again.batches == []

    with pytest.raises(ConfigError, match=r"another identity.*space\.exit_s\.high.*--name"):
        run("mine", "space.exit_s.high=15")
    assert len(SweepFolder.open(home, "mine").summaries()) == 16


def test_other_markets_or_other_code_are_another_sweep(
    run: Any, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("mine")
    other = make_store(tmp_path / "other", seed=2)
    with pytest.raises(ConfigError, match="content has changed"):
        resume_sweep(home, "mine", [f"data.store={other}"], Watcher())
    monkeypatch.setattr("sweeps.plan.code_version", lambda core: "9.9+feed")
    with pytest.raises(ConfigError, match=r"begun by code .* this is 9\.9\+feed"):
        resume_sweep(home, "mine", [], Watcher())


def test_the_same_tapes_elsewhere_are_the_same_sweep(run: Any, home: Home, tmp_path: Path) -> None:
    folder = run("mine")
    moved = make_store(tmp_path / "elsewhere")
    assert resume_sweep(home, "mine", [f"data.store={moved}"], Watcher()).identity == folder.identity


def test_two_drivers_never_share_a_sweep(run: Any, home: Home) -> None:
    folder = run("mine")
    with folder.lock(), pytest.raises(ConfigError, match="being run by another process"):
        resume_sweep(home, "mine", ["search.trials=20"], Watcher())


def test_contradictory_proposals_are_trials_that_say_why_and_cost_nothing(run: Any) -> None:
    watcher = Watcher()
    folder = run("some", "space.entry_end_s.high=250", "search.trials=20", watcher=watcher)
    states = Counter(t.state for t in folder.summaries())
    assert states["invalid"] >= 2
    assert watcher.replays == states["complete"] * 8
    invalid = next(t for t in folder.summaries() if t.state == "invalid")
    assert "entry_start_s > entry_end_s" in invalid.reason
    assert invalid.sampled["entry_end_s"] >= invalid.sampled["entry_start_s"]
    assert folder.trials().set_index("trial").loc[invalid.number, "mean_pnl_pounds"] is not None
    assert np.isnan(folder.trials().set_index("trial").loc[invalid.number, "value"])
    assert describe(folder)["invalid_trials"] == states["invalid"]


def test_a_grid_ends_where_it_ends(run: Any) -> None:
    small = ["space={favourite: {kind: int, low: 0, high: 2}, exit_s: {kind: float, low: 0, high: 10, step: 10}}"]
    folder = run("grid", *small, "search.sampler=grid", "search.trials=100")
    assert [(t.sampled["favourite"], t.sampled["exit_s"]) for t in folder.summaries()] == [
        (0, 0.0), (0, 10.0), (1, 0.0), (1, 10.0), (2, 0.0), (2, 10.0)
    ]  # fmt: skip
    assert folder.state == "finished"


@pytest.mark.parametrize(
    ("kind", "metric"),
    [("mean", "mean_pnl_pounds"), ("lower_bound", "lower_bound_pounds"), ("sharpe", "sharpe_per_market")],
)
def test_each_objective_picks_the_highest_of_its_metric(run: Any, kind: str, metric: str) -> None:
    folder = run("mine", f"objective={kind}", "objective.bound=day_bootstrap", "search.sampler=random")
    trials = folder.trials()
    assert folder.best().number == trials.loc[trials[metric].idxmax(), "trial"]
    assert (trials["value"] == trials[metric]).all()


def test_several_objectives_give_a_front_that_nothing_beats(run: Any) -> None:
    goals = "objective.several=[{metric: mean_pnl_pounds}, {metric: std_pnl_pounds, direction: minimize}]"
    folder = run("front", "objective.kind=several", goals, "search.sampler=nsga2", "search.population=4")
    table = folder.trials().set_index("trial")
    for number in folder.pareto_front():
        better = (table["value_0"] >= table.loc[number, "value_0"]) & (table["value_1"] <= table.loc[number, "value_1"])
        strictly = (table["value_0"] > table.loc[number, "value_0"]) | (table["value_1"] < table.loc[number, "value_1"])
        assert not (better & strictly).any()
    assert folder.best().number in folder.pareto_front()
    assert describe(folder)["pareto_front"] == list(folder.pareto_front())


def test_a_trial_that_breaks_a_constraint_is_never_best(run: Any) -> None:
    free = run("free", "search.sampler=random").trials()
    bound = float(free["worst_market_pounds"].median())
    limit = f"objective.constraints=[{{metric: worst_market_pounds, at_least: {bound}}}]"
    folder = run("bound", "search.sampler=random", limit, "objective.direction=minimize")
    met = folder.trials().query("constraints_met")
    assert 0 < len(met) < 12
    assert folder.best().number == met.loc[met["mean_pnl_pounds"].idxmin(), "trial"]


def test_the_hold_out_is_opened_once_for_each_best_and_never_searched(run: Any, home: Home) -> None:
    watcher = Watcher()
    folder = run("mine", "data.splits={holdout_days: 1}", watcher=watcher)
    assert set(folder.days).isdisjoint({m.day for m in folder.members if m.split == "holdout"})
    assert (len(folder.markets), len(folder.holdout_markets)) == (6, 2)
    assert watcher.replays == 12 * 6 + 2
    (opening,) = folder.holdout()
    assert opening["trial"] == folder.best().number
    assert opening["metrics"]["markets"] == 2
    again = Watcher()
    assert len(resume_sweep(home, "mine", [], again).holdout()) == 1
    assert again.replays == 0
    dated = run("dated", "data.splits={holdout_from: 2022-03-04}")
    assert dated.markets == folder.markets


def test_the_command_line_runs_shows_and_lists(home: Home, sweep_yaml: Path) -> None:
    done = CliRunner().invoke(cli, ["run", str(sweep_yaml), "--name", "mine", "--set", "search.trials=4"])
    assert done.exit_code == 0, done.output
    assert "mine: 4 trials on 8 markets" in done.stderr
    assert "4/4 trials" in done.stderr
    assert "replays/s" in done.stderr
    assert "best trial" in done.stdout

    told = json.loads(CliRunner().invoke(cli, ["show", "mine", "--json"]).stdout)
    folder = SweepFolder.open(home, "mine")
    assert told["sweep_id"] == folder.identity.sweep_id
    assert told["data_manifest"] == folder.identity.data_manifest
    assert (told["state"], told["trials"]) == ("finished", 4)
    assert told["best"]["trial"] == folder.best().number
    assert told["best"]["parameters"]["entry"] == "cross"
    assert {"mean_pnl_pounds", "standard_error_pounds", "sharpe_per_market", "markets"} <= set(told["best"]["metrics"])
    assert told["best"]["metrics"]["markets"] == 8

    assert json.loads(CliRunner().invoke(cli, ["list", "--json"]).stdout) == [told]
    assert "finished" in CliRunner().invoke(cli, ["list"]).stdout
    shown = CliRunner().invoke(cli, ["show", "mine"]).stdout
    untraded = int((~folder.market_results(folder.best().number)["entry_matched"]).sum())
    assert ("nothing matched in" in shown) == (untraded > 0)


def test_a_sweep_without_a_name_is_named_after_its_file_and_identity(home: Home, sweep_yaml: Path) -> None:
    CliRunner().invoke(cli, ["run", str(sweep_yaml), "--set", "search.trials=4"])
    (folder,) = SweepFolder.list(home)
    assert folder.name == f"sweep-{folder.identity.sweep_id[:8]}"


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(
    home: Home, sweep_yaml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watcher(stop_after=2)
    monkeypatch.setattr("sweeps.cli.progress.SweepProgress.on_shard", lambda self, result: watcher.on_batch([], None))
    stopped = CliRunner().invoke(cli, ["run", str(sweep_yaml), "--name", "mine", "--set", "ray.shard_seconds=0.001"])
    assert stopped.exit_code == 130
    assert "sweeps resume mine" in stopped.stderr
    assert "Traceback" not in stopped.output
    monkeypatch.undo()
    monkeypatch.setenv("FURLONG_HOME", str(home.path))
    assert SweepFolder.open(home, "mine").state == "stopped"
    assert CliRunner().invoke(cli, ["resume", "mine"]).exit_code == 0
    assert SweepFolder.open(home, "mine").state == "finished"


def test_a_replay_that_breaks_fails_the_sweep_with_its_reason(
    run: Any, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise simcore.errors.SimulationError("the tape is odd")

    with monkeypatch.context() as patch:
        patch.setattr("sweeps.runners.base.replay_markets", broken)
        with pytest.raises(simcore.errors.SimulationError, match="the tape is odd"):
            run("mine")
    assert SweepFolder.open(home, "mine").state == "failed"
    assert describe(SweepFolder.open(home, "mine"))["reason"] == "the tape is odd"
    assert run("mine").state == "finished"
