"""The record moves on by one message, and the world with it."""

from __future__ import annotations

from simcore.dtypes import (
    BET_DELAY,
    CANCEL,
    CLOSED,
    DELAY_MODEL,
    HISTORY,
    IMAGE,
    IN_PLAY,
    LAST_TRADED,
    OPEN,
    PLACE,
    REMOVED,
    RESULT,
    START,
    STARTING_PRICE,
    STATUS,
    SUSPENDED,
    TRADE,
    TRADE_UNATTRIBUTED,
    TRADED_FALL,
    WINNERS,
)
from simcore.kernels.account import mark_to_market, residual
from simcore.kernels.close import lapse_unclosed, match_at_close
from simcore.kernels.compiling import kernel, small_kernel
from simcore.kernels.displacement import (
    forget_displacement,
    held,
    improve_hint,
    keep_within_record,
    net_touched,
    off_ladder,
    shows,
    world_size,
)
from simcore.kernels.fills import end_order, rebook
from simcore.kernels.flumine import by_flumine, match_flumine, note_traded
from simcore.kernels.queue import better, queue_after_cancel
from simcore.kernels.quiet import leans_otherwise
from simcore.kernels.reaction import forget_flow, shift_all
from simcore.kernels.state import (
    BET_DELAY_S,
    CARRY,
    CHANGED,
    CLOSE_DUE,
    FACTOR,
    FILL_AT_CLOSE,
    GONE,
    IS_IN_PLAY,
    LAPSED,
    LAST_TICK,
    LIMIT,
    LOGGED_BEFORE,
    MARK_AT_OFF,
    MATCHED,
    MATCHED_MICRO,
    MESSAGE_MS,
    MICRO,
    N_LOGGED,
    N_STANDING,
    N_WINNERS,
    NO_TICK,
    ODDS_MICRO,
    OUTCOME,
    OWN_HIGH,
    OWN_LOW,
    PASSIVE_DELAY,
    PERSIST,
    REMOVAL_FROM,
    REMOVAL_ON_WINNINGS,
    RESIDUAL_AT_OFF,
    ROW,
    RUNNER,
    SEEN_BACK,
    SEEN_LAY,
    SHIFT,
    SIDE,
    START_AT_MS,
    STATUS_NOW,
    STATUS_SINCE_MS,
    STAY,
    TICKS_ONLY,
    TO_CLOSE,
    TOUCHED,
    TYPE,
    VOIDED,
    WENT_IN_PLAY,
    WHAT,
    WITHDRAWN,
    Record,
    Sim,
)
from simcore.kernels.trades import place, trade, trade_unattributed
from simcore.units import N_TICKS

KEEP_PERSISTENT = 1
END_ALL = 0


@kernel
def apply_message(sim: Sim, record: Record, m: int) -> None:
    """Message m: record first, at its own time."""
    now = record.message_ms[m]
    sim.market[MESSAGE_MS] = now
    shift_all(sim, now)
    net_touched(sim, now)
    flumine = by_flumine(sim)
    end = record.message_row[m + 1]
    logged = sim.tally[N_LOGGED]
    sim.tally[CHANGED] = 0
    for i in range(record.message_row[m], end):
        kind, pence = int(record.kind[i]), int(record.size[i])
        r, b, t = int(record.runner[i]), int(record.book[i]), int(record.tick[i])
        if flumine and TRADE <= kind <= TRADE_UNATTRIBUTED:
            note_traded(sim, r, t, pence)
        if kind <= TRADE and (flumine or is_apart(sim, kind, r, b, t)):
            apply_bare(sim, kind, r, b, t, pence)
            if sim.tally[CHANGED] == 0 and is_seen(sim, r, b, t, now):
                sim.tally[CHANGED] = 1
        elif kind <= TRADE_UNATTRIBUTED and not flumine:
            sim.market[ROW] = record.row[i]
            last = kind == TRADE and ends_sweep(record, i, end)
            apply_touched(sim, kind, r, b, t, pence, last, now)
            if kind <= TRADE and sim.tally[CHANGED] == 0 and concerns(sim, kind, r, b, t, now):
                sim.tally[CHANGED] = 1
        else:
            apply_news(sim, record, kind, r, t, pence, now)
            if (kind > LAST_TRADED and kind != TRADED_FALL) or sees_nothing(sim):
                sim.tally[CHANGED] = 1
        count_matched(sim, kind, r, pence)
    if sim.market[CLOSE_DUE] != 0:
        sim.market[CLOSE_DUE] = 0
        lapse_unclosed(sim, now)
    if flumine:
        match_flumine(sim, now)
    net_touched(sim, now)
    if sim.tally[N_LOGGED] != logged:
        sim.tally[CHANGED] = 1


@small_kernel
def is_apart(sim: Sim, kind: int, r: int, b: int, t: int) -> bool:
    """Whether a change at level t of book b meets nothing of ours: no order, nothing that we took, nothing that we owe.

    Asked all at once: nobody can guess what the next row is, and guessing wrong costs the processor more than the answers.
    """
    if sim.runners[r, TOUCHED] == 0 and sim.market[CARRY] == 0:
        return True
    among = (sim.runners[r, OWN_LOW + b] <= t) & (t <= sim.runners[r, OWN_HIGH + b])
    meets = (kind == PLACE) & held(sim, r, b, t)
    return bool((kind <= CANCEL) & (sim.displaced[r, b, t] == 0) & (not among) & (not meets))


@small_kernel
def ends_sweep(record: Record, i: int, end: int) -> bool:
    """Whether the trade in row i is the last of its aggressor, in a message that ends before row `end`."""
    if i + 1 == end or record.row[i + 1] != record.row[i] + 1 or record.kind[i + 1] != TRADE:
        return True
    return bool(record.runner[i + 1] != record.runner[i] or record.book[i + 1] != record.book[i])


@small_kernel
def apply_bare(sim: Sim, kind: int, r: int, b: int, t: int, pence: int) -> None:
    """A change of a book that has nothing of ours in it: PLACE (0), CANCEL (1) or TRADE (2)."""
    sim.recorded[r, b, t] += (1 - 2 * min(kind, 1)) * (pence >> (kind // 2))
    if (kind == PLACE) & better(b, t, sim.hint[r, b]):
        sim.hint[r, b] = t


@small_kernel
def count_matched(sim: Sim, kind: int, r: int, pence: int) -> None:
    """The runner's traded volume as published."""
    if TRADE <= kind <= HISTORY:
        sim.runners[r, MATCHED] += pence
    elif kind == TRADED_FALL:
        sim.runners[r, MATCHED] -= pence


@small_kernel
def last_tick_of(sim: Sim, r: int, t: int) -> int:
    """The tick a last price published as tick t is shown at."""
    return NO_TICK if t < 0 or off_ladder(sim, r, t) else t + sim.runners[r, SHIFT]


@small_kernel
def sees_nothing(sim: Sim) -> bool:
    """Whether a half-book shows nothing: the last price may count then."""
    return sim.tally[SEEN_BACK] < 0 or sim.tally[SEEN_LAY] >= N_TICKS


@small_kernel
def is_seen(sim: Sim, r: int, b: int, t: int, now: int) -> bool:
    """Whether a change at level t of the record concerns the bot: its last snapshot would show what stands there.

    At the touch itself it does when nobody of the record stands there any more (what stands there beyond the record goes with
    time), and of the sizes what matters to the core.
    """
    edge = sim.tally[SEEN_BACK + b]
    if t != edge:
        return better(b, t, edge)
    if sim.recorded[r, b, t] <= 0 or not shows(sim, r, b, t, now):
        return True
    return sim.settings[TICKS_ONLY] == 0 and leans_otherwise(sim, r)


@small_kernel
def concerns(sim: Sim, kind: int, r: int, b: int, t: int, now: int) -> bool:
    """Whether a change of a book with something of ours concerns the bot, as `is_seen`; what an aggressor does not find it
    leaves in the other book."""
    return (kind == TRADE and sim.displaced[r, 1 - b, t] != 0) or is_seen(sim, r, b, t, now)


@kernel
def apply_touched(sim: Sim, kind: int, r: int, b: int, t: int, pence: int, last: bool, now: int) -> None:
    """A change of a book that has orders or displacement of ours in it."""
    if kind == PLACE:
        improve_hint(sim, r, b, t)
        place(sim, r, b, t, pence, now)
    elif kind == CANCEL:
        total = world_size(sim, r, b, t, now)
        sim.recorded[r, b, t] -= pence
        keep_within_record(sim, r, b, t, now)
        queue_after_cancel(sim, r, b, t, total, total - world_size(sim, r, b, t, now))
    elif kind == TRADE:
        trade(sim, r, b, t, pence // 2, last, now)
    elif sim.runners[r, TOUCHED] != 0:
        trade_unattributed(sim, r, t, pence // 2, now)


@kernel
def apply_news(sim: Sim, record: Record, kind: int, r: int, t: int, value: int, now: int) -> None:
    """Everything on a tape that is not a change of a book."""
    if kind == LAST_TRADED:
        sim.runners[r, LAST_TICK] = last_tick_of(sim, r, t)
    elif kind == STATUS:
        change_status(sim, value, now)
    elif kind == IN_PLAY:
        turn_in_play(sim, value, now)
    elif kind == IMAGE:
        forget_displacement(sim)
        forget_flow(sim, now)
    elif kind == BET_DELAY:
        sim.market[BET_DELAY_S] = value
    elif kind == DELAY_MODEL:
        sim.market[PASSIVE_DELAY] = value
    elif kind == STARTING_PRICE:
        match_at_close(sim, r, value, now)
    elif kind == REMOVED:
        withdraw(sim, r, value, now)
    elif kind == START:
        sim.market[START_AT_MS] = record.start_ms[value]
    elif kind == RESULT:
        sim.runners[r, OUTCOME] = value
    elif kind == WINNERS:
        sim.market[N_WINNERS] = value


@kernel
def end_orders(sim: Sim, what: int, keep: int, now: int) -> None:
    """End every standing order, or all but those that persist; those for the starting price wait for the message to end."""
    sim.market[CLOSE_DUE] = 1
    for i in range(sim.tally[N_STANDING] - 1, -1, -1):
        o = sim.standing[i]
        if sim.orders[o, TYPE] != LIMIT or sim.orders[o, PERSIST] == TO_CLOSE:
            continue
        if keep == END_ALL or sim.orders[o, PERSIST] != STAY:
            end_order(sim, o, what, 0, now)


@kernel
def change_status(sim: Sim, status: int, now: int) -> None:
    """Suspension starts the world anew; in-play it lapses orders; a closed market ends them all."""
    if sim.market[STATUS_NOW] == OPEN and status != OPEN:
        note_off(sim, now)
    sim.market[STATUS_NOW] = status
    sim.market[STATUS_SINCE_MS] = now
    if status == SUSPENDED:
        forget_displacement(sim)
        forget_flow(sim, now)
        if sim.market[IS_IN_PLAY] != 0:
            end_orders(sim, LAPSED, KEEP_PERSISTENT, now)
    elif status == CLOSED:
        end_orders(sim, LAPSED, END_ALL, now)


@kernel
def note_off(sim: Sim, now: int) -> None:
    """Before the off: what the bets are worth at the touch, and what they carry into the race."""
    if sim.market[WENT_IN_PLAY] == 0:
        sim.market[MARK_AT_OFF] = mark_to_market(sim, now)
        sim.market[RESIDUAL_AT_OFF] = residual(sim)


@kernel
def turn_in_play(sim: Sim, in_play: int, now: int) -> None:
    """At the turn in-play orders lapse unless they persist."""
    if in_play != 0 and sim.market[IS_IN_PLAY] == 0:
        if sim.market[STATUS_NOW] == OPEN and sim.market[STATUS_SINCE_MS] < now:
            note_off(sim, now)
        sim.market[WENT_IN_PLAY] = 1
        end_orders(sim, LAPSED, KEEP_PERSISTENT, now)
    sim.market[IS_IN_PLAY] = in_play


@kernel
def withdraw(sim: Sim, gone: int, factor: int, now: int) -> None:
    """A runner is removed: its bets are void, ours on it end; a material factor cuts the odds of the bets matched before on
    the others and ends unmatched lays on them. A second word on the same runner corrects the first one's factor."""
    if sim.runners[gone, GONE] == 0:
        sim.tally[WITHDRAWN] += 1
        sim.runners[gone, GONE] = sim.tally[WITHDRAWN]
        sim.runners[gone, LOGGED_BEFORE] = sim.tally[N_LOGGED]
    sim.runners[gone, FACTOR] = factor
    material = factor >= sim.settings[REMOVAL_FROM]
    for i in range(sim.tally[N_STANDING] - 1, -1, -1):
        o = sim.standing[i]
        if sim.orders[o, RUNNER] == gone or (material and sim.orders[o, SIDE] < 0 and sim.orders[o, TYPE] == LIMIT):
            end_order(sim, o, VOIDED, 0, now)
    for row in range(sim.tally[N_LOGGED]):
        if sim.log[row, WHAT] <= FILL_AT_CLOSE:
            sim.log[row, ODDS_MICRO] = odds_after_withdrawals(sim, row)
    rebook(sim)


@kernel
def odds_after_withdrawals(sim: Sim, row: int) -> int:
    """Odds × 10⁶ a fill settles at: as matched, cut by each withdrawal that came after it, in their order."""
    odds_micro = sim.log[row, MATCHED_MICRO]
    for nth in range(1, sim.tally[WITHDRAWN] + 1):
        for r in range(sim.runners.shape[0]):
            later = sim.runners[r, GONE] == nth and row < sim.runners[r, LOGGED_BEFORE]
            if later and sim.runners[r, FACTOR] >= sim.settings[REMOVAL_FROM]:
                odds_micro = reduced_odds(sim, odds_micro, sim.runners[r, FACTOR])
    return odds_micro


@kernel
def reduced_odds(sim: Sim, odds_micro: int, factor: int) -> int:
    """Odds × 10⁶ after a reduction factor (hundredths of a percent); never under 1.01."""
    kept = 10_000 - factor
    if sim.settings[REMOVAL_ON_WINNINGS] != 0:
        return max(1_010_000, MICRO + (odds_micro - MICRO) * kept // 10_000)
    return max(1_010_000, odds_micro * kept // 10_000)
