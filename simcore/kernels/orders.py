"""A request takes effect: checks as on the exchange, matching against the world, the place in the queue."""

from __future__ import annotations

from simcore.dtypes import OPEN
from simcore.kernels.account import exposure_with
from simcore.kernels.close import goes_to_close, under_minimum_for_close
from simcore.kernels.compiling import kernel
from simcore.kernels.displacement import (
    best_level,
    displaced_now,
    hold,
    net_crossed,
    next_level,
    set_displaced,
    touch,
    world_size,
    worse,
)
from simcore.kernels.fills import end_order, fill, write_log
from simcore.kernels.flow import flow_now, moved
from simcore.kernels.flumine import by_flumine, join_queue_flumine
from simcore.kernels.queue import better, note_own, queue_after_trade, rests_in, takes_from
from simcore.kernels.reaction import until_shift
from simcore.kernels.state import (
    ACCEPTED_MS,
    AHEAD,
    BELIEVED,
    BET_ACTION_ERROR,
    CANCELLED,
    CHECKS_RATIO,
    DISPLACE,
    FILL_AGGRESSIVE,
    FUNDS_PENCE,
    GONE,
    HAS_CLOSE,
    INSUFFICIENT_FUNDS,
    INVALID_MIN_FILL,
    INVALID_PRICE,
    INVALID_PROFIT_RATIO,
    IS_IN_PLAY,
    LARGEST_LIABILITY,
    LEVEL,
    LIMIT,
    MARKET_ON_CLOSE,
    MARKET_SUSPENDED,
    MICRO,
    MIN_FILL,
    MINIMUM_PAYOUT_PENCE,
    MINIMUM_PENCE,
    MINIMUM_STAKE,
    N_STANDING,
    NOT_OPEN_FOR_CLOSE,
    NOWHERE,
    OWN_CROSS,
    QUEUE_FRONT,
    QUEUE_KIND,
    RATIO_LEAST,
    RATIO_MOST,
    RECONCILED_NOW,
    REFUSED,
    REMAINING,
    REPLACED,
    RUNNER,
    RUNNER_REMOVED,
    SEVERITY,
    SHIFT,
    SIDE,
    SIZE,
    STANDING,
    STATE,
    STATUS_NOW,
    TAKEN_OR_LAPSED,
    TICK,
    TYPE,
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
        limits = sim.orders[other, TYPE] == LIMIT
        if same and limits and sim.orders[other, SIDE] != sim.orders[o, SIDE]:
            tick = sim.orders[other, TICK]
            if tick == sim.orders[o, TICK] or better(b, tick, sim.orders[o, TICK]):
                return True
    return False


@kernel
def bad_ratio(sim: Sim, pence: int, tick: int) -> bool:
    """Whether rounding the profit to the penny moves it too far from stake · (odds − 1)."""
    exact = pence * (ODDS_HUNDREDTHS[tick] - 100)  # hundredths of a penny
    rounded = (exact + 50) // 100 * 100
    return rounded * 100 < sim.settings[RATIO_LEAST] * exact or rounded * 100 > sim.settings[RATIO_MOST] * exact


@kernel
def too_small(sim: Sim, o: int) -> bool:
    """Under the minimum for its type; an order that took another's place is not asked."""
    if sim.orders[o, REPLACED] != 0:
        return False
    if sim.orders[o, TYPE] == LIMIT:
        return below_minimum(sim, sim.orders[o, REMAINING], sim.orders[o, TICK])
    return under_minimum_for_close(sim, sim.orders[o, SIDE], sim.orders[o, REMAINING])


@kernel
def no_close(sim: Sim) -> bool:
    """The market has no starting price, or it is too late for it."""
    return sim.settings[HAS_CLOSE] == 0 or sim.market[RECONCILED_NOW] != 0 or sim.market[IS_IN_PLAY] != 0


@kernel
def refusal(sim: Sim, o: int) -> int:
    """Reason the exchange refuses to place order o now, or ACCEPTED."""
    tick, pence = sim.orders[o, TICK], sim.orders[o, REMAINING]
    limits = sim.orders[o, TYPE] == LIMIT
    if sim.market[STATUS_NOW] != OPEN:
        return MARKET_SUSPENDED
    if sim.runners[sim.orders[o, RUNNER], GONE] != 0:
        return RUNNER_REMOVED
    if tick < 0 and sim.orders[o, TYPE] != MARKET_ON_CLOSE:
        return INVALID_PRICE
    if goes_to_close(sim, o) and no_close(sim):
        return NOT_OPEN_FOR_CLOSE
    if too_small(sim, o):
        return MINIMUM_STAKE
    if sim.orders[o, MIN_FILL] > pence:
        return INVALID_MIN_FILL
    if limits and sim.settings[CHECKS_RATIO] != 0 and bad_ratio(sim, pence, tick):
        return INVALID_PROFIT_RATIO
    if limits and not by_flumine(sim) and crosses_own(sim, o):
        return OWN_CROSS
    exposure = exposure_with(sim, o)
    if exposure > sim.settings[FUNDS_PENCE] * MICRO:
        return INSUFFICIENT_FUNDS
    sim.tally[LARGEST_LIABILITY] = max(sim.tally[LARGEST_LIABILITY], exposure)
    return ACCEPTED


@kernel
def sweep(sim: Sim, o: int, planning: bool, now: int) -> int:
    """Match order o against the world from the best price down (best execution); returns the pence. `planning` moves nothing.

    A limit order stops at its price. Fill or kill goes on to worse prices while its average stays no worse than its price.
    spare : Σ stake · (how much better than its price), hundredths of a penny
    """
    r, side, limit = sim.orders[o, RUNNER], sim.orders[o, SIDE], sim.orders[o, TICK]
    b, most = takes_from(side), sim.orders[o, REMAINING]
    x, shift = flow_now(sim, r, now), sim.runners[r, SHIFT]
    t = best_level(sim, r, b, now)
    left = world_size(sim, r, b, t, now) if 0 <= t < N_TICKS else 0
    total, spare = 0, 0
    while 0 <= t < N_TICKS and 0 <= t + shift < N_TICKS and total < most:
        odds = ODDS_HUNDREDTHS[t + shift]
        pence = min(most - total, left)
        if sim.reals[SEVERITY] != 0.0:
            pence = until_shift(sim, x, shift, side, odds, pence)
        gain = side * (odds - ODDS_HUNDREDTHS[limit])
        allowed = pence if gain >= 0 else (spare // -gain if sim.orders[o, MIN_FILL] > 0 else 0)
        stops = allowed < pence
        pence = min(pence, allowed)
        if pence == 0:
            break
        if not planning:
            if sim.settings[DISPLACE] != 0:
                queue_after_trade(sim, r, b, t, left, pence)  # fill or kill can reach the price of an order of ours
                set_displaced(sim, r, b, t, displaced_now(sim, r, b, t, now) - pence, now)
            fill(sim, o, pence, t + shift, FILL_AGGRESSIVE, now)
        total += pence
        spare += gain * pence
        left -= pence
        if stops:
            break
        if sim.reals[SEVERITY] != 0.0:
            x = moved(sim, x, side, pence, odds)
            shift = int(x)
        if left == 0:
            t = next_level(sim, r, b, worse(b, t), now)
            left = world_size(sim, r, b, t, now) if 0 <= t < N_TICKS else 0
    return total


@kernel
def fill_or_kill(sim: Sim, o: int, now: int) -> None:
    """At least MIN_FILL matches at once, or nothing; the rest is cancelled."""
    if sweep(sim, o, True, now) >= sim.orders[o, MIN_FILL]:
        sweep(sim, o, False, now)
    if sim.orders[o, REMAINING] > 0:
        end_order(sim, o, CANCELLED, 0, now)


@kernel
def would_match(sim: Sim, o: int, now: int) -> bool:
    """Whether somebody would match order o at once; nobody an order without a price of the ladder."""
    r, b, limit = sim.orders[o, RUNNER], takes_from(sim.orders[o, SIDE]), sim.orders[o, TICK]
    if limit < 0:
        return False
    net_crossed(sim, r, now)
    t = best_level(sim, r, b, now)
    return 0 <= t < N_TICKS and not better(b, limit, t + sim.runners[r, SHIFT])


@kernel
def stand(sim: Sim, o: int, level: int, ahead: int) -> None:
    """Order o stands from now on, at a level of the record."""
    sim.orders[o, LEVEL] = level
    sim.orders[o, AHEAD] = ahead
    sim.orders[o, STATE] = STANDING
    sim.standing[sim.tally[N_STANDING]] = o
    sim.tally[N_STANDING] += 1
    touch(sim, sim.orders[o, RUNNER], 1)
    note_own(sim, sim.orders[o, RUNNER])


@kernel
def rest(sim: Sim, o: int, now: int) -> None:
    """Join the queue: everything the others display at the price, where our sweep moved them to, and our own earlier orders."""
    r = sim.orders[o, RUNNER]
    t = sim.orders[o, TICK] - int(flow_now(sim, r, now))
    queued = 0 <= t < N_TICKS and sim.settings[QUEUE_KIND] != QUEUE_FRONT
    stand(sim, o, t, world_size(sim, r, rests_in(sim.orders[o, SIDE]), t, now) if queued else 0)
    hold(sim, r, takes_from(sim.orders[o, SIDE]), t, now)
    if by_flumine(sim):
        join_queue_flumine(sim, o)


@kernel
def arrive(sim: Sim, o: int, now: int) -> None:
    """Order o reaches the exchange."""
    reason = refusal(sim, o)
    if reason != ACCEPTED:
        end_order(sim, o, REFUSED, reason, now)
        return
    sim.orders[o, ACCEPTED_MS] = now
    if sim.orders[o, TYPE] != LIMIT:
        stand(sim, o, sim.orders[o, SIDE] * NOWHERE, 0)
        return
    net_crossed(sim, sim.orders[o, RUNNER], now)
    if sim.orders[o, MIN_FILL] > 0:
        fill_or_kill(sim, o, now)
        return
    sweep(sim, o, False, now)
    if sim.orders[o, REMAINING] > 0:
        rest(sim, o, now)


@kernel
def cannot_change(sim: Sim, o: int) -> int:
    """Reason order o cannot be cancelled or replaced now, or ACCEPTED."""
    if sim.market[STATUS_NOW] != OPEN:
        return MARKET_SUSPENDED
    if sim.orders[o, TYPE] != LIMIT:
        return BET_ACTION_ERROR
    return TAKEN_OR_LAPSED if sim.orders[o, STATE] != STANDING else ACCEPTED


@kernel
def cancel(sim: Sim, o: int, pence: int, now: int) -> None:
    """A cancel or size reduction reaches the exchange; one that comes too late fails quietly and is counted.

    Cutting an order keeps its place in the queue.
    """
    reason = cannot_change(sim, o)
    if reason != ACCEPTED:
        write_log(sim, o, REFUSED, reason, 0, now)
        return
    if pence >= sim.orders[o, REMAINING]:
        end_order(sim, o, CANCELLED, 0, now)
        return
    write_log(sim, o, CANCELLED, 0, pence, now)
    sim.orders[o, REMAINING] -= pence


@kernel
def make_way(sim: Sim, old: int, o: int, now: int) -> bool:
    """The first half of a replace: what is left of `old` is cancelled and is the size of `o`; False = refused, o is over."""
    reason = cannot_change(sim, old)
    sim.orders[o, REPLACED] = 1
    if reason != ACCEPTED:
        end_order(sim, o, REFUSED, reason, now)
        return False
    pence = sim.orders[old, REMAINING]
    sim.orders[o, SIZE] = sim.orders[o, REMAINING] = sim.orders[o, BELIEVED] = pence
    end_order(sim, old, CANCELLED, 0, now)
    return True
