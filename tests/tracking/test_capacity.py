"""The capacity curve against curves one can compute by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from made_sweeps import MadeSweep, market_row

from simcore.errors import ModelError
from simcore.models.simulation import Simulation
from simcore.strategies.base import Core, Parameters
from sweeps import capacity
from sweeps.capacity import CapacityCurve
from sweeps.home import Home

Profit = Callable[[float, int], float]
"""stake (£), place of the market → its profit, pence"""


class Sized(Parameters, frozen=True):
    """A configuration with a stake and a limit that grows with it."""

    stake_pounds: float = 5.0
    limit_pounds: float = 0.0
    entry_start_s: int = 60
    exit_s: float = 5.0
    side: str = "long"

    def __post_init__(self) -> None:
        if self.stake_pounds > 80:
            raise ModelError(f"`stake_pounds` must be at most 80, got {self.stake_pounds:g}")


CORE = Core(name="sized", function=lambda: None, parameters=Sized, scale=("stake_pounds", "limit_pounds"))


class Replays:
    """Evaluates by a formula, and remembers what it was asked."""

    def __init__(self, markets: Sequence[str], profit: Profit) -> None:
        self.markets, self.profit = markets, profit
        self.asked: list[tuple[Mapping[str, Any], Simulation]] = []

    def __call__(self, parameters: Sequence[Mapping[str, Any]], simulation: Simulation) -> pa.Table:
        rows = []
        for place, given in enumerate(parameters):
            self.asked.append((given, simulation))
            for m, market_id in enumerate(self.markets):
                rows.append({"trial": place, **market_row(market_id, round(self.profit(given["stake_pounds"], m)))})
        return pa.Table.from_pylist(rows).take(pa.array(np.random.default_rng(0).permutation(len(rows))))


def curve_of(profit: Profit, stakes: Sequence[float], markets: int = 50) -> CapacityCurve:
    rows = [
        {"stake": stake, **market_row(f"1.{m}", round(profit(stake, m)))} for stake in stakes for m in range(markets)
    ]
    return CapacityCurve(0, "stake_pounds", {}, pd.DataFrame(rows))


@pytest.fixture
def sweep(tmp_path: Any) -> MadeSweep:
    made = MadeSweep.create(Home(tmp_path), config=CONFIG)
    made.add_batch(0, 4)
    return made


CONFIG = """
strategy: {core: daf, parameters: {stake_pounds: 5.0}}
space: {entry_start_s: {kind: int, low: 30, high: 300, step: 10}}
simulation: {displacement: false}
capacity: {stakes: [20, 5, 10, 40]}
"""


def test_mean_and_standard_error_are_those_of_the_profits_per_market() -> None:
    curve = curve_of(lambda stake, m: stake * (m % 7 - 2), (2.0, 10.0))
    pounds = np.array([10.0 * (m % 7 - 2) for m in range(50)]) / 100
    point = curve.points.iloc[1]
    assert point["mean_pnl_pounds"] == pytest.approx(pounds.mean())
    assert point["standard_error_pounds"] == pytest.approx(pounds.std(ddof=1) / np.sqrt(50))
    assert point["total_pnl_pounds"] == pytest.approx(pounds.sum())
    assert point["markets"] == 50


def test_where_impact_bends_the_curve_the_turn_is_found_and_said() -> None:
    # 6s − 0.06s² pence a market: the top is at 50; the luck of a market is the same at every stake, so it pairs away
    curve = curve_of(lambda stake, m: 6 * stake - 0.06 * stake**2 + 500 * (-1) ** m, (5.0, 10.0, 20.0, 50.0, 100.0))
    assert (curve.peak, curve.last_useful, curve.turned) == (50.0, 50.0, True)
    assert "Beyond stake_pounds = 50 another pound earns nothing" in curve.sentence()


def test_a_gain_lost_in_the_markets_luck_does_not_count_as_useful() -> None:
    # from 10 to 20 the mean rises by 2p and wavers by 40p a market: 5.7p over 50 markets; from 5 to 10 it rises by 30p
    pence = {5.0: lambda m: 30, 10.0: lambda m: 60, 20.0: lambda m: 62 + 40 * (-1) ** m}
    curve = curve_of(lambda stake, m: pence[stake](m), (5.0, 10.0, 20.0))
    assert (curve.peak, curve.last_useful) == (20.0, 10.0)


def test_a_curve_still_rising_at_the_last_stake_says_so() -> None:
    curve = curve_of(lambda stake, m: 3 * stake, (5.0, 10.0))
    assert (curve.peak, curve.turned) == (10.0, False)
    assert "try larger `capacity.stakes`" in curve.sentence()


def test_where_nothing_earns_no_stake_is_named() -> None:
    curve = curve_of(lambda stake, m: -stake, (5.0, 10.0))
    assert (curve.peak, curve.last_useful) == (None, None)
    assert curve.sentence().startswith("No stake earns")


def test_one_market_has_a_curve_without_error() -> None:
    curve = curve_of(lambda stake, m: stake, (5.0, 10.0), markets=1)
    assert curve.points["standard_error_pounds"].tolist() == [0.0, 0.0]
    assert curve.last_useful == 10.0


def test_the_best_configuration_is_replayed_at_every_stake_with_displacement_on(sweep: MadeSweep) -> None:
    replays = Replays(sweep.folder.markets, lambda stake, m: stake * 2 + m)
    curve = capacity.measure(sweep.folder, CORE, replays)
    assert curve is not None
    assert curve.points["stake"].tolist() == [5.0, 10.0, 20.0, 40.0]
    best = sweep.folder.best()
    assert best is not None
    assert curve.trial == best.number
    for given, simulation in replays.asked:
        assert simulation.displacement
        assert {**given, "stake_pounds": best.parameters["stake_pounds"]} == best.parameters
    expected = [np.mean([2 * stake + m for m in range(40)]) / 100 for stake in (5, 10, 20, 40)]
    assert curve.points["mean_pnl_pounds"].tolist() == pytest.approx(expected)


def test_a_resumed_sweep_reads_the_curve_it_has_and_measures_again_only_for_another_best(sweep: MadeSweep) -> None:
    replays = Replays(sweep.folder.markets, lambda stake, m: stake)
    first = capacity.measure(sweep.folder, CORE, replays)
    again = capacity.measure(sweep.folder, CORE, replays)
    assert first is not None
    assert again is not None
    assert len(replays.asked) == 4
    pd.testing.assert_frame_equal(first.points, again.points)
    sweep.add_batch(4, 30)  # trial 26 is better
    third = capacity.measure(sweep.folder, CORE, replays)
    assert third is not None
    assert (first.trial, third.trial, len(replays.asked)) == (3, 26, 8)


def test_limits_in_pounds_grow_with_the_stake_and_unused_ones_stay(sweep: MadeSweep) -> None:
    grown = capacity.scaled(CORE, {"stake_pounds": 5.0, "limit_pounds": 20.0, "exit_s": 3.0}, "stake_pounds", 10.0)
    assert grown == {"stake_pounds": 10.0, "limit_pounds": 40.0, "exit_s": 3.0}
    unused = {"stake_pounds": 0.0, "limit_pounds": 20.0}
    assert capacity.stake_parameter(CORE, unused) == "limit_pounds"
    assert capacity.scaled(CORE, unused, "limit_pounds", 10.0) == {"stake_pounds": 0.0, "limit_pounds": 10.0}


def test_a_stake_the_core_refuses_is_left_out_and_kept_with_its_reason(tmp_path: Any) -> None:
    config = CONFIG.replace("[20, 5, 10, 40]", "[20, 100]")
    made = MadeSweep.create(Home(tmp_path), config=config)
    made.add_batch(0, 2)
    replays = Replays(made.folder.markets, lambda stake, m: stake)
    for _ in range(2):
        curve = capacity.measure(made.folder, CORE, replays)
        assert curve is not None
        assert curve.points["stake"].tolist() == [20.0]
        assert "must be at most 80" in curve.refused["100"]
    assert len(replays.asked) == 1


def test_where_the_core_refuses_every_stake_the_sentence_says_why(tmp_path: Any) -> None:
    made = MadeSweep.create(Home(tmp_path), config=CONFIG.replace("[20, 5, 10, 40]", "[100, 200]"))
    made.add_batch(0, 2)
    curve = capacity.measure(made.folder, CORE, Replays(made.folder.markets, lambda stake, m: stake))
    assert curve is not None
    assert curve.peak is None
    assert "refuses every stake" in curve.sentence()


@pytest.mark.parametrize("section", ["null", "{stakes: []}"])
def test_no_stakes_asked_for_is_no_curve(tmp_path: Any, section: str) -> None:
    config = CONFIG.replace("{stakes: [20, 5, 10, 40]}", section)
    made = MadeSweep.create(Home(tmp_path), config=config)
    made.add_batch(0, 2)
    assert capacity.measure(made.folder, CORE, Replays(made.folder.markets, lambda stake, m: stake)) is None
    assert capacity.read(made.folder) is None
