"""The intervals beside averages: against scipy's, and against what happens when samples are drawn again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simcore.statistics import bootstrap_interval, ratio_interval, student_interval


def test_the_students_interval_is_scipys() -> None:
    values = np.random.default_rng(1).normal(2.0, 3.0, 17)
    mean, half = student_interval(values, 0.9)
    low, high = stats.t.interval(0.9, 16, loc=values.mean(), scale=stats.sem(values))
    assert (mean - half, mean + half) == pytest.approx((low, high))


def test_one_value_has_no_width_and_none_has_no_mean() -> None:
    mean, half = student_interval(np.array([4.0]))
    assert mean == 4.0
    assert math.isnan(half)
    assert math.isnan(student_interval(np.array([]))[0])
    assert math.isnan(ratio_interval(np.array([0.0]), np.array([0.0]))[0])


def test_a_ratio_of_equal_clusters_has_the_interval_of_their_means() -> None:
    values = np.random.default_rng(2).normal(0.1, 1.0, 40)
    assert ratio_interval(values * 5, np.full(40, 5.0)) == pytest.approx(student_interval(values))


def test_a_ratio_interval_covers_the_truth_where_messages_of_a_market_move_together() -> None:
    draw = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        counts = draw.integers(20, 200, 30).astype(float)
        totals = counts * (0.1 + draw.normal(0, 0.3, 30))
        ratio, half = ratio_interval(totals, counts)
        covered += abs(ratio - 0.1) < half
    assert 0.90 < covered / 400 < 0.98


def test_the_bootstrap_of_single_markets_is_scipys() -> None:
    values = np.random.default_rng(4).exponential(1.0, 60)
    low, high = bootstrap_interval(values, range(60), resamples=9000)
    other = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(5)).confidence_interval
    assert (low, high) == pytest.approx((other.low, other.high), abs=0.02)


def test_markets_of_a_day_that_move_together_widen_the_bootstrap() -> None:
    draw = np.random.default_rng(6)
    days = np.repeat(np.arange(20), 10)
    values = np.repeat(draw.normal(0, 1.0, 20), 10) + draw.normal(0, 0.1, 200)
    alone, together = bootstrap_interval(values, range(200)), bootstrap_interval(values, days.tolist())
    assert together[1] - together[0] > 2.5 * (alone[1] - alone[0])
