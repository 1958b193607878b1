"""A recorded trade in a world that has our orders in it.

V     : pence one aggressor took at a level of the record (half the two-sided row, a halfpenny dropped)
carry : pence the same aggressor could not find at the levels before (we had taken them)

At tick t the aggressor wants V + carry. It meets our orders at better prices, then the queue at t from the front: others ahead
of us, us, others behind. What the others lose is o, what we fill is f. The record leaves R' = R − V, the world W' = W − o, so
D' = W' − R' (= D + f where nothing is short). What it cannot find is carried on, and after the last level of its sweep rests on
the other side at its worst price.

With an appetite (models/appetite.py) some aggressors are hungry, by a draw. A hungry one that goes on to the next level clears
the one before in the world, too, and what it took of us is missing at the end (the carry is negative); and one that clears its
last level takes up to its whole sweep once more of those who stand there. What it takes of us comes out of its recorded trades
first, never more than they were; the rest was never traded in the record and is told apart (FILL_UNRECORDED).
"""

from __future__ import annotations

from simcore.dtypes import ATB, ATL, OPEN
from simcore.kernels.compiling import kernel, small_kernel
from simcore.kernels.displacement import (
    displaced_now,
    set_displaced,
    world_size,
)
from simcore.kernels.fills import fill
from simcore.kernels.queue import better, oldest_at, own_around, own_best, queue_after_trade, stands_at
from simcore.kernels.randomness import DRAW_APPETITE, uniform
from simcore.kernels.state import (
    AHEAD,
    APPETITE,
    CARRY,
    DISPLACE,
    FILL_PASSIVE,
    FILL_UNATTRIBUTED,
    FILL_UNRECORDED,
    FRONT,
    GIVEN,
    KEY_A,
    KEY_B,
    N_STANDING,
    REMAINING,
    ROW,
    STATUS_NOW,
    SWEEP_FIRST,
    SWEEP_ROW,
    SWEPT,
    TICK,
    Sim,
)


@small_kernel
def reaches_own(sim: Sim, r: int, b: int, limit: int, inclusive: bool) -> bool:
    """Whether an order of ours rests in book b at a price better than `limit` (or at it)."""
    best = own_best(sim, r, b)
    return better(b, best, limit) or (inclusive and best == limit)


@kernel
def fill_through(sim: Sim, r: int, b: int, limit: int, inclusive: bool, want: int, what: int, now: int) -> int:
    """Fill our orders that are hit before `limit` (or at it), best price then oldest first; returns pence filled."""
    left = want
    while left > 0 and reaches_own(sim, r, b, limit, inclusive):
        o = oldest_at(sim, r, b, own_best(sim, r, b))
        pence = min(left, sim.orders[o, REMAINING])
        fill(sim, o, pence, sim.orders[o, TICK], what, now)
        left -= pence
    return want - left


@kernel
def take_queue(sim: Sim, r: int, b: int, t: int, want: int, most: int, what: int, now: int) -> tuple[int, int]:
    """Take `want` pence from the front of the level's queue as far as our last order, at most `most` of it ours.

    Returns (pence of others ahead that were taken, pence of ours filled).
    """
    world = world_size(sim, r, b, t, now)
    others = 0
    ours = 0
    i = 0
    while i < sim.tally[N_STANDING] and others + ours < want and ours < most:
        o = sim.standing[i]
        i += 1
        if not stands_at(sim, o, r, b, t):
            continue
        others += min(want - others - ours, max(0, min(sim.orders[o, AHEAD], world) - others))
        pence = min(want - others - ours, sim.orders[o, REMAINING], most - ours)
        if pence <= 0:
            continue
        n = sim.tally[N_STANDING]
        fill(sim, o, pence, sim.orders[o, TICK], what, now)
        ours += pence
        i -= n - sim.tally[N_STANDING]
    return others, ours


@kernel
def take_ours(sim: Sim, r: int, b: int, t: int, want: int, most: int, what: int, now: int) -> int:
    """Fill our orders before tick t, then in its queue, as far as `want` reaches and at most `most`; returns pence filled."""
    if not reaches_own(sim, r, b, t, True):
        return 0
    through = fill_through(sim, r, b, t, False, min(want, most), what, now)
    _, ours = take_queue(sim, r, b, t, want - through, most - through, what, now)
    return through + ours


@kernel
def note_sweep(sim: Sim, pence: int, last_of_sweep: bool) -> None:
    """Count what the aggressor took in the record, level after level; its rows follow each other on the tape."""
    row = sim.market[ROW]
    if row != sim.market[SWEEP_ROW] + 1:
        sim.market[SWEPT] = sim.market[GIVEN] = 0
        sim.market[SWEEP_FIRST] = row
    sim.market[SWEEP_ROW] = -2 if last_of_sweep else row
    sim.market[SWEPT] += pence


@kernel
def hungry(sim: Sim) -> bool:
    """Whether the aggressor of this sweep would have taken more than there was."""
    share = sim.reals[APPETITE]
    if share == 0.0:
        return False
    return uniform(sim.settings[KEY_A], sim.settings[KEY_B], sim.market[SWEEP_FIRST], DRAW_APPETITE) < share


@kernel
def trade(sim: Sim, r: int, b: int, t: int, pence: int, last_of_sweep: bool, now: int) -> None:
    """A recorded aggressor takes `pence` at tick t of book b."""
    note_sweep(sim, pence, last_of_sweep)
    before = displaced_now(sim, r, b, t, now)
    world = sim.recorded[r, b, t] + before
    want = pence + sim.market[CARRY]
    clears = sim.recorded[r, b, t] == pence and hungry(sim)
    reach = max(want, 0)
    if clears and last_of_sweep:
        reach += sim.market[SWEPT]
    most = min(reach, sim.market[SWEPT] - sim.market[GIVEN])
    ours = take_ours(sim, r, b, t, reach, most, FILL_PASSIVE, now)
    sim.market[GIVEN] += ours
    if clears and last_of_sweep:
        ours += take_ours(sim, r, b, t, reach - ours, reach - ours, FILL_UNRECORDED, now)
    others = world if clears and not last_of_sweep else min(reach - ours, world)
    sim.recorded[r, b, t] -= pence
    queue_after_trade(sim, r, b, t, world, others)
    sim.market[CARRY] = 0
    if sim.settings[DISPLACE] == 0:
        return
    displaced = world - others - sim.recorded[r, b, t]
    # the second: with less of a record the rest of a level that we took a part of would be taken for emptied, and hidden
    if displaced != before or displaced != displaced_now(sim, r, b, t, now):
        set_displaced(sim, r, b, t, displaced, now)
    short = want - ours - others
    if not last_of_sweep:
        sim.market[CARRY] = short
    elif short > 0:
        other = ATL if b == ATB else ATB
        queue_after_trade(sim, r, other, t, world_size(sim, r, other, t, now), 0)
        set_displaced(sim, r, other, t, displaced_now(sim, r, other, t, now) + short, now)


@kernel
def trade_unattributed(sim: Sim, r: int, t: int, pence: int, now: int) -> None:
    """Traded at exactly t, side unknown: takes from the front once, shared across both sides; displaces nothing."""
    if sim.settings[FRONT] == 0:
        return
    left = pence
    for b in (ATB, ATL):
        world = world_size(sim, r, b, t, now)
        ahead, ours = take_queue(sim, r, b, t, left, left, FILL_UNATTRIBUTED, now)
        queue_after_trade(sim, r, b, t, world, ahead)
        left -= ahead + ours


@kernel
def place(sim: Sim, r: int, b: int, t: int, pence: int, now: int) -> None:
    """A recorded placement; one that would cross standing orders of ours meets them first, only the rest rests.

    Nothing matches while the market is suspended.
    """
    opposite = ATL if b == ATB else ATB
    met = 0
    if sim.market[STATUS_NOW] == OPEN and reaches_own(sim, r, opposite, t, True):
        met = fill_through(sim, r, opposite, t, True, pence, FILL_PASSIVE, now)
    if own_around(sim, r, b, t):
        queue_after_trade(sim, r, b, t, world_size(sim, r, b, t, now), 0)
    sim.recorded[r, b, t] += pence
    if met > 0 and sim.settings[DISPLACE] != 0:
        set_displaced(sim, r, b, t, displaced_now(sim, r, b, t, now) - met, now)
