"""One pass over a tape, real or synthetic: what its messages did and how its book looked every second.

runner updates are entries of a message as official files write them: a runner's atb, atl and trd apart
window    : index of a span of time to the actual off, see `figures.WINDOWS`
counts    : (windows, N_COUNT) int64, columns below
placed_at, cancelled_at : (N_DISTANCE,) int64, rows by ticks from the best of their own book
samples   : (seconds, runners, N_SAMPLE) int64, the book at each whole second to the off; -1 / 350 = empty touch
book      : (runners, 2, 350) int64, the ladders as they are followed;  best, before : (runners, 2) int64, their touch
events    : (rows, 3) int64 sizes: kind (0 trade one-sided pence, 1 placement pence), size, runner × 2 + book hit (−1: unknown)
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL, CANCEL, IMAGE, PLACE, TRADE, TRADE_UNATTRIBUTED
from simcore.synthetic.compiling import kernel
from simcore.units import N_TICKS

Int = NDArray[np.int64]

# columns of `counts`
MESSAGES: Final = 0
RUNNER_UPDATES: Final = 1
LEVEL_UPDATES: Final = 2
TRADED_PENCE: Final = 3
"""one-sided"""
PLACEMENTS: Final = 4
CANCELS: Final = 5
TRADES: Final = 6
TOUCH_MOVES: Final = 7
TOUCH_MOVES_ONE: Final = 8
"""of these, neither best moved more than a tick"""
N_COUNT: Final = 9

N_DISTANCE: Final = 7
"""improving, at best, 1, 2, 3-5, 6-15, 16+"""

BID: Final = 0
OFFER: Final = 1
BID_PENCE: Final = 2
OFFER_PENCE: Final = 3
DEPTH_PENCE: Final = 4
BID_LEVELS: Final = 5
OFFER_LEVELS: Final = 6
N_SAMPLE: Final = 7


class Scan(NamedTuple):
    """What the pass fills; see the module's notation."""

    counts: Int
    placed_at: Int
    cancelled_at: Int
    samples: Int
    events: Int
    n_events: Int
    book: Int
    best: Int
    before: Int


@kernel
def distance_class(ticks: int) -> int:
    """Class of an order so many ticks behind the best of its own book."""
    if ticks < 0:
        return 0
    if ticks <= 2:
        return ticks + 1
    if ticks <= 5:
        return 4
    return 5 if ticks <= 15 else 6


@kernel
def touch_of(book: Int, r: int, b: int) -> int:
    """Best tick of a book, -1 / 350 where it is empty."""
    if b == ATB:
        for t in range(N_TICKS - 1, -1, -1):
            if book[r, b, t] > 0:
                return t
        return -1
    for t in range(N_TICKS):
        if book[r, b, t] > 0:
            return t
    return N_TICKS


@kernel
def sample(book: Int, best: Int, out: Int) -> None:
    """Describe every runner's book as it stands."""
    for r in range(book.shape[0]):
        bid, offer = best[r, ATB], best[r, ATL]
        out[r, BID], out[r, OFFER] = bid, offer
        out[r, BID_PENCE] = book[r, ATB, bid] if bid >= 0 else 0
        out[r, OFFER_PENCE] = book[r, ATL, offer] if offer < N_TICKS else 0
        depth, backs, lays = 0, 0, 0
        for t in range(N_TICKS):
            if book[r, ATB, t] > 0:
                backs += 1
                depth += book[r, ATB, t] if t >= bid - 5 else 0
            if book[r, ATL, t] > 0:
                lays += 1
                depth += book[r, ATL, t] if t <= offer + 5 else 0
        out[r, DEPTH_PENCE], out[r, BID_LEVELS], out[r, OFFER_LEVELS] = depth, backs, lays


@kernel
def change_level(book: Int, best: Int, r: int, b: int, t: int, pence: int) -> None:
    """Add to one level (less than nothing: take away) and keep the best price of its book right."""
    book[r, b, t] += pence
    if book[r, b, t] == 0 and best[r, b] == t:
        best[r, b] = touch_of(book, r, b)
    elif book[r, b, t] > 0 and ((b == ATB and t > best[r, b]) or (b == ATL and t < best[r, b])):
        best[r, b] = t


@kernel
def note(out: Scan, kind: int, size: int, who: int) -> None:
    """Keep one size."""
    i = out.n_events[0]
    if i < out.events.shape[0]:
        out.events[i, 0], out.events[i, 1], out.events[i, 2] = kind, size, who
        out.n_events[0] = i + 1


@kernel
def apply_row(
    out: Scan, w: int, book: Int, best: Int, before: Int, kind: int, b: int, r: int, t: int, size: int
) -> None:
    """Apply one row to the book and count it; `before` is the touch the message found."""
    if kind in (TRADE, TRADE_UNATTRIBUTED):
        out.counts[w, TRADES] += 1
        out.counts[w, TRADED_PENCE] += size // 2
        out.counts[w, LEVEL_UPDATES] += 1
        note(out, 0, size // 2, 2 * r + b if kind == TRADE else -1)
        if kind == TRADE_UNATTRIBUTED:
            return
    behind = before[r, b] - t if b == ATB else t - before[r, b]
    known = 0 <= before[r, b] < N_TICKS
    out.counts[w, LEVEL_UPDATES] += 1
    if kind == PLACE:
        out.counts[w, PLACEMENTS] += 1
        note(out, 1, size, 2 * r + b)
        if known:
            out.placed_at[distance_class(behind)] += 1
        change_level(book, best, r, b, t, size)
    elif kind == CANCEL:
        out.counts[w, CANCELS] += 1
        if known:
            out.cancelled_at[distance_class(behind)] += 1
        change_level(book, best, r, b, t, -size)
    else:
        change_level(book, best, r, b, t, -(size // 2))


@kernel
def entries_of(kind: int, b: int) -> int:
    """Which entries of a message (1 atb, 2 atl, 4 trd) a row comes from."""
    if kind == TRADE_UNATTRIBUTED:
        return 4
    return (1 << b) | (4 if kind == TRADE else 0)


@kernel
def count_moves(out: Scan, w: int, best: Int, before: Int, r: int) -> None:
    """Count a change of either best price of a runner."""
    back, lay = abs(best[r, ATB] - before[r, ATB]), abs(best[r, ATL] - before[r, ATL])
    if back + lay > 0:
        out.counts[w, TOUCH_MOVES] += 1
        if back <= 1 and lay <= 1:
            out.counts[w, TOUCH_MOVES_ONE] += 1


@kernel
def scan_tape(
    out: Scan, message_ms: Int, row_of: Int, rows: Int, edges_s: Int, off_ms: int, first_ms: int, n_runners: int
) -> None:
    """Fill `out`. rows: (n, 5) kind, book, runner, tick, size; edges_s: window edges, seconds to the off, falling.

    samples[i] is the book as it stood at first_ms + 1000 i.
    """
    book, best, before = out.book, out.best, out.before
    second, w = 0, 0
    for message in range(message_ms.shape[0]):
        now = message_ms[message]
        while second < out.samples.shape[0] and first_ms + 1000 * second < now:
            sample(book, best, out.samples[second])
            second += 1
        while w < edges_s.shape[0] and now >= off_ms - 1000 * edges_s[w]:
            w += 1
        for r in range(n_runners):
            before[r, ATB], before[r, ATL] = best[r, ATB], best[r, ATL]
        last_runner, seen, known, any_row, image = -1, 0, 0, False, False
        for i in range(row_of[message], row_of[message + 1]):
            kind, b, r = rows[i, 0], rows[i, 1], rows[i, 2]
            image = image or kind == IMAGE
            if image and kind == PLACE:
                book[r, b, rows[i, 3]] += rows[i, 4]
            elif image and kind == CANCEL:
                book[r, b, rows[i, 3]] -= rows[i, 4]
            elif r >= 0 and kind <= TRADE_UNATTRIBUTED:
                apply_row(out, w, book, best, before, kind, b, r, rows[i, 3], rows[i, 4])
                any_row = True
                seen = entries_of(kind, b) | (seen if r == last_runner else 0)
                fresh = seen if r != last_runner else seen & ~known
                out.counts[w, RUNNER_UPDATES] += (fresh & 1) + (fresh >> 1 & 1) + (fresh >> 2 & 1)
                last_runner, known = r, seen
        if image:
            for r in range(n_runners):
                best[r, ATB], best[r, ATL] = touch_of(book, r, ATB), touch_of(book, r, ATL)
        elif any_row:
            out.counts[w, MESSAGES] += 1
            for r in range(n_runners):
                count_moves(out, w, best, before, r)
    while second < out.samples.shape[0]:
        sample(book, best, out.samples[second])
        second += 1
