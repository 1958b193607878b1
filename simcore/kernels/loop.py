"""The loop: one market, one configuration. At equal milliseconds: record, requests taking effect, snapshots, polls."""

from __future__ import annotations

from typing import Final

from simcore.dtypes import ATB, ATL, CLOSED, OPEN
from simcore.kernels.account import mark_to_market
from simcore.kernels.alone import knows_keys, next_message, passes_key
from simcore.kernels.compiling import Int1, Int2, Real1, kernel, small_kernel
from simcore.kernels.displacement import net_touched
from simcore.kernels.fills import hear
from simcore.kernels.harness import best_own, reconcile, snapshot, view_of
from simcore.kernels.long_way import go_on
from simcore.kernels.quiet import news_due, note_event, note_quiet, owes_looks, pass_over, see_again, sees_the_same
from simcore.kernels.record import apply_message, apply_news, note_off
from simcore.kernels.requests import handle_request, next_request_ms
from simcore.kernels.state import (
    ALONE,
    ANSWERING,
    BUSY_UNTIL_MS,
    CHANGED,
    FILLS,
    FULL,
    IS_IN_PLAY,
    LAST_POLL_MS,
    LAST_SEEN,
    LINE_BACK_PENCE,
    LINE_BACK_TICK,
    LINE_LAY_PENCE,
    LINE_LAY_TICK,
    LINE_MARK,
    LINE_MS,
    LINE_OWN_BACK_TICK,
    LINE_OWN_LAY_TICK,
    LINE_POSITION,
    LINE_RUNNER,
    LOOK_MS,
    MICRO,
    N_LIVE,
    N_REQUESTS,
    N_SCRIPTED,
    N_SLOTS,
    N_STANDING,
    N_TIMELINE,
    NEVER_MS,
    OBSERVE_MS,
    PICK_MS,
    PICKED,
    POLL_MS,
    POLLS,
    QUIET,
    ROUTE,
    SAME_MS,
    SERVED,
    START_AT_MS,
    STATUS_NOW,
    STOPPED,
    TAKEN,
    TRADES_IN_PLAY,
    WENT_IN_PLAY,
    WINDOW_FIRST_MS,
    WINDOW_LAST_MS,
    WORST_MARK,
    Record,
    Sim,
    Views,
)
from simcore.strategies.view import (
    IN_PLAY_NOW,
    IS_OPEN,
    SLOT_RUNNER,
    TO_START_MS,
    CoreFunction,
    Offers,
    View,
    best_pence,
    best_tick,
    contracts,
)
from simcore.units import N_TICKS

NEXT_MESSAGE: Final = 0
NOW: Final = 1
UNTIL: Final = 2
N_AT: Final = 3
"""fields of `at`, see `run`"""

TO_THE_END: Final = 0
TO_PICK: Final = 1
"""until the pick is made"""
TO_LOOK: Final = 2
"""until the next snapshot is due, or a poll that is not before the window"""


@kernel
def next_snapshot_ms(sim: Sim, now: int) -> int:
    """When the snapshot for the next poll (on the grid, or after a message) is due, NEVER_MS while none is."""
    period = sim.settings[POLL_MS]
    start = sim.market[START_AT_MS]
    if start == NEVER_MS:
        return NEVER_MS
    if period == 0:
        return sim.tally[LOOK_MS] if sim.tally[LOOK_MS] > 0 else NEVER_MS
    observe = sim.settings[OBSERVE_MS]
    first = sim.settings[WINDOW_FIRST_MS]
    if sim.tally[PICKED] == 0:
        first = max(first, sim.settings[PICK_MS])
    earliest = max(start - first, now + observe)
    next_ms = sim.tally[LAST_POLL_MS] + period  # on the grid, as the last one was
    if next_ms < earliest:
        next_ms = max(next_ms, -(-earliest // period) * period)
    return next_ms - observe


@kernel
def take_snapshot(sim: Sim, views: Views, now: int) -> None:
    """Keep what the poll `observe_ms` from now will see, unless the bot is known to be waiting for an answer then."""
    poll_ms = now + sim.settings[OBSERVE_MS]
    sim.tally[LAST_POLL_MS] = poll_ms
    sim.tally[LOOK_MS] = 0
    if sim.tally[BUSY_UNTIL_MS] > poll_ms:
        return
    i = sim.tally[TAKEN] % views.poll_ms.shape[0]
    if sees_the_same(sim, poll_ms):
        views.poll_ms[i] = sim.tally[SAME_MS] = poll_ms
    else:
        snapshot(sim, views, i, poll_ms, now)
    sim.tally[TAKEN] += 1


@kernel
def note_mark(sim: Sim, now: int) -> int:
    """What the bets are worth at a poll, micropence; the worst is kept."""
    net_touched(sim, now)
    mark = mark_to_market(sim, now)
    sim.tally[WORST_MARK] = min(sim.tally[WORST_MARK], mark)
    return mark


@kernel
def write_line(sim: Sim, view: View, timeline: Int2, mark: int, now: int) -> None:
    """One row of the timeline for the first runner traded."""
    row = sim.tally[N_TIMELINE]
    if row >= timeline.shape[0]:
        return
    r = view.slots[0, SLOT_RUNNER]
    own_back, own_lay = best_own(sim, r, ATL), best_own(sim, r, ATB)
    timeline[row, LINE_MS] = now
    timeline[row, LINE_RUNNER] = r
    timeline[row, LINE_BACK_TICK] = best_tick(view, 0, ATB)
    timeline[row, LINE_BACK_PENCE] = best_pence(view, 0, ATB)
    timeline[row, LINE_LAY_TICK] = best_tick(view, 0, ATL)
    timeline[row, LINE_LAY_PENCE] = best_pence(view, 0, ATL)
    timeline[row, LINE_OWN_BACK_TICK] = own_back if own_back < N_TICKS else -1
    timeline[row, LINE_OWN_LAY_TICK] = own_lay
    timeline[row, LINE_POSITION] = contracts(view, 0)
    timeline[row, LINE_MARK] = mark // MICRO
    sim.tally[N_TIMELINE] = row + 1


@kernel
def poll(
    core: CoreFunction, sim: Sim, views: Views, offers: Offers, parameters: Real1, timeline: Int2, now: int
) -> None:
    """The harness looks: hears the news, asks the core, sends what is missing."""
    i = sim.tally[SERVED] % views.poll_ms.shape[0]
    sim.tally[SERVED] += 1
    if sim.tally[ANSWERING] > 0 or sim.tally[BUSY_UNTIL_MS] > now or views.slots[i, 0, SLOT_RUNNER] < 0:
        return
    if sim.tally[SAME_MS] == now:
        if not news_due(sim, now):
            sim.tally[POLLS] += 1
            if sim.tally[FILLS] > 0:
                note_mark(sim, now)
            return
        see_again(views, sim.tally[LAST_SEEN], i, now)
    sim.tally[LAST_SEEN] = i
    sim.tally[QUIET] = 0
    hear(sim, now)
    view = view_of(sim, views, i)
    sim.tally[POLLS] += 1
    if sim.tally[FILLS] > 0 or timeline.shape[0] > 0:
        write_line(sim, view, timeline, note_mark(sim, now), now)
    if view.clock[IN_PLAY_NOW] != 0 and sim.settings[TRADES_IN_PLAY] == 0:
        sim.tally[STOPPED] = 1
        return
    over = view.clock[TO_START_MS] < sim.settings[WINDOW_LAST_MS]
    if over and sim.tally[N_LIVE] == 0:
        sim.tally[STOPPED] = 1
    early = view.clock[TO_START_MS] > sim.settings[WINDOW_FIRST_MS]
    if early:
        return
    if view.clock[IS_OPEN] == 0:
        note_quiet(sim, now)
        return
    if not over and sim.tally[ROUTE] > 0 and go_on(sim, now):
        return
    offers.n[0] = 0
    if not over:
        core(view, parameters, offers)
    reconcile(sim, views, i, offers, now)
    note_quiet(sim, now)


@small_kernel
def nothing_left(sim: Sim) -> bool:
    """Nothing of ours was matched, stands, or can still set out: the rest of the record cannot matter."""
    if sim.tally[FILLS] > 0 or sim.tally[N_STANDING] > 0 or sim.tally[N_REQUESTS] > 0:
        return False
    scripted = sim.tally[N_SCRIPTED] < sim.script.shape[0]
    return not scripted and (sim.settings[N_SLOTS] == 0 or sim.tally[STOPPED] != 0)


@small_kernel
def is_decided(sim: Sim) -> bool:
    """Whether our bets can change by nothing but the result and by withdrawals: the race is on and nothing of ours is left."""
    if sim.tally[STOPPED] == 0 or sim.market[WENT_IN_PLAY] == 0 or sim.tally[N_STANDING] > 0:
        return False
    return sim.tally[N_REQUESTS] == 0 and sim.tally[N_SCRIPTED] == sim.script.shape[0]


@kernel
def hear_result(sim: Sim, record: Record, m: int) -> None:
    """Of the messages from m on the news alone; the books are nobody's concern any more."""
    k = record.news_row.shape[0]
    while k > 0 and record.news_message[k - 1] >= m:
        k -= 1
    for news in range(k, record.news_row.shape[0]):
        i, now = record.news_row[news], record.message_ms[record.news_message[news]]
        r, t, kind = int(record.runner[i]), int(record.tick[i]), int(record.kind[i])
        apply_news(sim, record, kind, r, t, int(record.size[i]), now)


@small_kernel
def after_message(sim: Sim, now: int) -> None:
    """What a message means to the harness: a look (when it polls at each message), or the end of its work."""
    if sim.tally[STOPPED] != 0:
        return
    if sim.market[STATUS_NOW] == CLOSED:
        sim.tally[STOPPED] = 1
    elif sim.settings[POLL_MS] == 0 and sim.settings[N_SLOTS] > 0:
        poll_ms = now + sim.settings[OBSERVE_MS]
        first = max(sim.settings[WINDOW_FIRST_MS], sim.settings[PICK_MS])
        if poll_ms >= sim.market[START_AT_MS] - first and poll_ms > sim.tally[LAST_POLL_MS]:
            sim.tally[LOOK_MS] = now


@small_kernel
def ends_wait(sim: Sim, views: Views, t_message: int, t_snapshot: int, t_poll: int) -> bool:
    """Whether what comes next depends on the configuration: a snapshot, or a poll that is not early."""
    if t_message <= min(t_snapshot, t_poll):
        return False
    to_start_ms = views.clock[sim.tally[SERVED] % views.poll_ms.shape[0], TO_START_MS]
    early = sim.settings[WINDOW_LAST_MS] <= to_start_ms and to_start_ms > sim.settings[WINDOW_FIRST_MS]
    return t_snapshot <= t_poll or not early


@kernel
def run(
    core: CoreFunction,
    record: Record,
    sim: Sim,
    views: Views,
    offers: Offers,
    parameters: Real1,
    timeline: Int2,
    at: Int1,
) -> None:
    """Replay the record with `core`; everything it leaves is in `sim` and `timeline`.

    at : the next message and the time of the last event, ms, to begin with and where it ended; how far to go (TO_THE_END …)
    """
    n = record.message_ms.shape[0]
    m, now = at[NEXT_MESSAGE], at[NOW]
    last_ms = now
    harnessed = sim.settings[N_SLOTS] > 0
    knows = at[UNTIL] == TO_THE_END and knows_keys(sim, record)
    r = views.slots[0, 0, SLOT_RUNNER]
    while sim.tally[FULL] == 0:
        following = next_message(sim, record, m, r, now) if knows else m
        t_message = record.message_ms[following] if m < n else NEVER_MS
        t_request = next_request_ms(sim)
        live = harnessed and m < n and sim.tally[STOPPED] == 0
        if sim.tally[QUIET] != 0 and live:
            pass_over(sim, t_message)
        t_snapshot = next_snapshot_ms(sim, now) if live and not owes_looks(sim) else NEVER_MS
        served = sim.tally[SERVED]
        t_poll = views.poll_ms[served % views.poll_ms.shape[0]] if live and served < sim.tally[TAKEN] else NEVER_MS
        now = min(t_message, t_request, t_snapshot, t_poll)
        if now == NEVER_MS:
            break
        if at[UNTIL] == TO_LOOK and ends_wait(sim, views, t_message, t_snapshot, t_poll):
            break
        last_ms = now
        if t_message == now:
            m = following + 1
            if sim.tally[ALONE] != 0 and passes_key(sim, record, following, r):
                note_event(sim, views, now)
                continue
            apply_message(sim, record, following)
            if sim.tally[CHANGED] != 0:
                note_event(sim, views, now)
            after_message(sim, now)
            if nothing_left(sim):
                break
            if is_decided(sim):
                hear_result(sim, record, m)
                m = n
        elif t_request == now:
            note_event(sim, views, now)
            handle_request(sim, now)
        elif t_snapshot == now:
            take_snapshot(sim, views, now)
            if at[UNTIL] == TO_PICK and sim.tally[PICKED] != 0:
                break
        else:
            poll(core, sim, views, offers, parameters, timeline, now)
    at[NEXT_MESSAGE], at[NOW] = m, last_ms
    if at[UNTIL] == TO_LOOK or (at[UNTIL] == TO_PICK and sim.tally[PICKED] != 0):
        return
    if sim.market[STATUS_NOW] == OPEN and sim.market[IS_IN_PLAY] == 0:
        note_off(sim, last_ms)
