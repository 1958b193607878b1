"""A request takes effect: checks as on the exchange, matching against the world, the place in the queue."""

from __future__ import annotations

from simcore.dtypes import OPEN
from simcore.kernels.account import exposure_with
from simcore.kernels.compiling import kernel
from simcore.kernels.displacement import (
    best_level,
    displaced_now,
    net_crossed,
    next_level,
    set_displaced,
    world_size,
    worse,
)
from simcore.kernels.fills import end_order, fill, write_log
from simcore.kernels.queue import better, rests_in, takes_from
from simcore.kernels.state import (
    ACCEPTED_MS,
    AHEAD,
    CANCELLED,
    DISPLACE,
    FILL_AGGRESSIVE,
    FUNDS_PENCE,
    GONE,
    INSUFFICIENT_FUNDS,
    INVALID_PRICE,
    LARGEST_LIABILITY,
    MARKET_SUSPENDED,
    MICRO,
    MINIMUM_PAYOUT_PENCE,
    MINIMUM_PENCE,
    MINIMUM_STAKE,
    N_STANDING,
    OWN_CROSS,
    REFUSED,
    REMAINING,
    RUNNER,
    RUNNER_REMOVED,
    SIDE,
    STANDING,
    STATE,
    STATUS_NOW,
    TAKEN_OR_LAPSED,
    TICK,
    TOUCHED,
    Sim,
)
from simcore.units import N_TICKS, ODDS_HUNDREDTHS

ACCEPTED = -1


@kernel
def below_minimum(sim: Sim, pence: int, tick: int) -> bool:
    """Under the minimum stake, and its payout under the minimum payout."""
    if pence >= sim.settings[MINIMUM_PENCE]:
        return False
    return pence * ODDS_HUNDREDTHS[tick] < 100 * sim.settings[MINIMUM_PAYOUT_PENCE]


@kernel
def crosses_own(sim: Sim, o: int) -> bool:
    """Whether order o would meet a standing order of ours on the other side."""
    b = takes_from(sim.orders[o, SIDE])
    for i in range(sim.tally[N_STANDING]):
        other = sim.standing[i]
        same = sim.orders[other, RUNNER] == sim.orders[o, RUNNER]
        if same and sim.orders[other, SIDE] != sim.orders[o, SIDE]:
            tick = sim.orders[other, TICK]
            if tick == sim.orders[o, TICK] or better(b, tick, sim.orders[o, TICK]):
                return True
    return False


@kernel
def refusal(sim: Sim, o: int) -> int:
    """Reason the exchange refuses to place order o now, or ACCEPTED."""
    tick, pence = sim.orders[o, TICK], sim.orders[o, REMAINING]
    if sim.market[STATUS_NOW] != OPEN:
        return MARKET_SUSPENDED
    if sim.runners[sim.orders[o, RUNNER], GONE] != 0:
        return RUNNER_REMOVED
    if tick < 0:
        return INVALID_PRICE
    if below_minimum(sim, pence, tick):
        return MINIMUM_STAKE
    if crosses_own(sim, o):
        return OWN_CROSS
    exposure = exposure_with(sim, o)
    if exposure > sim.settings[FUNDS_PENCE] * MICRO:
        return INSUFFICIENT_FUNDS
    sim.tally[LARGEST_LIABILITY] = max(sim.tally[LARGEST_LIABILITY], exposure)
    return ACCEPTED


@kernel
def take(sim: Sim, o: int, now: int) -> None:
    """Match order o against the world from the best price down to its own (best execution)."""
    r, b, limit = sim.orders[o, RUNNER], takes_from(sim.orders[o, SIDE]), sim.orders[o, TICK]
    t = best_level(sim, r, b, now)
    while 0 <= t < N_TICKS and not better(b, limit, t) and sim.orders[o, REMAINING] > 0:
        pence = min(sim.orders[o, REMAINING], world_size(sim, r, b, t, now))
        if sim.settings[DISPLACE] != 0:
            set_displaced(sim, r, b, t, displaced_now(sim, r, b, t, now) - pence, now)
        fill(sim, o, pence, t, FILL_AGGRESSIVE, now)
        t = next_level(sim, r, b, worse(b, t), now)


@kernel
def rest(sim: Sim, o: int, now: int) -> None:
    """Join the queue: everything the others display at the price is ahead, and our own earlier orders."""
    r = sim.orders[o, RUNNER]
    sim.orders[o, AHEAD] = world_size(sim, r, rests_in(sim.orders[o, SIDE]), sim.orders[o, TICK], now)
    sim.orders[o, STATE] = STANDING
    sim.standing[sim.tally[N_STANDING]] = o
    sim.tally[N_STANDING] += 1
    sim.runners[r, TOUCHED] += 1


@kernel
def arrive(sim: Sim, o: int, now: int) -> None:
    """Order o reaches the exchange."""
    reason = refusal(sim, o)
    if reason != ACCEPTED:
        end_order(sim, o, REFUSED, reason, now)
        return
    sim.orders[o, ACCEPTED_MS] = now
    net_crossed(sim, sim.orders[o, RUNNER], now)
    take(sim, o, now)
    if sim.orders[o, REMAINING] > 0:
        rest(sim, o, now)


@kernel
def cancel(sim: Sim, o: int, pence: int, now: int) -> None:
    """A cancel or size reduction reaches the exchange; one that comes too late fails quietly and is counted.

    Cutting an order keeps its place in the queue.
    """
    if sim.market[STATUS_NOW] != OPEN:
        write_log(sim, o, REFUSED, MARKET_SUSPENDED, 0, now)
        return
    if sim.orders[o, STATE] != STANDING:
        write_log(sim, o, REFUSED, TAKEN_OR_LAPSED, 0, now)
        return
    if pence >= sim.orders[o, REMAINING]:
        end_order(sim, o, CANCELLED, 0, now)
        return
    write_log(sim, o, CANCELLED, 0, pence, now)
    sim.orders[o, REMAINING] -= pence
