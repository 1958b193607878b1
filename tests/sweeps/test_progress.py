"""What a person sees while a sweep runs: something real from the first shard on."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
from rich.console import Console

from sweeps.cli.progress import SweepProgress
from sweeps.config import parse_config
from sweeps.home import Home
from sweeps.results import BestTrial, Identity, SweepFolder, SweepMarket, TrialSummary
from sweeps.runners.base import ShardResult

YAML = "{strategy: {core: daf}, space: {favourite: {kind: int, low: 0, high: 2}}, search: {trials: 4, batch: 2}}"


@pytest.fixture
def folder(home: Home) -> SweepFolder:
    members = tuple(SweepMarket(f"1.{i}", "2024-03-01") for i in range(10))
    return SweepFolder.create(home, "mine", parse_config(YAML, "made"), Identity("id", "c", "d", "v"), members)


def shard(pence_by_trial: dict[int, list[int]]) -> ShardResult:
    """A shard in which each trial made so much on each market."""
    rows = [(trial, pence) for trial, values in pence_by_trial.items() for pence in values]
    table = pa.table({"trial": [row[0] for row in rows], "pnl_pence": [row[1] for row in rows]})
    return ShardResult(table, len(rows), 0.5, 0.4)


def finished(*numbers: int) -> list[TrialSummary]:
    return [TrialSummary(number, "complete", {}, {}) for number in numbers]


BEST = BestTrial(1, {}, {"mean_pnl_pounds": 0.25, "standard_error_pounds": 0.1})


def test_who_is_ahead_is_told_with_the_first_shard_and_the_best_with_the_first_batch(folder: SweepFolder) -> None:
    said = io.StringIO()
    with SweepProgress(Console(file=said, width=60)) as progress:
        progress.on_start(folder, [])
        progress.on_shard(shard({0: [100, -40, 30], 1: [200, -20, 30]}))
        progress.on_shard(shard({0: [500], 1: [0]}))
        progress.on_batch(finished(0, 1), BEST)
        progress.on_shard(shard({2: [1000], 3: [1000]}))
        progress.on_batch(finished(2, 3), BEST)
    begun, ahead, first, last = said.getvalue().splitlines()
    assert begun == "mine: 4 trials on 10 markets"
    assert ahead.startswith("0/4 trials, ")
    assert "ahead after 3 of 10 markets: £+0.700 (trial 1), " in ahead
    assert first.startswith("2/4 trials, ")
    assert "best £+0.250 ± 0.100 (trial 1), " in first
    assert last.startswith("4/4 trials, ")


def test_a_resumed_sweep_goes_on_from_the_best_it_has(folder: SweepFolder) -> None:
    said = io.StringIO()
    metrics = {"mean_pnl_pounds": 0.5, "standard_error_pounds": 0.2}
    with SweepProgress(Console(file=said, width=200)) as progress:
        progress.on_start(folder, [TrialSummary(0, "complete", {}, {}, (0.5,), metrics)])
        progress.on_shard(shard({1: [100]}))
    begun, first = said.getvalue().splitlines()
    assert begun.endswith("; 1 trials are there already")
    assert "best £+0.500 ± 0.200 (trial 0)" in first
