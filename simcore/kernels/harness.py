"""The harness makes our standing orders match the offers the core wants.

It looks at the world as it was `observe_ms` ago (a snapshot taken then), at its own orders and position as it has heard of
them, and does not ask the core again while an answer is outstanding.
"""

from __future__ import annotations

from simcore.dtypes import ATB, ATL, OPEN
from simcore.kernels.compiling import kernel, small_kernel
from simcore.kernels.displacement import best_level, is_bare, net_crossed, world_size, worse
from simcore.kernels.long_way import closes, set_out
from simcore.kernels.orders import below_minimum
from simcore.kernels.queue import best_standing, better, own_around, own_best, rests_in, stands_at
from simcore.kernels.quiet import lean_of
from simcore.kernels.sending import send, send_place
from simcore.kernels.state import (
    BELIEVED,
    CANCEL_MS,
    CANCEL_ORDER,
    CANCEL_SIGMA,
    CANCELS,
    GONE,
    HELD_MS,
    IS_IN_PLAY,
    KNOWN_LOSE,
    KNOWN_WIN,
    LAST_TICK,
    LONG_WAY,
    MATCHED,
    MICRO,
    N_LIVE,
    N_SLOTS,
    N_STANDING,
    N_WANTED,
    NO_PRICE,
    PICK_MS,
    PICK_RANK,
    PICKED,
    REFILL_INSTANT,
    REFILL_KIND,
    REMAINING,
    RUNNER,
    SEEN_BACK,
    SEEN_LAY,
    SEEN_LEAN,
    SENT,
    SEQUENTIAL,
    SEVERITY,
    SHIFT,
    SIDE,
    START_AT_MS,
    STATUS_NOW,
    TICK,
    TICKS_ONLY,
    TOUCH_ONLY,
    VIEW_DECAYS,
    WISH_MISSING,
    WISH_PRICE,
    Sim,
    Views,
)
from simcore.strategies.view import (
    DEPTH,
    IN_PLAY_NOW,
    IS_OPEN,
    N_OFFER,
    N_SEEN_ORDERS,
    NOW_MS,
    OFFER_PENCE,
    OFFER_SIDE,
    OFFER_SLOT,
    OFFER_TICK,
    OWN_COLUMN,
    PENCE_COLUMN,
    SEEN_PENCE,
    SEEN_SIDE,
    SEEN_SLOT,
    SEEN_TICK,
    SLOT_GONE,
    SLOT_LAST_TICK,
    SLOT_LOSE,
    SLOT_MATCHED,
    SLOT_RUNNER,
    SLOT_WIN,
    TICK_COLUMN,
    TO_START_MS,
    Offers,
    View,
)
from simcore.units import N_TICKS


@kernel
def pick_runner(sim: Sim, rank: int, now: int) -> int:
    """The runner with the rank-th lowest best price to back (0 = favourite); -1 when fewer runners have one."""
    chosen = -1
    floor = -1
    for _ in range(rank + 1):
        best = (N_TICKS + 1) * sim.runners.shape[0]
        for r in range(sim.runners.shape[0]):
            t = best_level(sim, r, ATB, now)
            key = (t + sim.runners[r, SHIFT]) * sim.runners.shape[0] + r
            if t >= 0 and sim.runners[r, GONE] == 0 and floor < key < best:
                best, chosen = key, r
        if best == (N_TICKS + 1) * sim.runners.shape[0]:
            return -1
        floor = best
    return chosen


@small_kernel
def own_at(sim: Sim, r: int, b: int, t: int) -> int:
    """Pence of ours standing at a level."""
    pence = 0
    if not own_around(sim, r, b, t):
        return pence
    for i in range(sim.tally[N_STANDING]):
        o = sim.standing[i]
        if stands_at(sim, o, r, b, t):
            pence += sim.orders[o, REMAINING]
    return pence


@kernel
def best_own(sim: Sim, r: int, b: int) -> int:
    """Best tick of our standing orders in a book; outside 0..349 if none."""
    o = best_standing(sim, r, b)
    if o < 0:
        return -1 if b == ATB else N_TICKS
    return sim.orders[o, TICK]


@small_kernel
def decays(sim: Sim, r: int, b: int, t: int) -> bool:
    """Whether a level changes with time alone."""
    return sim.displaced[r, b, t] != 0 and sim.stamp_ms[r, b, t] != HELD_MS


@kernel
def note_decay(sim: Sim, r: int, b: int, t: int, best: int) -> None:
    """A level before the best may be one that we emptied: it comes back with time."""
    while 0 <= t < N_TICKS and better(b, t, best):
        if decays(sim, r, b, t):
            sim.tally[VIEW_DECAYS] = 1
        t = worse(b, t)


@small_kernel
def note_seen(sim: Sim, b: int, t: int) -> None:
    """Level t is the last one that the bot sees of book b; where each message moves the world, any change matters."""
    moves = sim.reals[SEVERITY] != 0.0 or sim.settings[REFILL_KIND] == REFILL_INSTANT
    if b == ATB:
        sim.tally[SEEN_BACK] = -1 if moves else t
    else:
        sim.tally[SEEN_LAY] = N_TICKS if moves else t


@kernel
def see_ladder(sim: Sim, views: Views, i: int, slot: int, b: int, now: int) -> None:
    """Write the DEPTH best levels of one book into snapshot i, own orders included; all a core needs that sees the touch only
    is the levels down to the best where somebody else stands."""
    r = views.slots[i, slot, SLOT_RUNNER]
    touch = views.touch[i, slot, b]
    shift = sim.runners[r, SHIFT]
    t = best_level(sim, r, b, now)
    note_decay(sim, r, b, sim.hint[r, b], t)
    if better(b, own_best(sim, r, b), t):
        t = own_best(sim, r, b)
    level = 0
    last, prices_only = sim.settings[TOUCH_ONLY] != 0, sim.settings[TICKS_ONLY] != 0
    note_seen(sim, b, -1 if b == ATB else N_TICKS)
    while level < DEPTH and 0 <= t + shift < N_TICKS:
        mine = own_at(sim, r, b, t)
        bare = t < 0 or t >= N_TICKS or is_bare(sim, r, b, t)
        pence = mine if bare else world_size(sim, r, b, t, now) + mine
        if not bare and decays(sim, r, b, t) and not (prices_only and sim.recorded[r, b, t] > 0 and pence > mine):
            sim.tally[VIEW_DECAYS] = 1  # what the record has stays as time goes by, and with it the price
        if pence > 0:
            touch[level, TICK_COLUMN] = t + shift
            touch[level, PENCE_COLUMN] = pence
            touch[level, OWN_COLUMN] = mine
            level += 1
            if last and pence > mine:
                note_seen(sim, b, t)
                break
        t = worse(b, t)
    while level < DEPTH and touch[level, TICK_COLUMN] >= 0:  # behind an empty level all are
        touch[level, TICK_COLUMN] = -1
        touch[level, PENCE_COLUMN] = 0
        touch[level, OWN_COLUMN] = 0
        level += 1


@kernel
def snapshot(sim: Sim, views: Views, i: int, poll_ms: int, now: int) -> None:
    """Keep what the poll at `poll_ms` will see: the world of now. A pick that is due is made and kept."""
    to_start_ms = sim.market[START_AT_MS] - poll_ms
    views.poll_ms[i] = poll_ms
    views.clock[i, NOW_MS] = poll_ms
    views.clock[i, TO_START_MS] = to_start_ms
    views.clock[i, IS_OPEN] = int(sim.market[STATUS_NOW] == OPEN)
    views.clock[i, IN_PLAY_NOW] = sim.market[IS_IN_PLAY]
    if views.slots[0, 0, SLOT_RUNNER] < 0 and to_start_ms <= sim.settings[PICK_MS]:
        chosen = pick_runner(sim, sim.settings[PICK_RANK], now)
        for j in range(views.slots.shape[0]):
            views.slots[j, 0, SLOT_RUNNER] = chosen
        sim.tally[PICKED] = int(chosen >= 0)
    see_slots(sim, views, i, now)


@kernel
def see_slots(sim: Sim, views: Views, i: int, now: int) -> None:
    """Write the runners the core trades, as they stand now, into snapshot i."""
    sim.tally[VIEW_DECAYS] = 0
    for slot in range(sim.settings[N_SLOTS]):
        r = views.slots[i, slot, SLOT_RUNNER]
        if r < 0:
            continue
        net_crossed(sim, r, now)
        views.slots[i, slot, SLOT_LAST_TICK] = sim.runners[r, LAST_TICK]
        views.slots[i, slot, SLOT_MATCHED] = sim.runners[r, MATCHED] // 2
        views.slots[i, slot, SLOT_GONE] = sim.runners[r, GONE]
        see_ladder(sim, views, i, slot, ATB, now)
        see_ladder(sim, views, i, slot, ATL, now)
        sim.tally[SEEN_LEAN] = lean_of(sim, r)


@small_kernel
def slot_of(sim: Sim, views: Views, i: int, o: int) -> int:
    """Slot of order o's runner, -1 if the core does not trade it."""
    for slot in range(sim.settings[N_SLOTS]):
        if views.slots[i, slot, SLOT_RUNNER] == sim.orders[o, RUNNER]:
            return slot
    return -1


@kernel
def view_of(sim: Sim, views: Views, i: int) -> View:
    """Snapshot i with the bot's own position and orders as it knows them now."""
    for slot in range(sim.settings[N_SLOTS]):
        r = views.slots[i, slot, SLOT_RUNNER]
        if r >= 0:
            views.slots[i, slot, SLOT_WIN] = sim.runners[r, KNOWN_WIN] // MICRO
            views.slots[i, slot, SLOT_LOSE] = sim.runners[r, KNOWN_LOSE] // MICRO
    n = 0
    for live in range(sim.tally[N_LIVE]):
        o = sim.live[live]
        if n < views.orders.shape[0]:
            views.orders[n, SEEN_SLOT] = slot_of(sim, views, i, o)
            views.orders[n, SEEN_SIDE] = sim.orders[o, SIDE]
            views.orders[n, SEEN_TICK] = sim.orders[o, TICK]
            views.orders[n, SEEN_PENCE] = sim.orders[o, BELIEVED]
            n += 1
    views.clock[i, N_SEEN_ORDERS] = n
    return View(views.clock[i], views.slots[i], views.touch[i], views.orders)


@small_kernel
def price_of(r: int, side: int, tick: int) -> int:
    """Runner, side and price as one number, which no other three have; never negative."""
    return (2 * r + rests_in(side)) * N_TICKS + tick


@kernel
def note_wishes(sim: Sim, views: Views, i: int, offers: Offers) -> None:
    """Note for each price what the core wants there. Of several offers at a price the first stands for all."""
    for k in range(offers.n[0]):
        r = views.slots[i, offers.rows[k, OFFER_SLOT], SLOT_RUNNER]
        price, pence = price_of(r, offers.rows[k, OFFER_SIDE], offers.rows[k, OFFER_TICK]), offers.rows[k, OFFER_PENCE]
        sim.wanted[k, WISH_PRICE] = price
        sim.wanted[k, WISH_MISSING] = pence
        for earlier in range(k):
            if sim.wanted[earlier, WISH_PRICE] == price:
                sim.wanted[earlier, WISH_MISSING] += pence
                sim.wanted[k, WISH_PRICE] = NO_PRICE
                sim.wanted[k, WISH_MISSING] = 0


@kernel
def match_wishes(sim: Sim, n: int) -> bool:
    """Take what the bot thinks stands from what is wanted, price by price; returns whether anything stands beyond that.

    Without a branch on what matches: which order meets which offer changes from poll to poll, and guessing it wrong costs more
    than comparing all.
    """
    unmet = 0
    for live in range(sim.tally[N_LIVE]):
        o = sim.live[live]
        believed = sim.orders[o, BELIEVED]
        price = price_of(sim.orders[o, RUNNER], sim.orders[o, SIDE], sim.orders[o, TICK])
        unmet += believed
        for k in range(n):
            here = believed * int(sim.wanted[k, WISH_PRICE] == price)
            sim.wanted[k, WISH_MISSING] -= here
            unmet -= here
    for k in range(n):
        if sim.wanted[k, WISH_MISSING] < 0:
            return True
    return unmet > 0


@small_kernel
def beyond_wishes(sim: Sim, n: int, o: int) -> int:
    """What of order o stands beyond the wanted, pence; the rest of it has its place. Newest orders are asked first."""
    price = price_of(sim.orders[o, RUNNER], sim.orders[o, SIDE], sim.orders[o, TICK])
    for k in range(n):
        if sim.wanted[k, WISH_PRICE] == price:
            excess = min(sim.orders[o, BELIEVED], max(0, -sim.wanted[k, WISH_MISSING]))
            sim.wanted[k, WISH_MISSING] += excess
            return excess
    return int(sim.orders[o, BELIEVED])


@kernel
def cancel_unwanted(sim: Sim, views: Views, i: int, offers: Offers, now: int) -> int:
    """Cancel what stands beyond the wanted, newest first (the last one is cut); returns the requests sent."""
    note_wishes(sim, views, i, offers)
    if not match_wishes(sim, offers.n[0]):
        return 0
    sent = 0
    for live in range(sim.tally[N_LIVE] - 1, -1, -1):
        o = sim.live[live]
        excess = beyond_wishes(sim, offers.n[0], o)
        if excess > 0:
            sim.tally[CANCELS] += 1
            send(sim, CANCEL_ORDER, o, excess, sim.settings[CANCEL_MS], sim.reals[CANCEL_SIGMA], now)
            sent += 1
    return sent


@kernel
def place_missing(sim: Sim, views: Views, i: int, offers: Offers, now: int) -> None:
    """Place what is wanted and does not stand, as `cancel_unwanted` left it; what the rules would refuse as too small is not
    sent."""
    for k in range(offers.n[0]):
        missing, tick = sim.wanted[k, WISH_MISSING], offers.rows[k, OFFER_TICK]
        if missing > 0 and not below_minimum(sim, missing, tick):
            r = views.slots[i, offers.rows[k, OFFER_SLOT], SLOT_RUNNER]
            send_place(sim, r, offers.rows[k, OFFER_SIDE], tick, missing, now)
            sim.wanted[k, WISH_MISSING] = 0
    if sim.settings[LONG_WAY] != 0:
        send_long_way(sim, views, i, offers, now)


@kernel
def send_long_way(sim: Sim, views: Views, i: int, offers: Offers, now: int) -> None:
    """The first closing offer that is too small to be placed sets out the long way."""
    for k in range(offers.n[0]):
        slot, side, tick = offers.rows[k, OFFER_SLOT], offers.rows[k, OFFER_SIDE], offers.rows[k, OFFER_TICK]
        r = views.slots[i, slot, SLOT_RUNNER]
        missing = sim.wanted[k, WISH_MISSING]
        if missing > 0 and below_minimum(sim, missing, tick) and closes(sim, r, side, tick, missing):
            set_out(sim, r, side, tick, missing, now)
            return


@small_kernel
def wants_the_same(sim: Sim, offers: Offers) -> bool:
    """Whether the core wants what it wanted at a poll that had nothing to send, and the bot has heard nothing since."""
    n = sim.tally[N_WANTED]
    if offers.n[0] != n:
        return False
    for k in range(n):
        for column in range(N_OFFER):
            if offers.rows[k, column] != sim.wanted[k, column]:
                return False
    return True


@kernel
def keep_wanted(sim: Sim, offers: Offers) -> None:
    """All that is wanted stands, or cannot be sent."""
    sim.tally[N_WANTED] = offers.n[0]
    for k in range(offers.n[0]):
        for column in range(N_OFFER):
            sim.wanted[k, column] = offers.rows[k, column]


@kernel
def reconcile(sim: Sim, views: Views, i: int, offers: Offers, now: int) -> None:
    """Send the requests that make standing orders match the offers."""
    if wants_the_same(sim, offers):
        return
    before = sim.tally[SENT]
    sent = cancel_unwanted(sim, views, i, offers, now)
    if sent == 0 or sim.settings[SEQUENTIAL] == 0:
        place_missing(sim, views, i, offers, now)
    sim.tally[N_WANTED] = -1
    if sim.tally[SENT] == before:
        keep_wanted(sim, offers)
