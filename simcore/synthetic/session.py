"""Running a market: wake whoever is next, publish what changed about every 100 ms.

`run(m, until)` can be called again and again: between two calls anybody (a bot under test) may `place` and `cancel` on `m.x`
with an owner number of its own, and everything else goes on with the same random numbers. It wakes and publishes everything
before `until`; at equal milliseconds the publication comes first.

out_ms  : (messages,) int64, ms since time zero;  out_row : (messages + 1,) int64, first change of each message
out     : (changes, 4) int64: runner, column (ATB, ATL, TRD, LTP), tick, new absolute value; TRD two-sided, LTP a tick
shown   : (runners, 4, 350) int64, what is published: the reader's state
"""

from __future__ import annotations

from typing import Final

from simcore.kernels.compiling import compile_kernel, register
from simcore.kernels.randomness import uniform
from simcore.synthetic.compiling import kernel
from simcore.synthetic.crowd import (
    N_CHANGES,
    N_MESSAGES,
    NEVER_MS,
    NEXT_PUBLICATION,
    OVERFLOW,
    PUBLICATIONS,
    STREAM_A,
    STREAM_B,
    Market,
    act,
    next_wake,
)
from simcore.synthetic.exchange import LTP, N_COLUMNS, N_TOUCHED, TRD, Exchange, cancel, clear, place
from simcore.units import N_TICKS

GAP_MS: Final = 96
"""shortest time between two publications of a market; the recordings' median is 102 to 110 ms"""
GAP_JITTER_MS: Final = 12
MOST_TRADERS: Final = 4096
"""of a market; a power of two, so that a time and a trader share one number"""
SORTED_BY_HAND: Final = 64
"""so many changes are sorted one by one; more are read off the flags, which are in order"""


@kernel
def value(m: Market, r: int, column: int, t: int) -> int:
    """What the exchange would publish now for a number."""
    if column == LTP:
        return int(m.x.last_tick[r])
    if column == TRD:
        return int(m.x.traded[r, t])
    return int(m.x.level[r, column, t])


@kernel
def sort_touched(x: Exchange) -> None:
    """Put the places that changed into the order of publication: runner, column, tick."""
    n = x.tally[N_TOUCHED]
    if n > SORTED_BY_HAND:
        i = 0
        for r in range(x.dirty.shape[0]):
            for column in range(N_COLUMNS):
                for t in range(N_TICKS):
                    if x.dirty[r, column, t] == 1:
                        x.touched[i] = (r * N_COLUMNS + column) * N_TICKS + t
                        i += 1
        return
    for i in range(1, n):
        moved = x.touched[i]
        k = i
        while k > 0 and x.touched[k - 1] > moved:
            x.touched[k] = x.touched[k - 1]
            k -= 1
        x.touched[k] = moved


@kernel
def publish(m: Market, now: int, always: bool) -> None:
    """Write one message with everything that differs from what is shown, runner by runner.

    Where nothing differs there is no message, unless `always` (the market definition has something to say).
    """
    n = m.x.tally[N_TOUCHED]
    first = m.state[N_CHANGES]
    row = first
    if first + n > m.out.shape[0] or m.state[N_MESSAGES] + 2 > m.out_ms.shape[0]:
        m.state[OVERFLOW] = 1
        return
    sort_touched(m.x)
    for i in range(n):
        place_of = m.x.touched[i]
        t = place_of % N_TICKS
        column = (place_of // N_TICKS) % N_COLUMNS
        r = place_of // (N_TICKS * N_COLUMNS)
        m.x.dirty[r, column, t] = 0
        new = value(m, r, column, t)
        if new != m.shown[r, column, t]:
            m.shown[r, column, t] = new
            m.out[row, 0], m.out[row, 1], m.out[row, 2], m.out[row, 3] = r, column, t, new
            row += 1
    m.x.tally[N_TOUCHED] = 0
    if row > first or always:
        message = m.state[N_MESSAGES]
        m.out_ms[message] = now
        m.out_row[message + 1] = row
        m.state[N_MESSAGES] = message + 1
        m.state[N_CHANGES] = row


@kernel
def next_publication(m: Market, now: int) -> None:
    """Set the time of the next publication: a steady beat with a little jitter from the exchange's own stream."""
    beat = m.state[PUBLICATIONS]
    jitter = GAP_JITTER_MS * uniform(m.state[STREAM_A], m.state[STREAM_B], beat, 1)
    m.state[PUBLICATIONS] = beat + 1
    m.state[NEXT_PUBLICATION] = now + GAP_MS + int(jitter)


@kernel
def next_awake(m: Market) -> int:
    """The trader that wakes next, the first of equals: the least of times with the trader in their low digits."""
    least = NEVER_MS * MOST_TRADERS
    for j in range(m.wake_ms.shape[0]):
        least = min(least, m.wake_ms[j] * MOST_TRADERS + j)
    return least % MOST_TRADERS


@kernel
def wake_all(m: Market) -> None:
    """Draw every trader's first wake."""
    for j in range(m.wake_ms.shape[0]):
        next_wake(m, j)


@kernel
def run(m: Market, until: int) -> None:
    """Wake and publish everything that happens before `until` (ms since time zero)."""
    while m.state[OVERFLOW] == 0:
        j = next_awake(m)
        publication = m.state[NEXT_PUBLICATION]
        if publication <= m.wake_ms[j]:
            if publication >= until:
                return
            if m.x.tally[N_TOUCHED] > 0:
                publish(m, publication, False)
            next_publication(m, publication)
            continue
        now = m.wake_ms[j]
        if now >= until:
            return
        act(m, j, now)
        next_wake(m, j)


def warm(m: Market) -> None:
    """Compile what running a market needs, once, for the types of `m`; every market has the same."""
    if getattr(run, "signatures", None):
        return
    register(Exchange, m.x)
    register(Market, m)
    for function in (run, wake_all, place, cancel, clear):
        compile_kernel(function)
