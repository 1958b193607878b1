"""An export says of its sweep what the sweep's own tables say."""

from __future__ import annotations

import hashlib
import math
import statistics
from pathlib import Path

import pytest

from simcore.strategies import resolve_core
from sweeps.errors import ConfigError, ExportError
from sweeps.export import Export, load
from sweeps.export.build import build
from sweeps.export.files import write
from sweeps.home import Home
from sweeps.results import SweepFolder
from sweeps.runners.base import replay_seed
from tests.export.conftest import MEMBERS, open_holdout


def test_the_best_trial_is_exported_with_every_parameter_and_its_unit(folder: SweepFolder, export: Export) -> None:
    best = folder.best()
    assert best is not None
    assert export.provenance.trial == best.number
    assert set(export.strategy.parameters) == set(resolve_core("daf").parameters.__struct_fields__)
    assert export.strategy.parameters["exit_s"] == 10.0 + best.number
    assert export.strategy.units["exit_s"] == "seconds"
    assert export.strategy.units["stake_pounds"] == "pounds"
    assert export.strategy.units["max_spread_ticks"] == "ticks"
    assert export.strategy.units["direction"] == "choice"
    assert export.strategy.units["favourite"] == "number"


def test_another_trial_is_exported_when_it_is_named(folder: SweepFolder, export: Export) -> None:
    other = 1 - export.provenance.trial
    assert build(folder, other).strategy.parameters["exit_s"] == 10.0 + other


def test_the_promise_is_the_distribution_of_the_profits_per_market(folder: SweepFolder, export: Export) -> None:
    pence = [int(p) for p in folder.market_results(export.provenance.trial)["pnl_pence"]]
    promise = export.expected.searched
    assert promise.total_pnl_pence == sum(pence)
    assert promise.markets == len(pence) == 8
    assert promise.mean_pnl_pounds == pytest.approx(statistics.fmean(pence) / 100)
    assert promise.std_pnl_pounds == pytest.approx(statistics.stdev(pence) / 100)
    assert promise.standard_error_pounds == pytest.approx(statistics.stdev(pence) / 100 / math.sqrt(8))
    assert promise.p50_pounds == pytest.approx(statistics.median(pence) / 100)
    assert promise.worst_market_pounds == min(pence) / 100
    assert [m.pnl_pence for m in export.markets if m.split == "train"] == pence


def test_a_closed_holdout_promises_nothing(export: Export) -> None:
    assert export.expected.holdout is None
    assert [m.pnl_pence for m in export.markets if m.split == "holdout"] == [None] * 4


def test_a_holdout_opened_for_this_trial_is_part_of_the_promise(folder: SweepFolder, export: Export) -> None:
    pence = open_holdout(folder, export.provenance.trial)["pnl_pence"].to_pylist()
    again = build(folder)
    assert again.expected.holdout is not None
    assert again.expected.holdout.total_pnl_pence == sum(pence)
    assert [m.pnl_pence for m in again.markets if m.split == "holdout"] == pence
    assert again.expected.searched == export.expected.searched


def test_a_holdout_opened_for_another_trial_promises_nothing(folder: SweepFolder, export: Export) -> None:
    open_holdout(folder, 1 - export.provenance.trial)
    assert build(folder) == export


def test_times_are_seconds_before_the_advertised_start(export: Export) -> None:
    parameters = export.strategy.parameters
    assert export.timing.pick_seconds == parameters["pick_s"]
    assert export.timing.first_seconds == parameters["entry_start_s"]
    assert set(export.timing.parameters) == {"pick_s", "entry_start_s", "entry_end_s", "exit_s"}


def test_limits_carry_stakes_funds_and_the_dated_minimum_stake(folder: SweepFolder, export: Export) -> None:
    rows = folder.market_results(export.provenance.trial)
    assert export.limits.stakes["stake_pounds"] == export.strategy.parameters["stake_pounds"]
    assert export.limits.largest_liability_pounds == rows["largest_liability_pence"].max() / 100
    published = {str(row.date_from): (row.stake_pounds, row.payout_pounds) for row in export.limits.minimum_stake}
    assert published["2022-02-07"] == (1.0, 10.0)
    assert (2.0, 10.0) in published.values()


def test_provenance_names_sweep_data_code_and_days(folder: SweepFolder, export: Export) -> None:
    said = export.provenance
    assert (said.sweep, said.trials, said.seed) == ("greys", 3, 7)
    assert (said.sweep_id, said.config_hash) == (folder.identity.sweep_id, folder.identity.config_hash)
    assert (said.data_manifest, said.code_version) == ("0123456789abcdef", "abcdef")
    assert (str(said.first_day), str(said.last_day)) == ("2024-03-01", "2024-03-03")
    assert [m.market_id for m in export.markets] == [m.market_id for m in MEMBERS]


def test_the_seed_of_a_market_is_made_as_the_export_documents_it(export: Export) -> None:
    seed, market_id = export.provenance.seed, export.markets[0].market_id
    first_bytes = hashlib.sha256(f"{seed}/{market_id}".encode()).digest()[:8]
    assert replay_seed(seed, market_id) == int.from_bytes(first_bytes, "big") >> 1


def test_one_sweep_gives_the_same_bytes_from_any_folder(folder: SweepFolder, home: Home, tmp_path: Path) -> None:
    moved = Home(tmp_path / "elsewhere")
    moved.path.mkdir()
    write(build(folder), tmp_path / "first.json")
    home.sweeps.rename(moved.sweeps)
    write(build(SweepFolder.open(moved, "greys")), tmp_path / "second.json")
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()


def test_what_is_read_back_is_what_was_written(exported: Path, export: Export) -> None:
    assert load(exported) == export


def test_a_trial_that_was_not_run_or_is_invalid_is_refused(folder: SweepFolder) -> None:
    with pytest.raises(ExportError, match="sweep 'greys' has no trial 99"):
        build(folder, 99)
    with pytest.raises(ExportError, match="trial 2 of sweep 'greys' is invalid"):
        build(folder, 2)


def test_an_unknown_sweep_is_refused(home: Home) -> None:
    with pytest.raises(ConfigError, match="sweep 'nobody' is not in"):
        SweepFolder.open(home, "nobody")
