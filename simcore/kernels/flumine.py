"""Matching by flumine's rule (simcore.models.matching has the formula): for comparison, fill for fill.

traded       : (runners, 350) float64 pounds, both sides; volume of the message no order has used up yet; 0 between messages
ahead_pounds : (capacity,) float64, ahead of each order

Floats, here alone: the framework counts in binary fractions of a pound, and which way half a penny falls decides a penny of a
fill. The same operations in the same order decide it the same way.
"""

from __future__ import annotations

import math

from simcore.dtypes import BACK, LAY
from simcore.kernels.compiling import kernel, small_kernel
from simcore.kernels.fills import fill
from simcore.kernels.queue import rests_in
from simcore.kernels.state import (
    BY_FLUMINE,
    FILL_PASSIVE,
    LIMIT,
    MATCHING,
    N_STANDING,
    REMAINING,
    RUNNER,
    SIDE,
    SIZE,
    TICK,
    TOUCHED,
    TYPE,
    Sim,
)
from simcore.units import N_TICKS


@small_kernel
def by_flumine(sim: Sim) -> bool:
    """Whether this replay matches by flumine's rule."""
    return sim.settings[MATCHING] == BY_FLUMINE


@kernel
def join_queue_flumine(sim: Sim, o: int) -> None:
    """What stands ahead of an order that rests now: what the record displays, nothing if some of it matched at once."""
    r, b, t = sim.orders[o, RUNNER], rests_in(sim.orders[o, SIDE]), sim.orders[o, TICK]
    taker = sim.orders[o, REMAINING] < sim.orders[o, SIZE]
    sim.ahead_pounds[o] = 0.0 if taker else sim.recorded[r, b, t] / 100.0


@kernel
def note_traded(sim: Sim, r: int, t: int, pence: int) -> None:
    """A recorded trade of `pence` (two-sided) waits for the end of its message."""
    if sim.runners[r, TOUCHED] != 0:
        sim.traded[r, t] = round(sim.traded[r, t] * 100.0 + pence) / 100.0


@kernel
def match_flumine(sim: Sim, now: int) -> None:
    """The message is over: its trades fill our orders, and what they leave is forgotten."""
    for r in range(sim.recorded.shape[0]):
        if sim.runners[r, TOUCHED] == 0:
            continue
        for side in (LAY, BACK):
            o = next_in_turn(sim, r, side, -1)
            while o >= 0:
                following = next_in_turn(sim, r, side, o)
                use_traded(sim, o, now)
                o = following
    for r in range(sim.traded.shape[0]):
        for t in range(N_TICKS):
            sim.traded[r, t] = 0.0


@kernel
def comes_before(sim: Sim, o: int, other: int) -> bool:
    """Of one runner and side: the lay at the higher price, the back at the lower one, the older of equals."""
    key, key_other = sim.orders[o, SIDE] * sim.orders[o, TICK], sim.orders[other, SIDE] * sim.orders[other, TICK]
    return key < key_other or (key == key_other and o < other)


@kernel
def next_in_turn(sim: Sim, r: int, side: int, after: int) -> int:
    """The standing order of runner and side whose turn follows `after` (-1: the first turn), -1 if none is left."""
    found = -1
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if sim.orders[o, RUNNER] != r or sim.orders[o, SIDE] != side or sim.orders[o, TYPE] != LIMIT:
            continue
        if after >= 0 and not comes_before(sim, after, o):
            continue
        if found < 0 or comes_before(sim, o, found):
            found = o
    return found


@kernel
def use_traded(sim: Sim, o: int, now: int) -> None:
    """Order o looks at every trade at its price or through it, cheapest price first."""
    r, tick = sim.orders[o, RUNNER], sim.orders[o, TICK]
    first, last = (tick, N_TICKS) if sim.orders[o, SIDE] == BACK else (0, tick + 1)
    for t in range(first, last):
        traded, ahead = sim.traded[r, t], sim.ahead_pounds[o]
        if traded == 0.0:
            continue
        half = traded / 2.0
        if ahead - half >= 0.0:
            sim.ahead_pounds[o] = ahead - half
            sim.traded[r, t] = 0.0
            continue
        pence = nearest_penny(min(sim.orders[o, REMAINING] / 100.0, half - ahead))
        used = (ahead + pence / 100.0) * 2.0
        sim.ahead_pounds[o] = 0.0
        sim.traded[r, t] = max(traded - used, 0.0)
        if pence > 0:
            fill(sim, o, pence, tick, FILL_PASSIVE, now)
        if sim.orders[o, REMAINING] == 0:
            return


@kernel
def nearest_penny(pounds: float) -> int:
    """Whole pence nearest to a binary fraction of pounds as it is stored, halves to even: `round(pounds, 2)`, exactly."""
    pence = int(pounds * 100.0 + 0.5)
    if beyond_half(pounds, 2 * pence - 1) < 0 or (pence % 2 != 0 and beyond_half(pounds, 2 * pence - 1) == 0):
        return pence - 1
    if beyond_half(pounds, 2 * pence + 1) > 0 or (pence % 2 != 0 and beyond_half(pounds, 2 * pence + 1) == 0):
        return pence + 1
    return pence


@kernel
def beyond_half(pounds: float, halfpence: int) -> int:
    """Sign of pounds − halfpence / 200, without rounding: pounds = mantissa · 2^exponent, both sides as integers."""
    mantissa, exponent = math.frexp(pounds)
    whole = int(math.ldexp(mantissa, 53))  # pounds = whole · 2^(exponent − 53)
    if 53 - exponent > 61:  # under a quarter of a penny
        return 1 if halfpence <= 0 and pounds > 0.0 else -1
    difference = 200 * whole - halfpence * (1 << (53 - exponent))
    return int(difference > 0) - int(difference < 0)
