"""The traders' numbers are uniform, independent of each other and of what came before."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simcore.kernels.randomness import SLOTS, exponential, keys, mix, normal, uniform


def test_numbers_of_one_stream_are_uniform() -> None:
    a, b = keys(1, "1.9", "trader", 0)
    values = [uniform(a, b, wake, slot) for wake in range(2500) for slot in range(8)]
    assert stats.kstest(values, "uniform").pvalue > 0.001


def test_numbers_of_two_traders_and_of_neighbouring_slots_are_uncorrelated() -> None:
    a, b = keys(1, "1.9", "trader", 0)
    c, d = keys(1, "1.9", "trader", 1)
    first = np.array([uniform(a, b, wake, 3) for wake in range(20000)])
    other = np.array([uniform(c, d, wake, 3) for wake in range(20000)])
    beside = np.array([uniform(a, b, wake, 4) for wake in range(20000)])
    for values in (other, beside, np.roll(first, 1)):
        assert abs(np.corrcoef(first, values)[0, 1]) < 4 / np.sqrt(20000)


def test_normal_and_exponential_numbers_have_their_distributions() -> None:
    a, b = keys("shape")
    assert stats.kstest([normal(a, b, wake, 1) for wake in range(10000)], "norm").pvalue > 0.001
    assert stats.kstest([exponential(a, b, wake, 0) for wake in range(10000)], "expon").pvalue > 0.001


@pytest.mark.lane
def test_the_mixer_is_what_it_is_in_unbounded_arithmetic() -> None:
    for word in (0, 1, 0xFFFFFFFF, 0x80000000, 123456789):
        x = word
        x = ((x ^ (x >> 16)) * 0x7FEB352D) % 2**32
        x = ((x ^ (x >> 15)) * 0x846CA68B) % 2**32
        assert mix(word) == x ^ (x >> 16)


@pytest.mark.lane
def test_every_wake_and_slot_is_another_number() -> None:
    a, b = keys("distinct")
    values = {uniform(a, b, wake, slot) for wake in range(50) for slot in range(SLOTS)}
    assert len(values) == 50 * SLOTS
