"""Known answers for the numbers a trial is judged by."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simcore.errors import ModelError
from simcore.statistics import day_bootstrap_bound, distribution, student_bound
from sweeps.objective import Constraint, Goal, Objective
from sweeps.results import TrialSummary


def trial(number: int, *values: float) -> TrialSummary:
    return TrialSummary(number=number, state="complete", sampled={}, parameters={}, values=values)


def test_the_summary_of_1_2_3_4_is_what_a_textbook_says() -> None:
    told = distribution(np.array([1.0, 2.0, 3.0, 4.0]))
    assert told["mean_pnl_pounds"] == 2.5
    assert told["std_pnl_pounds"] == pytest.approx(math.sqrt(5 / 3))
    assert told["standard_error_pounds"] == pytest.approx(math.sqrt(5 / 3) / 2)
    assert told["sharpe_per_market"] == pytest.approx(2.5 / math.sqrt(5 / 3))
    assert told["p25_pounds"] == 1.75  # R, quantile(1:4, .25, type = 7)
    assert told["p50_pounds"] == 2.5
    assert told["p90_pounds"] == pytest.approx(3.7)
    assert (told["worst_market_pounds"], told["best_market_pounds"], told["markets"]) == (1.0, 4.0, 4)


def test_profits_that_never_vary_have_no_sharpe_and_no_error() -> None:
    told = distribution(np.array([0.1, 0.1, 0.1]))
    assert told["std_pnl_pounds"] == told["standard_error_pounds"] == told["sharpe_per_market"] == 0.0


def test_a_distribution_of_nothing_is_refused() -> None:
    with pytest.raises(ModelError, match="at least one market"):
        distribution(np.array([]))


def test_the_students_bound_is_the_published_t_quantile_away() -> None:
    # t(0.95, 9) = 1.833 in every printed table; numbers 1 … 10 have sd 3.02765
    pnl = np.arange(1.0, 11.0)
    assert student_bound(pnl, 0.95) == pytest.approx(5.5 - 1.8331 * 3.02765 / math.sqrt(10), abs=1e-4)
    assert student_bound(pnl, 0.99) < student_bound(pnl, 0.95)


def test_one_market_alone_promises_nothing() -> None:
    assert student_bound(np.array([7.0]), 0.95) == 0.0
    assert student_bound(np.array([-7.0]), 0.95) == -7.0


def test_the_day_bootstrap_agrees_with_the_normal_bound_where_days_are_single_markets() -> None:
    pnl = np.random.default_rng(3).normal(1.0, 2.0, 400)
    bound = day_bootstrap_bound(pnl, [str(i) for i in range(400)], 0.95, resamples=4000, seed=1)
    assert bound == pytest.approx(pnl.mean() - 1.645 * pnl.std(ddof=1) / 20, abs=0.02)


def test_markets_that_share_their_days_luck_make_the_day_bootstrap_wider_than_students() -> None:
    days = np.repeat(np.arange(20), 20)
    luck = np.random.default_rng(4).normal(0.0, 1.0, 20)[days]
    assert day_bootstrap_bound(luck, days.tolist(), 0.95, seed=1) < student_bound(luck, 0.95) - 0.2


def test_the_day_bootstrap_weighs_markets_not_days() -> None:
    # one day of a single market at 10, one of nine at 0: whatever is drawn, the mean of a resample is 0, 1 or 10
    bound = day_bootstrap_bound(np.array([10.0] + [0.0] * 9), ["a"] + ["b"] * 9, 0.6, resamples=1000, seed=0)
    assert bound == 1.0


def test_the_best_of_several_objectives_is_on_the_front_and_first_by_the_first() -> None:
    goals = (Goal(metric="mean_pnl_pounds"), Goal(metric="std_pnl_pounds", direction="minimize"))
    several = Objective(kind="several", several=goals)
    trials = [trial(0, 1.0, 5.0), trial(1, 2.0, 9.0), trial(2, 0.5, 6.0), trial(3, 2.0, 8.0)]
    assert [t.number for t in several.pareto(trials)] == [0, 3]
    assert several.best(trials).number == 3


def test_of_equal_trials_the_earliest_is_best() -> None:
    assert Objective().best([trial(4, 1.0), trial(5, 2.0), trial(6, 2.0)]).number == 5
    assert Objective(direction="minimize").best([trial(4, 1.0), trial(5, 2.0)]).number == 4


def test_a_constraint_tells_by_how_much_it_is_broken() -> None:
    band = Constraint(metric="fills", at_least=10, at_most=20)
    assert band.excess({"fills": 7.0}) == 3.0
    assert band.excess({"fills": 25.0}) == 5.0
    assert band.excess({"fills": 15.0}) <= 0.0
