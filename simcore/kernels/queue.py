"""Four questions to the queue: an order arrived, a trade happened, a level fell, how much is filled.

Most of what a record does is at levels where nothing of ours rests: the lowest and the highest of our levels, runner by runner
and book by book, are kept (OWN_LOW, OWN_HIGH), so that only what happens between them looks at our orders one by one.

ahead : pence of others ahead of us; never negative, never above what the others display
"""

from __future__ import annotations

import math

from simcore.dtypes import BACK
from simcore.kernels.compiling import kernel, small_kernel
from simcore.kernels.randomness import DRAW_QUEUE, uniform
from simcore.kernels.state import (
    AHEAD,
    KEY_A,
    KEY_B,
    LEVEL,
    LIMIT,
    N_STANDING,
    NOWHERE,
    OWN_HIGH,
    OWN_LOW,
    QUEUE_BACK_BIASED,
    QUEUE_K,
    QUEUE_KIND,
    QUEUE_NONE,
    QUEUE_SAMPLED,
    ROW,
    RUNNER,
    SIDE,
    TYPE,
    Sim,
)


@small_kernel
def rests_in(side: int) -> int:
    """The book an order of this side rests in: BACK in ATL (1), LAY in ATB (0)."""
    return 1 if side > 0 else 0


@small_kernel
def stands_at(sim: Sim, o: int, r: int, b: int, t: int) -> bool:
    """Whether order o rests at exactly this level."""
    at = (sim.orders[o, RUNNER] == r) & (rests_in(sim.orders[o, SIDE]) == b) & (sim.orders[o, LEVEL] == t)
    return bool(at)


@kernel
def note_own(sim: Sim, r: int) -> None:
    """Our limit orders on runner r came, went or moved: find again between which levels they rest."""
    for b in range(2):
        sim.runners[r, OWN_LOW + b] = NOWHERE
        sim.runners[r, OWN_HIGH + b] = -NOWHERE
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if sim.orders[o, RUNNER] == r and sim.orders[o, TYPE] == LIMIT:
            b, t = rests_in(sim.orders[o, SIDE]), sim.orders[o, LEVEL]
            sim.runners[r, OWN_LOW + b] = min(sim.runners[r, OWN_LOW + b], t)
            sim.runners[r, OWN_HIGH + b] = max(sim.runners[r, OWN_HIGH + b], t)


@small_kernel
def own_around(sim: Sim, r: int, b: int, t: int) -> bool:
    """Whether an order of ours can rest at a level: one rests there or better, and one there or worse."""
    return sim.runners[r, OWN_LOW + b] <= t <= sim.runners[r, OWN_HIGH + b]


@small_kernel
def own_best(sim: Sim, r: int, b: int) -> int:
    """The best level of book b where an order of ours rests; worse than any if none does."""
    return sim.runners[r, OWN_HIGH - b]  # OWN_HIGH of ATB, or the column before it: OWN_LOW of ATL


@kernel
def share_ahead(sim: Sim, ahead: int, total: int, cancelled: int) -> int:
    """How much of a cancel stood ahead of us, pence: c · ahead / total · (ahead / total)^k, rounded down; k = 0 is exact.

    Sampled: of c pence side by side, at a place drawn for the row of the tape, those ahead of us. An order further back
    stays further back, in each event and so over a tape: the draw hangs on nothing of ours, and ahead − share never
    falls as ahead rises (it is ahead, then the place, then ahead − c). On an uncrossed record `total` is another in two
    runs of a lone order only where one was filled in its queue; that one has nobody ahead any more.
    """
    kind = sim.settings[QUEUE_KIND]
    if kind == QUEUE_NONE or ahead <= 0 or total <= 0:
        return 0
    ahead = min(ahead, total)
    if kind == QUEUE_SAMPLED:
        u = uniform(sim.settings[KEY_A], sim.settings[KEY_B], sim.market[ROW], DRAW_QUEUE)
        place = int(u * (total - cancelled + 1))
        return max(0, min(ahead - place, cancelled))
    if kind == QUEUE_BACK_BIASED:
        return int(cancelled * ahead / total * math.pow(ahead / total, sim.reals[QUEUE_K]))
    return int(cancelled * ahead // total)


@small_kernel
def queue_after_cancel(sim: Sim, r: int, b: int, t: int, total: int, cancelled: int) -> None:
    """Move our orders at a level up after a cancel of others; `total` is what they displayed before it."""
    if own_around(sim, r, b, t):
        move_after_cancel(sim, r, b, t, total, cancelled)


@kernel
def move_after_cancel(sim: Sim, r: int, b: int, t: int, total: int, cancelled: int) -> None:
    """Move our orders up, where there can be any."""
    left = total - cancelled
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if stands_at(sim, o, r, b, t):
            ahead = sim.orders[o, AHEAD]
            ahead -= share_ahead(sim, ahead, total, cancelled)
            sim.orders[o, AHEAD] = max(0, min(ahead, left))


@small_kernel
def queue_after_trade(sim: Sim, r: int, b: int, t: int, world: int, taken: int) -> None:
    """Move our orders at a level up after `taken` pence left the front; `world` is what the others displayed before it.

    With nothing taken: whoever gave up unseen (displacement that decayed) stands ahead of us no more.
    """
    if own_around(sim, r, b, t):
        move_after_trade(sim, r, b, t, world, taken)


@kernel
def move_after_trade(sim: Sim, r: int, b: int, t: int, world: int, taken: int) -> None:
    """Move our orders up, where there can be any."""
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if stands_at(sim, o, r, b, t):
            sim.orders[o, AHEAD] = max(0, min(sim.orders[o, AHEAD], world) - taken)


@small_kernel
def better(b: int, t: int, than: int) -> bool:
    """Whether tick t of book b is hit before `than`."""
    return (t - than) * (1 - 2 * b) > 0


@small_kernel
def takes_from(side: int) -> int:
    """The book an order of this side takes from: BACK from ATB (0), LAY from ATL (1)."""
    return 0 if side == BACK else 1


@small_kernel
def best_standing(sim: Sim, r: int, b: int) -> int:
    """Our oldest standing order at our best price in book b, -1 if none rests there."""
    return (
        -1 if sim.runners[r, OWN_HIGH + b] < sim.runners[r, OWN_LOW + b] else oldest_at(sim, r, b, own_best(sim, r, b))
    )


@kernel
def oldest_at(sim: Sim, r: int, b: int, t: int) -> int:
    """Our oldest standing order at a level, -1 if none rests there."""
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if stands_at(sim, o, r, b, t):
            return int(o)
    return -1
