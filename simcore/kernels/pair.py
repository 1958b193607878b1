"""Two markets of one event on one clock, with one core, one account and one bot.

Each market keeps its own `Sim`, record and snapshots, as in a replay of its own; what joins them is here. At equal
milliseconds: records (first market, then second), requests taking effect (likewise), snapshots, polls.

Notation: simcore.kernels.pair_state.
"""

from __future__ import annotations

from simcore.dtypes import CLOSED, OPEN
from simcore.kernels.account import bets_if_won, extreme_outcome
from simcore.kernels.compiling import Int1, Int2, Real1, kernel
from simcore.kernels.fills import hear
from simcore.kernels.harness import cancel_unwanted, pick_runner, place_missing, see_slots, view_of
from simcore.kernels.long_way import go_on
from simcore.kernels.loop import after_message, next_snapshot_ms, note_mark, nothing_left, write_line
from simcore.kernels.pair_state import ACCOUNT_PENCE, CLOCK, LARGEST_CLAIM, LAST_MS, NEXT_MESSAGE, Pair
from simcore.kernels.record import apply_message, note_off
from simcore.kernels.requests import handle_request, next_request_ms
from simcore.kernels.settlement import result_known, settle
from simcore.kernels.state import (
    ANSWERING,
    BUSY_UNTIL_MS,
    FILLS,
    FULL,
    FUNDS_PENCE,
    IS_IN_PLAY,
    LAST_POLL_MS,
    LOOK_MS,
    MICRO,
    N_LIVE,
    N_SLOTS,
    NEVER_MS,
    OBSERVE_MS,
    PICK_MS,
    PICK_RANK,
    PICKED,
    POLL_MS,
    POLLS,
    ROUTE,
    SEQUENTIAL,
    SERVED,
    START_AT_MS,
    STATUS_NOW,
    STOPPED,
    TAKEN,
    TRADES_IN_PLAY,
    WINDOW_FIRST_MS,
    WINDOW_LAST_MS,
    Record,
    Sim,
    Views,
)
from simcore.strategies.view import (
    DEPTH,
    IN_PLAY_NOW,
    IS_OPEN,
    N_LEVEL,
    N_OFFER,
    N_SEEN,
    N_SEEN_ORDERS,
    N_SLOT,
    NOW_MS,
    OFFER_SLOT,
    SEEN_SLOT,
    SLOT_IN_PLAY,
    SLOT_OPEN,
    SLOT_RUNNER,
    TICK_COLUMN,
    TO_START_MS,
    CoreFunction,
    Offers,
    View,
)


@kernel
def next_message_ms(record: Record, progress: Int1) -> int:
    """When the record of a market moves on, NEVER_MS where it is over."""
    m = progress[NEXT_MESSAGE]
    return record.message_ms[m] if m < record.message_ms.shape[0] else NEVER_MS


@kernel
def is_watched(sim: Sim) -> bool:
    """Whether the harness still looks at a market: it has runners of the core and is not closed."""
    return sim.settings[N_SLOTS] > 0 and sim.tally[STOPPED] == 0


@kernel
def read_message(record: Record, sim: Sim, progress: Int1) -> None:
    """The record of one market moves on by a message."""
    m = progress[NEXT_MESSAGE]
    now = record.message_ms[m]
    apply_message(sim, record, m)
    after_message(sim, now)
    progress[NEXT_MESSAGE] = m + 1
    progress[LAST_MS] = now


@kernel
def claim(sim: Sim) -> int:
    """What a market may cost the account, micropence, never negative: its exposure, or its loss once its result is known."""
    if sim.market[STATUS_NOW] == CLOSED and result_known(sim):
        return max(0, -settle(sim))
    return max(0, -extreme_outcome(sim, bets_if_won(sim, True), 1))


@kernel
def act(sim: Sim, progress: Int1, account: Int1, elsewhere: int, now: int) -> None:
    """A request takes effect in one market; what the other one may cost (`elsewhere`) is not there to fund it."""
    sim.settings[FUNDS_PENCE] = account[ACCOUNT_PENCE] + -elsewhere // MICRO
    handle_request(sim, now)
    progress[LAST_MS] = now
    account[LARGEST_CLAIM] = max(account[LARGEST_CLAIM], elsewhere + claim(sim))


@kernel
def next_look_ms(clock: Sim, other: Sim, now: int) -> int:
    """When the snapshot for the next poll is due: by the clock of one market, or after a message of either."""
    due = next_snapshot_ms(clock, now)
    at_messages = clock.settings[POLL_MS] == 0 and clock.market[START_AT_MS] != NEVER_MS
    if at_messages and other.settings[N_SLOTS] > 0:
        due = min(due, next_snapshot_ms(other, now))
    return due


@kernel
def picked_row(clock: Sim, keys: Int1, now: int) -> int:
    """Row of `members` whose key is the runner of the rank asked for; -1 where there is none."""
    chosen = pick_runner(clock, clock.settings[PICK_RANK], now)
    for row in range(keys.shape[0]):
        if chosen >= 0 and keys[row] == chosen:
            return row
    return -1


@kernel
def take_members(sim: Sim, views: Views, members: Int2, row: int, first: int) -> None:
    """From now on the slots of a market are the runners of a row of `members`, from column `first` on."""
    for slot in range(sim.settings[N_SLOTS]):
        for i in range(views.poll_ms.shape[0]):
            views.slots[i, slot, SLOT_RUNNER] = members[row, first + slot]
    sim.tally[PICKED] = 1


@kernel
def keep_look(sim: Sim, views: Views, poll_ms: int, to_start_ms: int, now: int) -> None:
    """Keep what the poll at `poll_ms` will see of one market."""
    i = sim.tally[TAKEN] % views.poll_ms.shape[0]
    views.poll_ms[i] = poll_ms
    views.clock[i, NOW_MS] = poll_ms
    views.clock[i, TO_START_MS] = to_start_ms
    views.clock[i, IS_OPEN] = int(sim.market[STATUS_NOW] == OPEN)
    views.clock[i, IN_PLAY_NOW] = sim.market[IS_IN_PLAY]
    see_slots(sim, views, i, now)
    sim.tally[TAKEN] += 1


@kernel
def look(pair: Pair, now: int) -> None:
    """Keep what the poll `observe_ms` from now will see of both markets, unless the bot is known to be waiting then."""
    one, two = pair.first.sim, pair.second.sim
    poll_ms = now + one.settings[OBSERVE_MS]
    one.tally[LAST_POLL_MS] = two.tally[LAST_POLL_MS] = poll_ms
    one.tally[LOOK_MS] = two.tally[LOOK_MS] = 0
    if one.tally[BUSY_UNTIL_MS] > poll_ms or two.tally[BUSY_UNTIL_MS] > poll_ms:
        return
    start_ms = (one if pair.account[CLOCK] == 0 else two).market[START_AT_MS]
    if one.tally[PICKED] == 0 and start_ms - poll_ms <= one.settings[PICK_MS]:
        row = picked_row(one if pair.account[CLOCK] == 0 else two, pair.keys, now)
        if row >= 0:
            take_members(one, pair.first.views, pair.members, row, 0)
            take_members(two, pair.second.views, pair.members, row, one.settings[N_SLOTS])
    keep_look(one, pair.first.views, poll_ms, start_ms - poll_ms, now)
    keep_look(two, pair.second.views, poll_ms, start_ms - poll_ms, now)


@kernel
def waits(sim: Sim, now: int) -> bool:
    """Whether an answer of a market is outstanding."""
    return sim.tally[ANSWERING] > 0 or sim.tally[BUSY_UNTIL_MS] > now


@kernel
def takes_requests(sim: Sim, clock: Int1) -> bool:
    """Whether the core may act in a market as a snapshot shows it."""
    if not is_watched(sim) or clock[IS_OPEN] == 0:
        return False
    return clock[IN_PLAY_NOW] == 0 or sim.settings[TRADES_IN_PLAY] != 0


@kernel
def plays(sim: Sim, clock: Int1) -> bool:
    """Whether a market is in-play, or the core trades none of its runners."""
    return sim.settings[N_SLOTS] == 0 or clock[IN_PLAY_NOW] != 0


@kernel
def begin_view(seen: View, clock: Int1) -> None:
    """What the core sees before either market is brought in."""
    seen.clock[NOW_MS] = clock[NOW_MS]
    seen.clock[TO_START_MS] = clock[TO_START_MS]
    seen.clock[IS_OPEN] = 1
    seen.clock[IN_PLAY_NOW] = 0
    seen.clock[N_SEEN_ORDERS] = 0


@kernel
def see_side(sim: Sim, views: Views, timeline: Int2, seen: View, first: int, i: int, now: int) -> None:
    """Bring one market into what the core sees, its slots from `first` on, with its position and orders as known now.

    IS_OPEN is left where every market the core trades is open, IN_PLAY_NOW where any is in-play.
    """
    view = view_of(sim, views, i)
    sim.tally[POLLS] += 1
    if sim.tally[FILLS] > 0 or timeline.shape[0] > 0:
        write_line(sim, view, timeline, note_mark(sim, now), now)
    for slot in range(sim.settings[N_SLOTS]):
        for column in range(N_SLOT):
            seen.slots[first + slot, column] = view.slots[slot, column]
        seen.slots[first + slot, SLOT_OPEN] = int(takes_requests(sim, view.clock))
        seen.slots[first + slot, SLOT_IN_PLAY] = view.clock[IN_PLAY_NOW]
        for b in range(2):
            for level in range(DEPTH):
                for column in range(N_LEVEL):
                    seen.touch[first + slot, b, level, column] = view.touch[slot, b, level, column]
            if view.slots[slot, SLOT_RUNNER] < 0:
                seen.touch[first + slot, b, 0, TICK_COLUMN] = -1
    seen.clock[IS_OPEN] = min(seen.clock[IS_OPEN], view.clock[IS_OPEN])
    seen.clock[IN_PLAY_NOW] = max(seen.clock[IN_PLAY_NOW], view.clock[IN_PLAY_NOW])
    see_orders(view, seen, first)


@kernel
def see_orders(view: View, seen: View, first: int) -> None:
    """Append the standing orders of a market whose slots begin at `first`."""
    row = seen.clock[N_SEEN_ORDERS]
    for n in range(view.clock[N_SEEN_ORDERS]):
        if row >= seen.orders.shape[0]:
            return
        for column in range(N_SEEN):
            seen.orders[row, column] = view.orders[n, column]
        if view.orders[n, SEEN_SLOT] >= 0:
            seen.orders[row, SEEN_SLOT] += first
        row += 1
        seen.clock[N_SEEN_ORDERS] = row


@kernel
def share_out(wanted: Offers, seen: View, offers: Offers, first: int, end: int) -> None:
    """Hand the core's offers on the slots from `first` to `end` to their market; one on a slot without a runner is none."""
    offers.n[0] = 0
    for row in range(wanted.n[0]):
        slot = wanted.rows[row, OFFER_SLOT]
        if slot < first or slot >= end or seen.slots[slot, SLOT_RUNNER] < 0:
            continue
        n = offers.n[0]
        for column in range(N_OFFER):
            offers.rows[n, column] = wanted.rows[row, column]
        offers.rows[n, OFFER_SLOT] = slot - first
        offers.n[0] = n + 1


@kernel
def steps_on(sim: Sim, now: int) -> bool:
    """The next step of a closing stake under the minimum, where one is under way."""
    return sim.tally[ROUTE] > 0 and go_on(sim, now)


@kernel
def poll_both(core: CoreFunction, pair: Pair, parameters: Real1, now: int) -> None:
    """The harness looks: hears the news of both markets, asks the core, sends what is missing.

    Cancels of both are answered before places are sent (`sequential`). Where one market is in-play and the core does not trade
    there, nothing is wanted in the other one any more.
    """
    one, two, seen = pair.first.sim, pair.second.sim, pair.seen
    i = one.tally[SERVED] % pair.first.views.poll_ms.shape[0]
    one.tally[SERVED] += 1
    two.tally[SERVED] += 1
    if waits(one, now) or waits(two, now) or one.tally[PICKED] == 0:
        return
    hear(one, now)
    hear(two, now)
    clock_one, clock_two = pair.first.views.clock[i], pair.second.views.clock[i]
    n, end = one.settings[N_SLOTS], seen.slots.shape[0]
    begin_view(seen, clock_one)
    if n > 0:
        see_side(one, pair.first.views, pair.first.timeline, seen, 0, i, now)
    if end > n:
        see_side(two, pair.second.views, pair.second.timeline, seen, n, i, now)
    barred = one.settings[TRADES_IN_PLAY] == 0
    over = seen.clock[TO_START_MS] < one.settings[WINDOW_LAST_MS] or (barred and seen.clock[IN_PLAY_NOW] != 0)
    live = one.tally[N_LIVE] > 0 or two.tally[N_LIVE] > 0
    all_play = barred and plays(one, clock_one) and plays(two, clock_two)
    if all_play or (over and not live):
        one.tally[STOPPED] = two.tally[STOPPED] = 1
    early = seen.clock[TO_START_MS] > one.settings[WINDOW_FIRST_MS]
    in_one, in_two = takes_requests(one, clock_one), takes_requests(two, clock_two)
    if early or not (in_one or in_two):
        return
    if not over and ((in_one and steps_on(one, now)) or (in_two and steps_on(two, now))):
        return
    pair.offers.n[0] = 0
    if not over:
        core(seen, parameters, pair.offers)
    share_out(pair.offers, seen, pair.first.offers, 0, n)
    share_out(pair.offers, seen, pair.second.offers, n, end)
    sent = cancel_unwanted(one, pair.first.views, i, pair.first.offers, now) if in_one else 0
    sent += cancel_unwanted(two, pair.second.views, i, pair.second.offers, now) if in_two else 0
    if sent > 0 and one.settings[SEQUENTIAL] != 0:
        return
    if in_one:
        place_missing(one, pair.first.views, i, pair.first.offers, now)
    if in_two:
        place_missing(two, pair.second.views, i, pair.second.offers, now)


@kernel
def next_poll_ms(sim: Sim, views: Views) -> int:
    """When a snapshot is due to be looked at, NEVER_MS where none waits."""
    served = sim.tally[SERVED]
    return views.poll_ms[served % views.poll_ms.shape[0]] if served < sim.tally[TAKEN] else NEVER_MS


@kernel
def run_pair(core: CoreFunction, pair: Pair, parameters: Real1) -> None:
    """Replay both records with `core`; everything it leaves is in the two `sim`s and timelines."""
    record_one, record_two = pair.first.record, pair.second.record
    one, two = pair.first.sim, pair.second.sim
    done_one, done_two = pair.first.progress, pair.second.progress
    by_first = pair.account[CLOCK] == 0
    now = min(next_message_ms(record_one, done_one), next_message_ms(record_two, done_two))
    while one.tally[FULL] == 0 and two.tally[FULL] == 0:
        m_one, m_two = next_message_ms(record_one, done_one), next_message_ms(record_two, done_two)
        r_one, r_two = next_request_ms(one), next_request_ms(two)
        live = (is_watched(one) and m_one != NEVER_MS) or (is_watched(two) and m_two != NEVER_MS)
        t_message, t_request = min(m_one, m_two), min(r_one, r_two)
        t_snapshot = t_poll = NEVER_MS
        if live:
            t_snapshot = next_look_ms(one, two, now) if by_first else next_look_ms(two, one, now)
            t_poll = next_poll_ms(one, pair.first.views)
        now = min(t_message, t_request, t_snapshot, t_poll)
        if now == NEVER_MS:
            break
        if m_one == now:
            read_message(record_one, one, done_one)
        elif m_two == now:
            read_message(record_two, two, done_two)
        elif r_one == now:
            act(one, done_one, pair.account, claim(two), now)
        elif r_two == now:
            act(two, done_two, pair.account, claim(one), now)
        elif t_snapshot == now:
            look(pair, now)
        else:
            poll_both(core, pair, parameters, now)
        if t_message == now and nothing_left(one) and nothing_left(two):
            break
    if one.market[STATUS_NOW] == OPEN and one.market[IS_IN_PLAY] == 0:
        note_off(one, done_one[LAST_MS])
    if two.market[STATUS_NOW] == OPEN and two.market[IS_IN_PLAY] == 0:
        note_off(two, done_two[LAST_MS])
