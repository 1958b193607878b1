"""Is it real? A drift planted in synthetic greyhounds is found; without one the best earns nothing on days unseen."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from small_sweeps import Watcher

from sweeps.app.sweep import run_sweep
from sweeps.app.synth import SynthRequest, make_markets
from sweeps.home import Home
from sweeps.results import SweepFolder

CONFIG = Path(__file__).parents[2] / "configs" / "daf-greyhounds.yaml"
SEEDS = (11, 23, 37, 41, 53, 67, 71, 83, 97, 101)
"""chosen before the first run and never changed after it; sizes and drift were settled on seeds 1, 2, 3"""
MARKETS, DAYS, HELD_OUT_DAYS = 384, 24, 21
"""48 markets on 3 days to train on, 336 on 21 days held out. A market's profit varies by £0.8 and the weakest way to earn
from the drift, the mirror trade on the second favourite, makes £0.15: 48 markets held out give it 1.3 standard errors, 96
give 1.9, 336 give 3.4. With 48 and with 96 one of the ten seeds had stayed just under the bar of 2 (67 at 1.95, 83 at 1.97);
seeds, drift, training and bar were never touched"""
DRIFT_TICKS_PER_MINUTE = 3.0


def swept(folder: Path, seed: int, drift: float) -> SweepFolder:
    """The shipped DAF sweep with a slower poll, on fresh markets of this seed."""
    day = datetime.date(2025, 3, 3)
    request = SynthRequest("greyhounds", MARKETS, DAYS, seed, folder / "store", None, day, drift)
    make_markets(request, 2, lambda done, wanted: None)
    overrides = (
        f"data.store={folder / 'store'}",
        f"data.splits={{holdout_days: {HELD_OUT_DAYS}}}",
        f"search.seed={seed}",
        "simulation.poll_ms=500",
        "capacity=null",
        "tracking.kind=null",
        "ray.runner=inline",
    )
    return run_sweep(Home(folder / "home"), CONFIG, overrides, "drift", Watcher())


def held_out(folder: SweepFolder) -> tuple[float, float]:
    """Mean profit per market on the days held out and its standard error, pounds."""
    (opening,) = folder.holdout()
    return opening["metrics"]["mean_pnl_pounds"], opening["metrics"]["standard_error_pounds"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_planted_drift_is_found_on_every_seed(tmp_path: Path) -> None:
    for seed in SEEDS:
        folder = swept(tmp_path / str(seed), seed, DRIFT_TICKS_PER_MINUTE)
        best = folder.best()
        assert best is not None
        mean, error = held_out(folder)
        told = f"seed {seed}: {best.parameters}, held out {mean:.3f} ± {error:.3f}"
        # the favourite's odds drift out: lay it first and back it later, or the other way round on who takes its chances
        assert (best.parameters["direction"] == "short") == (best.parameters["favourite"] == 0), told
        assert mean > 2 * error, told


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_without_a_drift_the_best_earns_nothing_on_days_unseen(tmp_path: Path) -> None:
    honest = []
    for seed in SEEDS:
        mean, error = held_out(swept(tmp_path / str(seed), seed, 0.0))
        honest.append(mean <= 2 * error)
    assert sum(honest) >= 9, dict(zip(SEEDS, honest, strict=True))
