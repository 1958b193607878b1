"""The starting price: on-close orders match when it is published.

A BACK matches its stake; a LAY the stake its liability pays, liability / (BSP − 1), rounded down. A limit order that goes to
the close takes any price, its LAY with the liability it had; under the minimum for that it lapses.
"""

from __future__ import annotations

from simcore.dtypes import BACK
from simcore.kernels.compiling import kernel
from simcore.kernels.fills import end_order, fill_at_close
from simcore.kernels.state import (
    LAPSED,
    LIMIT,
    LIMIT_ON_CLOSE,
    MINIMUM_LIABILITY,
    MINIMUM_PENCE,
    N_STANDING,
    PERSIST,
    RECONCILED_NOW,
    REMAINING,
    RUNNER,
    SIDE,
    TICK,
    TO_CLOSE,
    TYPE,
    Sim,
)
from simcore.units import ODDS_HUNDREDTHS


@kernel
def goes_to_close(sim: Sim, o: int) -> bool:
    """Whether order o wants the starting price."""
    return sim.orders[o, TYPE] != LIMIT or sim.orders[o, PERSIST] == TO_CLOSE


@kernel
def under_minimum_for_close(sim: Sim, side: int, pence: int) -> bool:
    """Whether a stake (BACK) or liability (LAY) is too small for the starting price."""
    return pence < sim.settings[MINIMUM_PENCE if side == BACK else MINIMUM_LIABILITY]


@kernel
def close_stake(sim: Sim, o: int, odds_hundredths: int) -> int:
    """What order o matches at the starting price, pence; 0 = nothing."""
    side, pence, tick = sim.orders[o, SIDE], sim.orders[o, REMAINING], sim.orders[o, TICK]
    if odds_hundredths <= 100:
        return 0
    if sim.orders[o, TYPE] == LIMIT_ON_CLOSE and side * (odds_hundredths - ODDS_HUNDREDTHS[tick]) < 0:
        return 0
    if side == BACK:
        too_small = sim.orders[o, TYPE] == LIMIT and under_minimum_for_close(sim, side, pence)
        return int(0 if too_small else pence)
    liability = pence * 100  # hundredths of a penny
    if sim.orders[o, TYPE] == LIMIT:
        liability = pence * (ODDS_HUNDREDTHS[tick] - 100)
        if under_minimum_for_close(sim, side, liability // 100):
            return 0
    return int(liability // (odds_hundredths - 100))


@kernel
def match_at_close(sim: Sim, r: int, odds_hundredths: int, now: int) -> None:
    """The starting price of runner r is out."""
    sim.market[RECONCILED_NOW] = 1
    i = 0
    while i < sim.tally[N_STANDING]:
        o = sim.standing[i]
        if sim.orders[o, RUNNER] != r or not goes_to_close(sim, o):
            i += 1
            continue
        stake = close_stake(sim, o, odds_hundredths)
        before = sim.tally[N_STANDING]
        if stake > 0:
            fill_at_close(sim, o, stake, odds_hundredths, now)
        else:
            end_order(sim, o, LAPSED, 0, now)
        if sim.tally[N_STANDING] == before:
            return  # the log is full: the engine starts again with more room


@kernel
def lapse_unclosed(sim: Sim, now: int) -> None:
    """The market turned in-play or closed: what still waits for a starting price lapses."""
    for i in range(sim.tally[N_STANDING] - 1, -1, -1):
        o = sim.standing[i]
        if goes_to_close(sim, o):
            end_order(sim, o, LAPSED, 0, now)
