"""The truth of a market: win probabilities that are martingales, second by second, and the winner drawn from them.

chance   : (seconds + 1, runners) float64, each row sums to 1
wobble   : (seconds,) float64, standard deviation of the relative change of a chance in that second

    chance'ᵢ = chanceᵢ · (1 + εᵢ − Σⱼ chanceⱼ εⱼ)

with independent zero-mean bounded ε. E[chance'ᵢ | chance] = chanceᵢ and the sum stays 1: every chance is a martingale exactly,
in discrete time, whatever the ε. The winner is drawn from the last row with one more number, so E[i wins | anything known at
second s] = chanceᵢ(s): a price equal to 1/chance has no edge, and no strategy that trades at worse prices can have one.

A planted drift breaks this on purpose: from `drift_from` on the ε of one runner has the mean that moves its fair price by the
asked ticks a minute. The rows are then what the crowd believes; the winner is still drawn from the last row, which is the true
final probability, so before the off the crowd misjudges that runner by exactly the drift still to come.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from simcore.kernels.compiling import Int2, Real1, compile_kernel
from simcore.kernels.randomness import normal, uniform
from simcore.synthetic.compiling import Real2, kernel
from simcore.units import N_TICKS, ODDS

LARGEST: Final = 0.35
"""no ε is larger: 1 + ε − Σ chance ε stays positive"""
SMALLEST: Final = 1e-6
"""chances below this stop moving (their odds are off the ladder)"""
NO_DRIFT: Final = 1 << 40
"""a `drift_from` that is never reached"""


@kernel
def fair_millitick(chance: float) -> int:
    """Where 1/chance stands on the ladder, thousandths of a tick, linear between ticks, within 0 .. 349,000."""
    odds = 1.0 / max(chance, SMALLEST)
    low, high = 0, N_TICKS - 1
    if odds <= ODDS[0]:
        return 0
    if odds >= ODDS[high]:
        return high * 1000
    while high - low > 1:
        middle = (low + high) // 2
        if ODDS[middle] <= odds:
            low = middle
        else:
            high = middle
    return low * 1000 + int(1000.0 * (odds - ODDS[low]) / (ODDS[high] - ODDS[low]))


@kernel
def favourite_of(chance: Real2, s: int) -> int:
    """The runner with the largest chance at second s, the first of equals."""
    best = 0
    for r in range(chance.shape[1]):
        if chance[s, r] > chance[s, best]:
            best = r
    return best


@kernel
def drift_of(chance: float, ticks_per_minute: float) -> float:
    """Relative change of a chance in a second that moves its price by so many ticks a minute."""
    tick = min(max(fair_millitick(chance) // 1000, 1), N_TICKS - 2)
    step = (ODDS[tick + 1] - ODDS[tick - 1]) / 2.0
    return float(-ticks_per_minute / 60.0 * step * max(chance, SMALLEST))


def walk(start: Real1, wobble: Real1, key_a: int, key_b: int, drift_from: int, ticks_per_minute: float) -> Real2:
    """Chances second by second from `start`: (len(wobble) + 1, runners)."""
    chance = np.empty((len(wobble) + 1, len(start)))
    chance[0] = start
    compile_kernel(fill_chances)
    fill_chances(chance, np.empty(len(start)), wobble, key_a, key_b, drift_from, ticks_per_minute)
    return chance


@kernel
def fill_chances(
    chance: Real2, shock: Real1, wobble: Real1, key_a: int, key_b: int, drift_from: int, ticks_per_minute: float
) -> None:
    """Every row of `chance` after the first; `shock` is room for the ε of a second."""
    n = chance.shape[1]
    drifting = -1
    for s in range(wobble.shape[0]):
        if s == drift_from:
            drifting = favourite_of(chance, s)
        mean = 0.0
        for r in range(n):
            size = wobble[s] * normal(key_a, key_b, s, 4 * r)
            if r == drifting:
                size += drift_of(chance[s, r], ticks_per_minute) / max(1.0 - chance[s, r], SMALLEST)
            shock[r] = min(max(size, -LARGEST), LARGEST)
            mean += chance[s, r] * shock[r]
        for r in range(n):
            chance[s + 1, r] = chance[s, r] * (1.0 + shock[r] - mean)


@kernel
def draw_winner(chance: Real1, key_a: int, key_b: int) -> int:
    """The winner, drawn from final chances with one number of its own stream."""
    u = uniform(key_a, key_b, 0, 0)
    total = 0.0
    for r in range(chance.shape[0]):
        total += chance[r]
        if u < total:
            return r
    return int(chance.shape[0] - 1)


def fair_path(chance: Real2) -> Int2:
    """(seconds + 1, runners) int64, `fair_millitick` of every chance."""
    fair = np.empty(chance.shape, np.int64)
    compile_kernel(fill_fair)
    fill_fair(fair, chance)
    return fair


@kernel
def fill_fair(fair: Int2, chance: Real2) -> None:
    """Fill `fair` with the `fair_millitick` of every chance."""
    for s in range(chance.shape[0]):
        for r in range(chance.shape[1]):
            fair[s, r] = fair_millitick(chance[s, r])


def starting_chances(n_runners: int, spread: float, key_a: int, key_b: int) -> Real1:
    """Chances ∝ exp(spread · normal), strongest mixed at random over the runners; (n_runners,), sums to 1."""
    strength = [math.exp(spread * float(normal(key_a, key_b, 0, 2 * r))) for r in range(n_runners)]
    chance: Real1 = np.array(strength) / sum(strength)
    return chance
