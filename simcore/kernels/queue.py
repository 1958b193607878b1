"""Four questions to the queue: an order arrived, a trade happened, a level fell, how much is filled.

ahead : pence of others ahead of us; never negative, never above what the others display
"""

from __future__ import annotations

import math

from simcore.dtypes import ATB, BACK
from simcore.kernels.compiling import kernel, small_kernel
from simcore.kernels.randomness import DRAW_QUEUE, uniform
from simcore.kernels.state import (
    AHEAD,
    KEY_A,
    KEY_B,
    LEVEL,
    LIMIT,
    N_STANDING,
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
    return sim.orders[o, RUNNER] == r and rests_in(sim.orders[o, SIDE]) == b and sim.orders[o, LEVEL] == t


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


@kernel
def queue_after_cancel(sim: Sim, r: int, b: int, t: int, total: int, cancelled: int) -> None:
    """Move our orders at a level up after a cancel of others; `total` is what they displayed before it."""
    left = total - cancelled
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if stands_at(sim, o, r, b, t):
            ahead = sim.orders[o, AHEAD]
            ahead -= share_ahead(sim, ahead, total, cancelled)
            sim.orders[o, AHEAD] = max(0, min(ahead, left))


@kernel
def queue_after_trade(sim: Sim, r: int, b: int, t: int, world: int, taken: int) -> None:
    """Move our orders at a level up after `taken` pence left the front; `world` is what the others displayed before it.

    With nothing taken: whoever gave up unseen (displacement that decayed) stands ahead of us no more.
    """
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if stands_at(sim, o, r, b, t):
            sim.orders[o, AHEAD] = max(0, min(sim.orders[o, AHEAD], world) - taken)


@small_kernel
def better(b: int, t: int, than: int) -> bool:
    """Whether tick t of book b is hit before `than`."""
    return t > than if b == ATB else t < than


@small_kernel
def takes_from(side: int) -> int:
    """The book an order of this side takes from: BACK from ATB (0), LAY from ATL (1)."""
    return 0 if side == BACK else 1


@kernel
def best_standing(sim: Sim, r: int, b: int) -> int:
    """Our oldest standing order at our best price in book b, -1 if none rests there."""
    found = -1
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if sim.orders[o, RUNNER] != r or rests_in(sim.orders[o, SIDE]) != b or sim.orders[o, TYPE] != LIMIT:
            continue
        if found < 0 or better(b, sim.orders[o, LEVEL], sim.orders[found, LEVEL]):
            found = o
    return found
