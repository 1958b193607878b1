"""From what was published to tape rows, compiled: the importer's inference (`simcore.streams.reconcile`) for a clean stream.

It reads nothing but the published changes, so a tape written directly is what the importer makes of the stream file; a test
holds the two equal, row for row.

changes  : (rows, 4) int64: runner, column (ATB, ATL, TRD, LTP), tick, new absolute value; in a message by runner, column, tick
rises_as : (messages,) int64, kind of the message's rises of traded volume: TRADE, HISTORY, REPRICED or RECONCILED
shown    : (runners, 4, 350) int64, what is displayed before the message; best : (runners, 2) int64, its touch
rows     : (capacity, 5) int64: kind, book, runner, tick, size;  tally : [rows written]
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL, CANCEL, LAST_TRADED, NO_BOOK, PLACE, TRADE, TRADE_UNATTRIBUTED
from simcore.kernels.compiling import Int1, Int2, compile_kernel, register
from simcore.kernels.sharing import shared
from simcore.synthetic.compiling import kernel
from simcore.synthetic.exchange import LTP, N_COLUMNS, TRD
from simcore.units import N_TICKS

Int = NDArray[np.int64]

_UNDECIDED: Final = -1


@shared
class Desk(NamedTuple):
    """What the transcription holds between messages; see the module's notation.

    new : (4, 350) int64, the runner's numbers after the message;  hit : (2, 350) int64, two-sided pence traded by side;
    seen : (2, 350) int64, 1 where the message names the level;  low, high : (2,) int64, ends of the hit ticks of each side
    """

    shown: Int
    best: Int
    new: Int
    hit: Int
    seen: Int
    low: Int
    high: Int
    rows: Int
    tally: Int


def open_desk(n_runners: int, capacity: int) -> Desk:
    """An empty desk with room for `capacity` rows."""
    shown = np.zeros((n_runners, N_COLUMNS, N_TICKS), np.int64)
    shown[:, LTP] = -1
    best = np.empty((n_runners, 2), np.int64)
    best[:, ATB], best[:, ATL] = -1, N_TICKS
    desk = Desk(
        shown=shown,
        best=best,
        new=np.zeros((N_COLUMNS, N_TICKS), np.int64),
        hit=np.zeros((2, N_TICKS), np.int64),
        seen=np.zeros((2, N_TICKS), np.int64),
        low=np.empty(2, np.int64),
        high=np.empty(2, np.int64),
        rows=np.empty((capacity, 5), np.int64),
        tally=np.zeros(1, np.int64),
    )
    if not getattr(write_messages, "signatures", None):
        register(Desk, desk)
        compile_kernel(write_messages)
    return desk


@kernel
def add(d: Desk, kind: int, book: int, r: int, t: int, size: int) -> None:
    """Write one row."""
    i = d.tally[0]
    d.rows[i, 0], d.rows[i, 1], d.rows[i, 2], d.rows[i, 3], d.rows[i, 4] = kind, book, r, t, size
    d.tally[0] = i + 1


@kernel
def side_hit(d: Desk, r: int, t: int) -> int:
    """The book a trade at t took from: the one that fell there, else by the touch before the message."""
    back_fell = d.seen[ATB, t] == 1 and d.new[ATB, t] < d.shown[r, ATB, t]
    lay_fell = d.seen[ATL, t] == 1 and d.new[ATL, t] < d.shown[r, ATL, t]
    if back_fell != lay_fell:
        return ATB if back_fell else ATL
    at_back, at_lay = t <= d.best[r, ATB], t >= d.best[r, ATL]
    if at_back == at_lay:
        return _UNDECIDED
    return ATB if at_back else ATL


@kernel
def write_trades(d: Desk, r: int) -> None:
    """Pre-placements of both books, then each aggressor's sweep, best price first."""
    for b in (ATB, ATL):
        for t in range(d.low[b], d.high[b] + 1):
            excess = d.hit[b, t] // 2 - d.shown[r, b, t]
            if excess > 0:
                add(d, PLACE, b, r, t, excess)
    for t in range(d.high[ATB], d.low[ATB] - 1, -1):
        if d.hit[ATB, t] > 0:
            add(d, TRADE, ATB, r, t, d.hit[ATB, t])
    for t in range(d.low[ATL], d.high[ATL] + 1):
        if d.hit[ATL, t] > 0:
            add(d, TRADE, ATL, r, t, d.hit[ATL, t])


@kernel
def left_over(d: Desk, r: int, b: int, t: int) -> int:
    """Change of a level that its trades do not explain, pence; negative = cancelled."""
    rest = max(d.shown[r, b, t] - d.hit[b, t] // 2, 0)
    after = d.new[b, t] if d.seen[b, t] == 1 else d.shown[r, b, t]
    return int(after - rest)


@kernel
def show(d: Desk, r: int, column: int, t: int, value: int) -> None:
    """Take over one published number; a level better than the touch is the new touch."""
    d.shown[r, column, t] = value
    if value > 0 and ((column == ATB and t > d.best[r, ATB]) or (column == ATL and t < d.best[r, ATL])):
        d.best[r, column] = t


@kernel
def settle_best(d: Desk, r: int, b: int) -> None:
    """Move a runner's touch past levels that its change emptied."""
    t = d.best[r, b]
    step = -1 if b == ATB else 1
    while 0 <= t < N_TICKS and d.shown[r, b, t] == 0:
        t += step
    d.best[r, b] = t


@kernel
def classify(d: Desk, changes: Int2, first: int, last: int, rises_as: int) -> None:
    """Sort the runner's rises of traded volume into hits by side and rows that hit no side."""
    r = changes[first, 0]
    d.low[:], d.high[:] = N_TICKS, -1
    for i in range(first, last):
        if changes[i, 1] != TRD:
            continue
        t = changes[i, 2]
        rise = changes[i, 3] - d.shown[r, TRD, t]
        if rise <= 0 or rises_as != TRADE:
            continue
        b = side_hit(d, r, t)
        if b != _UNDECIDED:
            d.hit[b, t] = rise
            d.low[b], d.high[b] = min(d.low[b], t), max(d.high[b], t)


@kernel
def write_volume(d: Desk, changes: Int2, first: int, last: int, rises_as: int) -> None:
    """Rises that hit no side: unattributed trades, or whatever kind the whole message is."""
    r = changes[first, 0]
    for i in range(first, last):
        if changes[i, 1] != TRD:
            continue
        t = changes[i, 2]
        rise = changes[i, 3] - d.shown[r, TRD, t]
        if rise > 0 and d.hit[ATB, t] + d.hit[ATL, t] == 0:
            add(d, TRADE_UNATTRIBUTED if rises_as == TRADE else rises_as, NO_BOOK, r, t, rise)


@kernel
def write_levels(d: Desk, changes: Int2, first: int, last: int, sign: int) -> None:
    """Cancels (sign −1) or placements (sign 1): levels the message names, then levels hit but not named, ATB before ATL."""
    r = changes[first, 0]
    for b in (ATB, ATL):
        for i in range(first, last):
            if changes[i, 1] == b:
                difference = left_over(d, r, b, changes[i, 2])
                if difference * sign > 0:
                    add(d, PLACE if sign > 0 else CANCEL, b, r, changes[i, 2], difference * sign)
        for t in range(d.low[b], d.high[b] + 1):
            if d.hit[b, t] > 0 and d.seen[b, t] == 0:
                difference = left_over(d, r, b, t)
                if difference * sign > 0:
                    add(d, PLACE if sign > 0 else CANCEL, b, r, t, difference * sign)


@kernel
def write_runner(d: Desk, changes: Int2, first: int, last: int, rises_as: int) -> None:
    """All rows of one runner in one message, and the state after it."""
    r = changes[first, 0]
    for i in range(first, last):
        column, t = changes[i, 1], changes[i, 2]
        d.new[column, t] = changes[i, 3]
        if column < 2:
            d.seen[column, t] = 1
    classify(d, changes, first, last, rises_as)
    write_trades(d, r)
    write_volume(d, changes, first, last, rises_as)
    write_levels(d, changes, first, last, -1)
    write_levels(d, changes, first, last, 1)
    for i in range(first, last):
        column, t = changes[i, 1], changes[i, 2]
        if column == LTP:
            add(d, LAST_TRADED, NO_BOOK, r, changes[i, 3], 0)
        show(d, r, column, t, changes[i, 3])
        if column < 2:
            d.seen[column, t] = 0
        elif column == TRD:
            d.hit[ATB, t] = d.hit[ATL, t] = 0
    settle_best(d, r, ATB)
    settle_best(d, r, ATL)


@kernel
def write_messages(d: Desk, message_row: Int1, changes: Int2, rises_as: Int1, extra: Int2, row_of: Int1) -> None:
    """Rows of all messages. `extra` : (n, 6) int64, message and row to be written before its changes, in message order.

    row_of : (messages + 1,) int64 is filled with the first row of each message.
    """
    e = 0
    for message in range(message_row.shape[0] - 1):
        row_of[message] = d.tally[0]
        while e < extra.shape[0] and extra[e, 0] == message:
            add(d, extra[e, 1], extra[e, 2], extra[e, 3], extra[e, 4], extra[e, 5])
            e += 1
        i, end = message_row[message], message_row[message + 1]
        while i < end:
            first = i
            while i < end and changes[i, 0] == changes[first, 0]:
                i += 1
            write_runner(d, changes, first, i, rises_as[message])
    row_of[message_row.shape[0] - 1] = d.tally[0]
