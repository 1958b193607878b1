"""World = record + displacement: W = R + D, D ≥ −R, D = 0 without us.

D decays from D₀ at its time stamp: D = D₀ · 2^(−Δt / half-life), rounded toward 0 (equivalent forms for 0 and ∞ below).
Two things others do not do: come back with a few pence where we took everything (LEAST_PENCE), and come back to stand at or
through a resting order of ours in the other book (`held`).
"""

from __future__ import annotations

import math

from simcore.dtypes import ATB, ATL
from simcore.kernels.compiling import kernel, small_kernel
from simcore.kernels.queue import better, own_best
from simcore.kernels.state import (
    ALL_ABOVE,
    ALL_TOUCHED,
    HALF_LIFE_MS,
    HELD_MS,
    LEAST_PENCE,
    MESSAGE_MS,
    REFILL_HALF_LIFE,
    REFILL_INSTANT,
    REFILL_KIND,
    SHIFT,
    TOUCHED,
    Sim,
)
from simcore.units import N_TICKS


@small_kernel
def touch(sim: Sim, r: int, more: int) -> None:
    """So many more levels of a runner have displacement or an order of ours."""
    sim.runners[r, TOUCHED] += more
    sim.tally[ALL_TOUCHED] += more


@small_kernel
def count_above(sim: Sim, was: int, pence: int) -> None:
    """A level's displacement was, and is: those above 0 are counted."""
    sim.tally[ALL_ABOVE] += int(pence > 0) - int(was > 0)


@small_kernel
def decayed(sim: Sim, r: int, b: int, t: int, now: int) -> int:
    """D₀ with what came back since its time stamp, pence. One that has decayed to nothing is forgotten for good."""
    start = sim.displaced[r, b, t]
    return 0 if start == 0 else decayed_from(sim, r, b, t, start, now)


@kernel
def decayed_from(sim: Sim, r: int, b: int, t: int, start: int, now: int) -> int:
    """What is left of D₀ = `start`, not 0."""
    if sim.stamp_ms[r, b, t] == HELD_MS:
        return start
    left = start
    if sim.settings[REFILL_KIND] == REFILL_INSTANT:
        left = 0 if sim.market[MESSAGE_MS] > sim.stamp_ms[r, b, t] else start
    elif sim.settings[REFILL_KIND] == REFILL_HALF_LIFE:
        elapsed_ms = now - sim.stamp_ms[r, b, t]
        left = int(start * math.pow(2.0, -elapsed_ms / sim.settings[HALF_LIFE_MS]))
    if left == 0:
        sim.displaced[r, b, t] = 0
        count_above(sim, start, 0)
        touch(sim, r, -1)
    return int(left)


@small_kernel
def displaced_now(sim: Sim, r: int, b: int, t: int, now: int) -> int:
    """D at `now`, pence. A level that we emptied stays empty until a whole bet (or half of a smaller level) is back."""
    start = sim.displaced[r, b, t]
    return 0 if start == 0 else displaced_from(sim, r, b, t, start, now)


@kernel
def displaced_from(sim: Sim, r: int, b: int, t: int, start: int, now: int) -> int:
    """D at `now` of D₀ = `start`, not 0."""
    left = decayed_from(sim, r, b, t, start, now)
    recorded = sim.recorded[r, b, t]
    if left < 0 and recorded + start <= 0 and recorded + left < min(sim.settings[LEAST_PENCE], recorded // 2):
        return int(-recorded)
    return left


@small_kernel
def world_size(sim: Sim, r: int, b: int, t: int, now: int) -> int:
    """W: what the others display at a level, pence."""
    return sim.recorded[r, b, t] + displaced_now(sim, r, b, t, now)


@small_kernel
def shows(sim: Sim, r: int, b: int, t: int, now: int) -> bool:
    """W > 0. Where the record outweighs what we took, how much of it came back need not be worked out."""
    recorded, start = sim.recorded[r, b, t], sim.displaced[r, b, t]
    if start == 0 or (recorded > 0 and recorded + start > 0):
        return bool(recorded > 0)
    return bool(recorded + displaced_from(sim, r, b, t, start, now) > 0)


@small_kernel
def improve_hint(sim: Sim, r: int, b: int, t: int) -> None:
    """Level t may hold something now."""
    if better(b, t, sim.hint[r, b]):
        sim.hint[r, b] = t


@small_kernel
def held(sim: Sim, r: int, b: int, t: int) -> bool:
    """Whether an order of ours rests in the other book at or through t: nobody comes back to stand there."""
    return not better(b, own_best(sim, r, 1 - b), t)


@kernel
def hold(sim: Sim, r: int, b: int, last: int, now: int) -> None:
    """An order of ours in the other book came, went or moved: what we took up to its level `last` is held, or comes back."""
    t = sim.hint[r, b]
    while 0 <= t < N_TICKS and (t <= last if b == ATL else t >= last):
        if sim.displaced[r, b, t] < 0:
            kept = held(sim, r, b, t)
            if kept and sim.stamp_ms[r, b, t] != HELD_MS:
                left = displaced_now(sim, r, b, t, now)
                sim.displaced[r, b, t] = left
                sim.stamp_ms[r, b, t] = HELD_MS
            elif not kept and sim.stamp_ms[r, b, t] == HELD_MS:
                sim.stamp_ms[r, b, t] = now
        t = worse(b, t)


@kernel
def set_displaced(sim: Sim, r: int, b: int, t: int, pence: int, now: int) -> None:
    """D := max(pence, −R), stamped now, or held."""
    pence = max(pence, -sim.recorded[r, b, t])
    was = sim.displaced[r, b, t]
    sim.displaced[r, b, t] = pence
    count_above(sim, was, pence)
    sim.stamp_ms[r, b, t] = HELD_MS if pence < 0 and held(sim, r, b, t) else now
    touch(sim, r, int(pence != 0) - int(was != 0))
    if pence != 0:
        improve_hint(sim, r, b, t)


@kernel
def keep_within_record(sim: Sim, r: int, b: int, t: int, now: int) -> None:
    """After R changed: D := max(D, −R)."""
    if decayed(sim, r, b, t, now) < -sim.recorded[r, b, t]:
        set_displaced(sim, r, b, t, -sim.recorded[r, b, t], now)


@kernel
def forget_displacement(sim: Sim) -> None:
    """D := 0 everywhere: a suspension or an image starts the world anew."""
    for r in range(sim.recorded.shape[0]):
        if sim.runners[r, TOUCHED] == 0:
            continue
        for b in range(2):
            for t in range(N_TICKS):
                if sim.displaced[r, b, t] != 0:
                    count_above(sim, sim.displaced[r, b, t], 0)
                    sim.displaced[r, b, t] = 0
                    touch(sim, r, -1)


@small_kernel
def is_bare(sim: Sim, r: int, b: int, t: int) -> bool:
    """Neither the record nor displacement is at a level: nothing to work out there."""
    return sim.recorded[r, b, t] == 0 and sim.displaced[r, b, t] == 0


@small_kernel
def worse(b: int, t: int) -> int:
    """The next tick away from the best of book b."""
    return t - 1 if b == ATB else t + 1


@kernel
def next_level(sim: Sim, r: int, b: int, t: int, now: int) -> int:
    """First tick at or behind t where the others display something; outside 0..349 if there is none."""
    while 0 <= t < N_TICKS and (off_ladder(sim, r, t) or not shows(sim, r, b, t, now)):
        t = worse(b, t)
    return t


@small_kernel
def off_ladder(sim: Sim, r: int, t: int) -> bool:
    """Whether the others moved what the record has at tick t off the ladder: it is not displayed."""
    return t + sim.runners[r, SHIFT] < 0 or t + sim.runners[r, SHIFT] >= N_TICKS


@small_kernel
def best_level(sim: Sim, r: int, b: int, now: int) -> int:
    """Best tick the others display, outside 0..349 if the half-book is empty."""
    t = sim.hint[r, b]
    if 0 <= t < N_TICKS and sim.recorded[r, b, t] > 0 and sim.displaced[r, b, t] == 0 and sim.runners[r, SHIFT] == 0:
        return t
    return best_from(sim, r, b, t, now)


@kernel
def best_from(sim: Sim, r: int, b: int, t: int, now: int) -> int:
    """Best tick the others display at or behind t, where nothing is better than t; t becomes the hint."""
    while 0 <= t < N_TICKS and is_bare(sim, r, b, t):
        t = worse(b, t)
    sim.hint[r, b] = t
    return next_level(sim, r, b, t, now)


@kernel
def net_crossed(sim: Sim, r: int, now: int) -> None:
    """Take away displacement that stands at or through the best of the other side, on both sides alike.

    Without this a sweep that refills leaves free money. Where the record itself is crossed, it stays as it was.
    """
    if sim.tally[ALL_ABOVE] == 0:
        return
    back = best_level(sim, r, ATB, now)
    lay = best_level(sim, r, ATL, now)
    if back < 0 or lay >= N_TICKS:
        return
    for t in range(lay, back + 1):
        for b in (ATB, ATL):
            if displaced_now(sim, r, b, t, now) > 0:
                set_displaced(sim, r, b, t, 0, now)


@small_kernel
def net_touched(sim: Sim, now: int) -> None:
    """Net every runner that has something of ours.

    Done around every message: what crosses between messages keeps crossing until the next one (a refill only grows), so it
    makes no difference to the world when, or how often, anybody looks.
    """
    if sim.tally[ALL_ABOVE] != 0:
        net_each(sim, now)


@kernel
def net_each(sim: Sim, now: int) -> None:
    """Net the runners, at least one, that have something of ours."""
    for r in range(sim.runners.shape[0]):
        if sim.runners[r, TOUCHED] != 0:
            net_crossed(sim, r, now)
