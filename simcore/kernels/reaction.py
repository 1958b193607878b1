"""The others' prices follow our signed flow (models/reaction.py).

x     : ticks the others have been moved by, `sim.flow` at FLOW_STAMP_MS; decays by half every REACTION_MS
shift : x rounded toward 0; what the record does at tick k happens at k + shift

The shift changes before a message and before and after a request of ours, never by looking. Within one sweep of ours, and
where the others moved onto an order of ours and meet it, it follows penny by penny (`until_shift`), so that no flow is traded
at prices it has already moved. That is what makes a round trip cost: models/reaction.py has the argument.
"""

from __future__ import annotations

from simcore.dtypes import ATB, ATL, OPEN
from simcore.kernels.compiling import kernel, small_kernel
from simcore.kernels.displacement import best_level, displaced_now, hold, net_crossed, set_displaced, world_size
from simcore.kernels.fills import fill
from simcore.kernels.flow import flow_now, moved
from simcore.kernels.queue import best_standing, better, note_own, rests_in
from simcore.kernels.state import (
    AHEAD,
    FILL_PASSIVE,
    LEVEL,
    LIMIT,
    N_STANDING,
    REMAINING,
    RUNNER,
    SEVERITY,
    SHIFT,
    SIDE,
    STATUS_NOW,
    TICK,
    TYPE,
    Sim,
)
from simcore.units import N_TICKS, ODDS_HUNDREDTHS


@kernel
def until_shift(sim: Sim, x: float, shift: int, side: int, odds_hundredths: int, most: int) -> int:
    """The smallest stake (pence) whose fill leaves a shift other than `shift`, or `most` if that is not enough."""
    if int(moved(sim, x, side, most, odds_hundredths)) == shift:
        return most
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if int(moved(sim, x, side, middle, odds_hundredths)) == shift:
            low = middle
        else:
            high = middle
    return high


@small_kernel
def shift_all(sim: Sim, now: int) -> None:
    """Where the others react, work the shift of every runner out again."""
    if sim.reals[SEVERITY] != 0.0:
        shift_each(sim, now)


@kernel
def shift_each(sim: Sim, now: int) -> None:
    """Work the shift of every runner out again, until it stands: who meets us on the way moves the others too."""
    for r in range(sim.flow.shape[0]):
        shift = int(flow_now(sim, r, now))
        while shift != sim.runners[r, SHIFT]:
            sim.runners[r, SHIFT] = shift
            carry_over(sim, r, shift, now)
            shift = int(flow_now(sim, r, now))


@kernel
def keep_ahead_within(sim: Sim, o: int, now: int) -> None:
    """No more is ahead of order o than the others display at its level."""
    t = sim.orders[o, LEVEL]
    here = world_size(sim, sim.orders[o, RUNNER], rests_in(sim.orders[o, SIDE]), t, now) if 0 <= t < N_TICKS else 0
    sim.orders[o, AHEAD] = min(sim.orders[o, AHEAD], here)


@kernel
def carry_over(sim: Sim, r: int, shift: int, now: int) -> None:
    """Our resting orders keep their price: they stand at another level of the record now, with at most what is there ahead."""
    net_crossed(sim, r, now)
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if sim.orders[o, RUNNER] != r or sim.orders[o, TYPE] != LIMIT:
            continue
        keep_ahead_within(sim, o, now)  # whoever gave up unseen where it stood is not ahead of it elsewhere
        sim.orders[o, LEVEL] = sim.orders[o, TICK] - shift
        keep_ahead_within(sim, o, now)
    note_own(sim, r)
    hold(sim, r, ATB, -1, now)
    hold(sim, r, ATL, N_TICKS, now)
    if sim.market[STATUS_NOW] == OPEN:
        for b in (ATB, ATL):
            meet(sim, r, b, shift, now)


@kernel
def meet(sim: Sim, r: int, b: int, shift: int, now: int) -> None:
    """The others moved to or through our orders in book b: they meet us at our price, and displayed money of theirs goes.

    Until that moves them again: they may be out of reach then.
    """
    other = ATL if b == ATB else ATB
    x = flow_now(sim, r, now)
    while int(x) == shift:
        o = best_standing(sim, r, b)
        t = best_level(sim, r, other, now)
        if o < 0 or t < 0 or t >= N_TICKS or better(other, sim.orders[o, LEVEL], t):
            return
        tick = sim.orders[o, TICK]
        pence = min(sim.orders[o, REMAINING], world_size(sim, r, other, t, now))
        pence = until_shift(sim, x, shift, sim.orders[o, SIDE], ODDS_HUNDREDTHS[tick], pence)
        fill(sim, o, pence, tick, FILL_PASSIVE, now)
        x = flow_now(sim, r, now)
        set_displaced(sim, r, other, t, displaced_now(sim, r, other, t, now) - pence, now)


@kernel
def forget_flow(sim: Sim, now: int) -> None:
    """x := 0 everywhere: a suspension or an image starts the world anew."""
    if sim.reals[SEVERITY] == 0.0:
        return
    for r in range(sim.flow.shape[0]):
        sim.flow[r] = 0.0
    shift_all(sim, now)
