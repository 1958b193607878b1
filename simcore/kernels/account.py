"""What the account stands to lose: exposure, mark-to-market.

worst outcome = Σ_r LOSE_r + sum of the k smallest (WIN_r − LOSE_r), k winners among the runners still in, with every unmatched
order of ours at its worst: a standing BACK counts its stake in LOSE, a standing LAY its liability in WIN.
"""

from __future__ import annotations

from typing import Final

from simcore.dtypes import ATB, ATL, BACK
from simcore.kernels.compiling import kernel
from simcore.kernels.displacement import best_level
from simcore.kernels.state import (
    GONE,
    LAST_TICK,
    LIMIT,
    LOSE,
    MICRO,
    N_STANDING,
    N_WINNERS,
    REMAINING,
    RUNNER,
    SHIFT,
    SIDE,
    TICK,
    TYPE,
    WIN,
    Sim,
)
from simcore.units import N_TICKS, ODDS_HUNDREDTHS

SWING: Final = 0
USED: Final = 1


@kernel
def bets_if_won(sim: Sim, with_standing: bool) -> int:
    """Put WIN − LOSE of each runner into the swing row of `scratch`; returns Σ LOSE. Micropence.

    `with_standing` adds unmatched orders at their worst.
    """
    swing = sim.scratch[SWING]
    lose = 0
    for r in range(sim.runners.shape[0]):
        swing[r] = sim.runners[r, WIN] - sim.runners[r, LOSE]
        lose += sim.runners[r, LOSE]
    if with_standing:
        for i in range(sim.tally[N_STANDING]):
            lose += add_unmatched(sim, sim.standing[i])
    return lose


@kernel
def add_unmatched(sim: Sim, o: int) -> int:
    """Put order o at its worst into the swing row; returns what it adds to Σ LOSE, micropence."""
    swing = sim.scratch[SWING]
    r = sim.orders[o, RUNNER]
    stake = sim.orders[o, REMAINING]
    if sim.orders[o, SIDE] == BACK:
        swing[r] += stake * MICRO
        return int(-stake * MICRO)
    if sim.orders[o, TYPE] != LIMIT:  # the size of an on-close LAY is its liability
        swing[r] -= stake * MICRO
        return 0
    swing[r] -= stake * (ODDS_HUNDREDTHS[sim.orders[o, TICK]] - 100) * (MICRO // 100)
    return 0


@kernel
def extreme_outcome(sim: Sim, lose: int, sign: int) -> int:
    """Worst (sign = 1) or best (sign = -1) profit over the outcomes of the swing row, micropence."""
    total = lose
    swing, used = sim.scratch[SWING], sim.scratch[USED]
    for r in range(used.shape[0]):
        used[r] = 0
    for _ in range(min(sim.market[N_WINNERS], swing.shape[0])):
        pick = -1
        for r in range(swing.shape[0]):
            open_choice = used[r] == 0 and sim.runners[r, GONE] == 0
            if open_choice and (pick < 0 or sign * swing[r] < sign * swing[pick]):
                pick = r
        if pick < 0:
            break
        used[pick] = 1
        total += swing[pick]
    return int(total)


@kernel
def exposure_with(sim: Sim, o: int) -> int:
    """Market exposure if order o stood too, micropence: what the worst outcome costs, never negative."""
    lose = bets_if_won(sim, True)
    lose += add_unmatched(sim, o)
    return max(0, -extreme_outcome(sim, lose, 1))


@kernel
def chance(sim: Sim, r: int, now: int) -> float:
    """Probability the others' touch implies: mean of both sides' 1/odds; one side alone; the last trade; -1 unknown."""
    shift = sim.runners[r, SHIFT]
    back = best_level(sim, r, ATB, now)
    lay = best_level(sim, r, ATL, now)
    has_back, has_lay = back >= 0, lay < N_TICKS
    if has_back and has_lay:
        return 50.0 / ODDS_HUNDREDTHS[back + shift] + 50.0 / ODDS_HUNDREDTHS[lay + shift]
    if has_back or has_lay:
        return 100.0 / ODDS_HUNDREDTHS[(back if has_back else lay) + shift]
    last = sim.runners[r, LAST_TICK]
    return 100.0 / ODDS_HUNDREDTHS[last] if last >= 0 else -1.0


@kernel
def mark_to_market(sim: Sim, now: int) -> int:
    """Value of the matched bets at the touch of the others, micropence; a runner without any price at its worst."""
    total = 0
    for r in range(sim.runners.shape[0]):
        win, lose = sim.runners[r, WIN], sim.runners[r, LOSE]
        if win == 0 and lose == 0:
            continue
        p = chance(sim, r, now)
        total += min(win, lose) if p < 0.0 else lose + int((win - lose) * p)
    return int(total)


@kernel
def residual(sim: Sim) -> int:
    """Best minus worst outcome of the matched bets, micropence; 0 = all square."""
    lose = bets_if_won(sim, False)
    return extreme_outcome(sim, lose, -1) - extreme_outcome(sim, lose, 1)
