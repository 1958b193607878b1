"""What happens to an order of ours: fills, ends, and the account they change.

Each event is one row of `sim.log`; the bot hears of it at KNOWN_MS. Bets are kept exactly, in micropence:
a BACK of s pence at odds o adds s · (o − 1) to WIN and −s to LOSE; a LAY the same with the sign turned.
"""

from __future__ import annotations

from simcore.kernels.compiling import kernel
from simcore.kernels.displacement import hold, touch
from simcore.kernels.flow import add_flow
from simcore.kernels.queue import note_own, takes_from
from simcore.kernels.randomness import DRAW_NEWS, log_normal_ms
from simcore.kernels.state import (
    ANSWER_MS,
    BELIEVED,
    CANCELLED,
    DONE,
    FILL_AGGRESSIVE,
    FILL_AT_CLOSE,
    FILLS,
    FIRST_UNHEARD,
    FULL,
    GONE,
    HEARD,
    KEY_A,
    KEY_B,
    KNOWN_LOSE,
    KNOWN_MS,
    KNOWN_WIN,
    LARGEST_POSITION,
    LEVEL,
    LOG_ORDER,
    LOG_TICK,
    LOSE,
    MATCHED_MICRO,
    MICRO,
    N_LIVE,
    N_LOGGED,
    N_STANDING,
    N_WANTED,
    NO_ROOM,
    NO_TICK,
    ODDS_MICRO,
    ORDER_STREAM_MS,
    ORDER_STREAM_SIGMA,
    PENCE,
    REFUSED,
    REMAINING,
    RUNNER,
    SIDE,
    STANDING,
    STATE,
    TIME_MS,
    WHAT,
    WIN,
    Sim,
)
from simcore.units import ODDS_HUNDREDTHS


@kernel
def news_ms(sim: Sim, row: int) -> int:
    """How long the order stream takes to tell the bot of a row of the log."""
    median, sigma = sim.settings[ORDER_STREAM_MS], sim.reals[ORDER_STREAM_SIGMA]
    return log_normal_ms(median, sigma, sim.settings[KEY_A], sim.settings[KEY_B], row, DRAW_NEWS)


@kernel
def write_log(sim: Sim, o: int, what: int, tick: int, pence: int, now: int) -> int:
    """Append what happened; returns its row, or -1 when the log is full."""
    row = sim.tally[N_LOGGED]
    if row >= sim.log.shape[0]:
        sim.tally[FULL] = NO_ROOM
        return -1
    answered = what in (FILL_AGGRESSIVE, CANCELLED, REFUSED)
    sim.log[row, TIME_MS] = now
    sim.log[row, KNOWN_MS] = now + (sim.tally[ANSWER_MS] if answered else news_ms(sim, row))
    sim.log[row, LOG_ORDER] = o
    sim.log[row, WHAT] = what
    sim.log[row, LOG_TICK] = tick
    sim.log[row, PENCE] = pence
    sim.tally[N_LOGGED] = row + 1
    return int(row)


@kernel
def book_bet(sim: Sim, r: int, column: int, stake: int, odds_micro: int) -> None:
    """Add a bet to WIN/LOSE (column = WIN) or to their known twins (column = KNOWN_WIN); stake < 0 is a lay."""
    sim.runners[r, column] += stake * (odds_micro - MICRO)
    sim.runners[r, column + 1] -= stake * MICRO


@kernel
def fill(sim: Sim, o: int, pence: int, tick: int, what: int, now: int) -> None:
    """Match `pence` of order o at `tick`; a fully matched order leaves the world."""
    r = sim.orders[o, RUNNER]
    row = write_log(sim, o, what, tick, pence, now)
    if row < 0:
        return
    book_fill(sim, o, row, pence, ODDS_HUNDREDTHS[tick])
    add_flow(sim, r, sim.orders[o, SIDE], pence, ODDS_HUNDREDTHS[tick], now)
    sim.orders[o, REMAINING] -= pence
    if sim.orders[o, REMAINING] == 0:
        leave_world(sim, o, now)


@kernel
def book_fill(sim: Sim, o: int, row: int, pence: int, odds_hundredths: int) -> None:
    """The account takes a fill of order o, written in a row of the log."""
    r = sim.orders[o, RUNNER]
    sim.log[row, ODDS_MICRO] = sim.log[row, MATCHED_MICRO] = odds_hundredths * (MICRO // 100)
    book_bet(sim, r, WIN, sim.orders[o, SIDE] * pence, sim.log[row, ODDS_MICRO])
    position = abs(sim.runners[r, WIN] - sim.runners[r, LOSE])
    sim.tally[FILLS] += 1
    sim.tally[LARGEST_POSITION] = max(sim.tally[LARGEST_POSITION], position)


@kernel
def fill_at_close(sim: Sim, o: int, pence: int, odds_hundredths: int, now: int) -> None:
    """Match order o with `pence` at the starting price; what that leaves of its liability is over."""
    row = write_log(sim, o, FILL_AT_CLOSE, NO_TICK, pence, now)
    if row < 0:
        return
    book_fill(sim, o, row, pence, odds_hundredths)
    sim.orders[o, REMAINING] = 0
    sim.orders[o, BELIEVED] = pence
    leave_world(sim, o, now)


@kernel
def leave_world(sim: Sim, o: int, now: int) -> None:
    """The order stands no more."""
    if sim.orders[o, STATE] == STANDING:
        n = sim.tally[N_STANDING]
        i = 0
        while sim.standing[i] != o:
            i += 1
        for j in range(i, n - 1):
            sim.standing[j] = sim.standing[j + 1]
        sim.tally[N_STANDING] = n - 1
        touch(sim, sim.orders[o, RUNNER], -1)
        note_own(sim, sim.orders[o, RUNNER])
        hold(sim, sim.orders[o, RUNNER], takes_from(sim.orders[o, SIDE]), sim.orders[o, LEVEL], now)
    sim.orders[o, STATE] = DONE


@kernel
def end_order(sim: Sim, o: int, what: int, reason: int, now: int) -> None:
    """Cancel, lapse, void or refuse what remains of order o."""
    write_log(sim, o, what, reason, sim.orders[o, REMAINING], now)
    sim.orders[o, REMAINING] = 0
    leave_world(sim, o, now)


@kernel
def hear(sim: Sim, now: int) -> None:
    """The bot hears of everything that is known by now: its position and its standing orders follow."""
    n = sim.tally[N_LOGGED]
    first = sim.tally[FIRST_UNHEARD]
    gap = news = False
    for row in range(first, n):
        if sim.log[row, HEARD] == 0 and sim.log[row, KNOWN_MS] <= now:
            sim.log[row, HEARD] = 1
            hear_one(sim, row)
            news = True
        gap = gap or sim.log[row, HEARD] == 0
        if not gap:
            sim.tally[FIRST_UNHEARD] = row + 1
    if not news:
        return
    sim.tally[N_WANTED] = -1
    left = 0
    for i in range(sim.tally[N_LIVE]):
        if sim.orders[sim.live[i], BELIEVED] > 0:
            sim.live[left] = sim.live[i]
            left += 1
    sim.tally[N_LIVE] = left


@kernel
def hear_one(sim: Sim, row: int) -> None:
    """One row of the log reaches the bot."""
    o = sim.log[row, LOG_ORDER]
    pence = sim.log[row, PENCE]
    sim.orders[o, BELIEVED] -= pence
    r = sim.orders[o, RUNNER]
    if sim.log[row, WHAT] <= FILL_AT_CLOSE and sim.runners[r, GONE] == 0:
        book_bet(sim, r, KNOWN_WIN, sim.orders[o, SIDE] * pence, sim.log[row, ODDS_MICRO])


@kernel
def rebook(sim: Sim) -> None:
    """Work the account out again from the log, after odds or runners changed."""
    sim.tally[N_WANTED] = -1
    for r in range(sim.runners.shape[0]):
        for column in (WIN, LOSE, KNOWN_WIN, KNOWN_LOSE):
            sim.runners[r, column] = 0
    for row in range(sim.tally[N_LOGGED]):
        if sim.log[row, WHAT] > FILL_AT_CLOSE:
            continue
        o = sim.log[row, LOG_ORDER]
        r = sim.orders[o, RUNNER]
        if sim.runners[r, GONE] != 0:
            continue
        stake = sim.orders[o, SIDE] * sim.log[row, PENCE]
        book_bet(sim, r, WIN, stake, sim.log[row, ODDS_MICRO])
        if sim.log[row, HEARD] != 0:
            book_bet(sim, r, KNOWN_WIN, stake, sim.log[row, ODDS_MICRO])
