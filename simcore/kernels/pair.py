"""Two markets of one event on one clock, with one core, one account and one bot.

Each market keeps its own `Sim`, record and snapshots, as in a replay of its own; what joins them is here. At equal
milliseconds: records (first market, then second), requests taking effect (likewise), snapshots, polls.

Notation: simcore.kernels.pair_state.
"""

from __future__ import annotations

from simcore.dtypes import CLOSED, OPEN
from simcore.kernels.account import bets_if_won, extreme_outcome, mark_to_market
from simcore.kernels.compiling import Real1, kernel
from simcore.kernels.displacement import net_touched
from simcore.kernels.fills import hear
from simcore.kernels.harness import cancel_unwanted, pick_runner, place_missing, see_slots, view_of
from simcore.kernels.long_way import go_on
from simcore.kernels.loop import after_message, next_snapshot_ms, nothing_left, write_line
from simcore.kernels.pair_state import ACCOUNT_PENCE, CLOCK, LARGEST_CLAIM, LAST_MS, NEXT_MESSAGE, Pair, Side
from simcore.kernels.record import apply_message, note_off
from simcore.kernels.requests import handle_request, next_request_ms
from simcore.kernels.settlement import result_known, settle
from simcore.kernels.state import (
    ANSWERING,
    BUSY_UNTIL_MS,
    FILLS,
    FIRST_LIVE,
    FULL,
    FUNDS_PENCE,
    IS_IN_PLAY,
    LAST_POLL_MS,
    LOOK_MS,
    MICRO,
    N_ORDERS,
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
    WORST_MARK,
    Sim,
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
    View,
)


@kernel
def side_of(pair: Pair, k: int) -> Side:
    """The k-th market."""
    return pair.first if k == 0 else pair.second


@kernel
def next_message_ms(side: Side) -> int:
    """When the record of a market moves on, NEVER_MS where it is over."""
    m = side.progress[NEXT_MESSAGE]
    return side.record.message_ms[m] if m < side.record.message_ms.shape[0] else NEVER_MS


@kernel
def is_live(side: Side) -> bool:
    """Whether the harness still looks at a market: it has runners of the core, is not closed, and the record goes on."""
    sim = side.sim
    return sim.settings[N_SLOTS] > 0 and sim.tally[STOPPED] == 0 and next_message_ms(side) != NEVER_MS


@kernel
def read_message(side: Side) -> None:
    """The record of one market moves on by a message."""
    m = side.progress[NEXT_MESSAGE]
    now = side.record.message_ms[m]
    apply_message(side.sim, side.record, m)
    after_message(side.sim, now)
    side.progress[NEXT_MESSAGE] = m + 1
    side.progress[LAST_MS] = now


@kernel
def claim(sim: Sim) -> int:
    """What a market may cost the account, micropence, never negative: its exposure, or its loss once its result is known."""
    if sim.market[STATUS_NOW] == CLOSED and result_known(sim):
        return max(0, -settle(sim))
    return max(0, -extreme_outcome(sim, bets_if_won(sim, True), 1))


@kernel
def act(pair: Pair, k: int, now: int) -> None:
    """A request takes effect in the k-th market; what the other one may cost is not there to fund it."""
    side, other = side_of(pair, k), side_of(pair, 1 - k)
    elsewhere = claim(other.sim)
    side.sim.settings[FUNDS_PENCE] = pair.account[ACCOUNT_PENCE] + -elsewhere // MICRO
    handle_request(side.sim, now)
    side.progress[LAST_MS] = now
    pair.account[LARGEST_CLAIM] = max(pair.account[LARGEST_CLAIM], elsewhere + claim(side.sim))


@kernel
def next_look_ms(pair: Pair, now: int) -> int:
    """When the snapshot for the next poll is due: by the clock of one market, or after a message of either."""
    clock = side_of(pair, pair.account[CLOCK])
    due = next_snapshot_ms(clock.sim, now)
    other = side_of(pair, 1 - pair.account[CLOCK])
    if (
        clock.sim.settings[POLL_MS] == 0
        and other.sim.settings[N_SLOTS] > 0
        and clock.sim.market[START_AT_MS] != NEVER_MS
    ):
        due = min(due, next_snapshot_ms(other.sim, now))
    return due


@kernel
def choose(pair: Pair, now: int) -> None:
    """The pick that is due: the row of `members` whose key is the runner of that rank."""
    sim = side_of(pair, pair.account[CLOCK]).sim
    chosen = pick_runner(sim, sim.settings[PICK_RANK], now)
    for row in range(pair.keys.shape[0]):
        if chosen >= 0 and pair.keys[row] == chosen:
            take_members(pair, row)
            return


@kernel
def take_members(pair: Pair, row: int) -> None:
    """From now on the slots are the runners of a row of `members`."""
    first = 0
    for k in range(2):
        side = side_of(pair, k)
        n = side.sim.settings[N_SLOTS]
        for slot in range(n):
            for i in range(side.views.poll_ms.shape[0]):
                side.views.slots[i, slot, SLOT_RUNNER] = pair.members[row, first + slot]
        side.sim.tally[PICKED] = 1
        first += n


@kernel
def look(pair: Pair, now: int) -> None:
    """Keep what the poll `observe_ms` from now will see of both markets, unless the bot is known to be waiting then."""
    clock = side_of(pair, pair.account[CLOCK]).sim
    poll_ms = now + clock.settings[OBSERVE_MS]
    to_start_ms = clock.market[START_AT_MS] - poll_ms
    busy = False
    for k in range(2):
        sim = side_of(pair, k).sim
        sim.tally[LAST_POLL_MS] = poll_ms
        sim.tally[LOOK_MS] = 0
        busy = busy or sim.tally[BUSY_UNTIL_MS] > poll_ms
    if busy:
        return
    if clock.tally[PICKED] == 0 and to_start_ms <= clock.settings[PICK_MS]:
        choose(pair, now)
    for k in range(2):
        side = side_of(pair, k)
        i = side.sim.tally[TAKEN] % side.views.poll_ms.shape[0]
        side.views.poll_ms[i] = poll_ms
        side.views.clock[i, NOW_MS] = poll_ms
        side.views.clock[i, TO_START_MS] = to_start_ms
        side.views.clock[i, IS_OPEN] = int(side.sim.market[STATUS_NOW] == OPEN)
        side.views.clock[i, IN_PLAY_NOW] = side.sim.market[IS_IN_PLAY]
        see_slots(side.sim, side.views, i, now)
        side.sim.tally[TAKEN] += 1


@kernel
def waits(sim: Sim, now: int) -> bool:
    """Whether an answer of a market is outstanding."""
    return sim.tally[ANSWERING] > 0 or sim.tally[BUSY_UNTIL_MS] > now


@kernel
def takes_requests(side: Side, i: int) -> bool:
    """Whether the core may act in a market as snapshot i shows it."""
    if side.sim.settings[N_SLOTS] == 0 or side.sim.tally[STOPPED] != 0 or side.views.clock[i, IS_OPEN] == 0:
        return False
    return side.views.clock[i, IN_PLAY_NOW] == 0 or side.sim.settings[TRADES_IN_PLAY] != 0


@kernel
def see_side(pair: Pair, k: int, i: int, now: int) -> None:
    """Bring one market into what the core sees, with its position and orders as known now; note its mark-to-market."""
    side = side_of(pair, k)
    sim, n = side.sim, side.sim.settings[N_SLOTS]
    if n == 0:
        return
    view = view_of(sim, side.views, i)
    sim.tally[POLLS] += 1
    if sim.tally[FILLS] > 0 or side.timeline.shape[0] > 0:
        net_touched(sim, now)
        mark = mark_to_market(sim, now)
        sim.tally[WORST_MARK] = min(sim.tally[WORST_MARK], mark)
        write_line(sim, view, side.timeline, mark, now)
    first = pair.first.sim.settings[N_SLOTS] if k == 1 else 0
    for slot in range(n):
        for column in range(N_SLOT):
            pair.seen.slots[first + slot, column] = view.slots[slot, column]
        pair.seen.slots[first + slot, SLOT_OPEN] = int(takes_requests(side, i))
        pair.seen.slots[first + slot, SLOT_IN_PLAY] = view.clock[IN_PLAY_NOW]
        for b in range(2):
            for level in range(DEPTH):
                for column in range(N_LEVEL):
                    pair.seen.touch[first + slot, b, level, column] = view.touch[slot, b, level, column]
            if view.slots[slot, SLOT_RUNNER] < 0:
                pair.seen.touch[first + slot, b, 0, TICK_COLUMN] = -1
    see_orders(pair, view, first)


@kernel
def see_orders(pair: Pair, view: View, first: int) -> None:
    """Append the standing orders of a market whose slots begin at `first`."""
    row = pair.seen.clock[N_SEEN_ORDERS]
    for n in range(view.clock[N_SEEN_ORDERS]):
        if row >= pair.seen.orders.shape[0]:
            return
        for column in range(N_SEEN):
            pair.seen.orders[row, column] = view.orders[n, column]
        if view.orders[n, SEEN_SLOT] >= 0:
            pair.seen.orders[row, SEEN_SLOT] += first
        row += 1
        pair.seen.clock[N_SEEN_ORDERS] = row


@kernel
def see_both(pair: Pair, i: int, now: int) -> None:
    """Put together what the core sees: IS_OPEN where every market it trades is, IN_PLAY_NOW where any is."""
    clock = side_of(pair, pair.account[CLOCK]).views.clock[i]
    pair.seen.clock[NOW_MS] = clock[NOW_MS]
    pair.seen.clock[TO_START_MS] = clock[TO_START_MS]
    pair.seen.clock[IS_OPEN] = 1
    pair.seen.clock[IN_PLAY_NOW] = 0
    pair.seen.clock[N_SEEN_ORDERS] = 0
    for k in range(2):
        side = side_of(pair, k)
        see_side(pair, k, i, now)
        if side.sim.settings[N_SLOTS] > 0:
            pair.seen.clock[IS_OPEN] = min(pair.seen.clock[IS_OPEN], side.views.clock[i, IS_OPEN])
            pair.seen.clock[IN_PLAY_NOW] = max(pair.seen.clock[IN_PLAY_NOW], side.views.clock[i, IN_PLAY_NOW])


@kernel
def stop_both(pair: Pair) -> None:
    """The harness will not look again."""
    pair.first.sim.tally[STOPPED] = 1
    pair.second.sim.tally[STOPPED] = 1


@kernel
def share_out(pair: Pair) -> None:
    """Hand the core's offers to the market of their slot; an offer on a slot without a runner is none."""
    first = pair.first.sim.settings[N_SLOTS]
    pair.first.offers.n[0] = 0
    pair.second.offers.n[0] = 0
    for row in range(pair.offers.n[0]):
        slot = pair.offers.rows[row, OFFER_SLOT]
        if slot < 0 or slot >= pair.seen.slots.shape[0] or pair.seen.slots[slot, SLOT_RUNNER] < 0:
            continue
        offers = pair.first.offers if slot < first else pair.second.offers
        n = offers.n[0]
        for column in range(N_OFFER):
            offers.rows[n, column] = pair.offers.rows[row, column]
        offers.rows[n, OFFER_SLOT] = slot if slot < first else slot - first
        offers.n[0] = n + 1


@kernel
def reconcile_both(pair: Pair, i: int, now: int) -> None:
    """Send the requests that make standing orders match the offers, in both markets; cancels are answered before places."""
    share_out(pair)
    sent = 0
    for k in range(2):
        side = side_of(pair, k)
        if takes_requests(side, i):
            sent += cancel_unwanted(side.sim, side.views, i, side.offers, now)
    if sent > 0 and pair.first.sim.settings[SEQUENTIAL] != 0:
        return
    for k in range(2):
        side = side_of(pair, k)
        if takes_requests(side, i):
            place_missing(side.sim, side.views, i, side.offers, now)


@kernel
def all_in_play(pair: Pair, i: int) -> bool:
    """Whether every market the core trades is in-play."""
    for k in range(2):
        side = side_of(pair, k)
        if side.sim.settings[N_SLOTS] > 0 and side.views.clock[i, IN_PLAY_NOW] == 0:
            return False
    return True


@kernel
def is_over(pair: Pair, i: int) -> bool:
    """Whether nothing is wanted any more: after the window, or one market is in-play and the core does not trade there."""
    settings = pair.first.sim.settings
    playing = pair.seen.clock[IN_PLAY_NOW] != 0 and settings[TRADES_IN_PLAY] == 0
    return playing or pair.seen.clock[TO_START_MS] < settings[WINDOW_LAST_MS]


@kernel
def poll_both(core: CoreFunction, pair: Pair, parameters: Real1, now: int) -> None:
    """The harness looks: hears the news of both markets, asks the core, sends what is missing."""
    one, two = pair.first.sim, pair.second.sim
    i = one.tally[SERVED] % pair.first.views.poll_ms.shape[0]
    one.tally[SERVED] += 1
    two.tally[SERVED] += 1
    if waits(one, now) or waits(two, now) or one.tally[PICKED] == 0:
        return
    hear(one, now)
    hear(two, now)
    for k in range(2):
        sim = side_of(pair, k).sim
        if sim.tally[ROUTE] > 0 and go_on(sim, now):
            return
    see_both(pair, i, now)
    if one.settings[TRADES_IN_PLAY] == 0 and all_in_play(pair, i):
        stop_both(pair)
        return
    over = is_over(pair, i)
    live = one.tally[FIRST_LIVE] != one.tally[N_ORDERS] or two.tally[FIRST_LIVE] != two.tally[N_ORDERS]
    if over and not live:
        stop_both(pair)
    early = pair.seen.clock[TO_START_MS] > one.settings[WINDOW_FIRST_MS]
    if early or not (takes_requests(pair.first, i) or takes_requests(pair.second, i)):
        return
    pair.offers.n[0] = 0
    if not over:
        core(pair.seen, parameters, pair.offers)
    reconcile_both(pair, i, now)


@kernel
def next_poll_ms(pair: Pair) -> int:
    """When a snapshot is due to be looked at, NEVER_MS where none waits."""
    sim, views = pair.first.sim, pair.first.views
    served = sim.tally[SERVED]
    return views.poll_ms[served % views.poll_ms.shape[0]] if served < sim.tally[TAKEN] else NEVER_MS


@kernel
def run_pair(core: CoreFunction, pair: Pair, parameters: Real1) -> None:
    """Replay both records with `core`; everything it leaves is in the two `sim`s and timelines."""
    one, two = pair.first, pair.second
    now = min(next_message_ms(one), next_message_ms(two))
    while one.sim.tally[FULL] == 0 and two.sim.tally[FULL] == 0:
        t_one, t_two = next_message_ms(one), next_message_ms(two)
        t_message = min(t_one, t_two)
        r_one, r_two = next_request_ms(one.sim), next_request_ms(two.sim)
        t_request = min(r_one, r_two)
        live = is_live(one) or is_live(two)
        t_snapshot = next_look_ms(pair, now) if live else NEVER_MS
        t_poll = next_poll_ms(pair) if live else NEVER_MS
        now = min(t_message, t_request, t_snapshot, t_poll)
        if now == NEVER_MS:
            break
        if t_message == now:
            read_message(one if t_one == now else two)
            if nothing_left(one.sim) and nothing_left(two.sim):
                break
        elif t_request == now:
            act(pair, 0 if r_one == now else 1, now)
        elif t_snapshot == now:
            look(pair, now)
        else:
            poll_both(core, pair, parameters, now)
    for k in range(2):
        side = side_of(pair, k)
        if side.sim.market[STATUS_NOW] == OPEN and side.sim.market[IS_IN_PLAY] == 0:
            note_off(side.sim, side.progress[LAST_MS])
