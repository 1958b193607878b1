"""From a runner's change to rows: what must have happened between the state before the message and after it. Compiled.

r        : a rise of traded volume at one tick, two-sided pence; r // 2 left the book
half     : r // 2
excess   : max(0, half − displayed before): placed before the trade, behind any order of ours

1. Kind. At a price off the ladder, or balanced by falls of the same runner in the same message: repriced (the rises no
   displayed side explains are balanced first). What the market says of the message (history, suspended, starting-price
   reconciliation) comes before.
2. Side. The displayed side that fell at that tick; where none or both did, the touch before the message (at or below the
   best to back: ATB was hit; at or above the best to lay: ATL); where that does not decide, unattributed.
3. What is left of the change of each level: cancels, then placements.

now     : mark of the change in `new_at`
n, h    : levels the message names of a book, in `tick`; ticks hit of a book, in `hits`
rises   : r0 .. r1 − 1 of the runner in `rise`: tick, pence, first sight, book hit, whether its fall told (NO_TRADE: neither)
"""

from __future__ import annotations

from typing import Final

from simcore.dtypes import (
    ATB,
    ATL,
    CANCEL,
    HISTORY,
    LAST_TRADED,
    NO_BOOK,
    PLACE,
    REPRICED,
    TRADE,
    TRADE_UNATTRIBUTED,
    TRADED_FALL,
)
from simcore.streams.compiling import Keyed, kernel
from simcore.streams.desk import (
    BOTH_SIDES,
    BY_FALL,
    BY_TOUCH,
    CLOCK,
    CROSSED,
    INDEX,
    LAST_FALL,
    LAST_RISE,
    N_ROWS,
    N_VOLUMES,
    NEVER,
    PREPLACED,
    Desk,
)
from simcore.streams.desk import LAST_TRADED as LAST_TICK
from simcore.streams.ladder import merge_ladder, merge_levels, show
from simcore.streams.merge import last_traded
from simcore.units import OFF_LADDER

UNDECIDED: Final = -1
NO_TRADE: Final = -1


@kernel
def add(d: Desk, kind: int, book: int, index: int, tick: int, size: int) -> None:
    """Write one row, packed as in `simcore.streams.rows`."""
    n = d.count[N_ROWS]
    d.code[n] = kind | book << 5 | (index + 1) << 7 | (tick + 1) << 23
    d.size[n] = size
    d.count[N_ROWS] = n + 1


@kernel
def add_volume(d: Desk, kind: int, tick: int, pence: int) -> None:
    """Keep a rise that hit no side until the trades are written."""
    n = d.count[N_VOLUMES]
    d.volume[n, 0], d.volume[n, 1], d.volume[n, 2] = kind, tick, pence
    d.count[N_VOLUMES] = n + 1


@kernel
def fell(d: Desk, r: int, book: int, t: int, now: int) -> bool:
    """Whether the message shows less at a level than before."""
    return bool(d.new_at[book, t] == now and d.new[book, t] < d.shown[r, book, t])


@kernel
def side_hit(d: Desk, r: int, t: int, now: int) -> Keyed:
    """(book that was hit or UNDECIDED, 1 where its fall told)."""
    back_fell, lay_fell = fell(d, r, ATB, t, now), fell(d, r, ATL, t, now)
    if back_fell != lay_fell:
        return ATB if back_fell else ATL, 1
    at_back, at_lay = t <= d.best[r, ATB], t >= d.best[r, ATL]
    if at_back == at_lay:
        return UNDECIDED, 0
    return ATB if at_back else ATL, 0


@kernel
def weigh(d: Desk, r: int, r0: int, r1: int, anchored: bool, now: int) -> int:
    """Tell each rise's side; what is no trade goes to `volume`. The pence that volume off the ladder balances of falls."""
    balanced = 0
    for i in range(r0, r1):
        t, pence = d.rise[i, 0], d.rise[i, 1]
        if t == OFF_LADDER:
            add_volume(d, REPRICED, t, pence)
            balanced += pence
            d.rise[i, 4] = NO_TRADE
        elif d.rise[i, 2] == 1 and not anchored:
            add_volume(d, HISTORY, t, pence)
            d.rise[i, 4] = NO_TRADE
        else:
            d.rise[i, 3], d.rise[i, 4] = side_hit(d, r, t, now)
    return balanced


@kernel
def strike(d: Desk, m: int, i: int, balance: int, h_back: int, h_lay: int) -> Keyed:
    """Take a rise for a trade but for what falls balance; (balance left, 1 + book of a tick hit for the first time or 0)."""
    t, book = d.rise[i, 0], d.rise[i, 3]
    repriced = min(max(balance, 0), d.rise[i, 1])
    if repriced > 0:
        add_volume(d, REPRICED, t, repriced)
    pence = d.rise[i, 1] - repriced
    if pence == 0:
        return balance - repriced, 0
    if book == UNDECIDED:
        add_volume(d, TRADE_UNATTRIBUTED, t, pence)
        return balance - repriced, 0
    d.market[m, BY_FALL if d.rise[i, 4] == 1 else BY_TOUCH] += pence
    fresh = d.hit[book, t] == 0
    d.hit[book, t] = pence
    if fresh:
        d.hits[book, h_back if book == ATB else h_lay] = t
    return balance - repriced, 1 + book if fresh else 0


@kernel
def classify(d: Desk, m: int, r: int, r0: int, r1: int, balance: int, anchored: bool, now: int) -> Keyed:
    """Sort the rises of a runner into hits by side and `volume`; (ticks hit of ATB, of ATL)."""
    balance -= weigh(d, r, r0, r1, anchored, now)
    h_back = h_lay = 0
    by_fall = 0 if balance > 0 else UNDECIDED  # rises no fallen side explains are balanced first
    while by_fall < 2:
        for i in range(r0, r1):
            if d.rise[i, 4] == NO_TRADE or (by_fall >= 0 and d.rise[i, 4] != by_fall):
                continue
            balance, struck = strike(d, m, i, balance, h_back, h_lay)
            h_back += struck == 1 + ATB
            h_lay += struck == 1 + ATL
        by_fall = by_fall + 1 if by_fall >= 0 else 2
    return h_back, h_lay


@kernel
def preplace(d: Desk, m: int, r: int, book: int, n: int, h: int, now: int) -> int:
    """Placements before the trades of a book; the levels hit but not named join those named, unchanged. How many there are."""
    for i in range(h):
        t = d.hits[book, i]
        excess = d.hit[book, t] // 2 - d.shown[r, book, t]
        if excess > 0:
            add(d, PLACE, book, d.runner[r, INDEX], t, excess)
            d.market[m, PREPLACED] += excess
        if d.new_at[book, t] != now:
            d.new_at[book, t], d.new[book, t] = now, d.shown[r, book, t]
            d.tick[book, n] = t
            n += 1
    return n


@kernel
def sweep(d: Desk, r: int, book: int, h: int) -> None:
    """One aggressor's trades, best price first."""
    sign = -1 if book == ATB else 1
    for i in range(1, h):
        t, place = d.hits[book, i], i
        while place > 0 and (d.hits[book, place - 1] - t) * sign > 0:
            d.hits[book, place] = d.hits[book, place - 1]
            place -= 1
        d.hits[book, place] = t
    for i in range(h):
        t = d.hits[book, i]
        add(d, TRADE, book, d.runner[r, INDEX], t, d.hit[book, t])


@kernel
def write_volume(d: Desk, index: int) -> None:
    """Rises that hit no side, the unattributed trades first."""
    for i in range(d.count[N_VOLUMES]):
        if d.volume[i, 0] == TRADE_UNATTRIBUTED:
            add(d, TRADE_UNATTRIBUTED, NO_BOOK, index, d.volume[i, 1], d.volume[i, 2])
    for i in range(d.count[N_VOLUMES]):
        if d.volume[i, 0] != TRADE_UNATTRIBUTED:
            add(d, d.volume[i, 0], NO_BOOK, index, d.volume[i, 1], d.volume[i, 2])


@kernel
def write_levels(d: Desk, r: int, book: int, n: int, sign: int) -> None:
    """What the trades leave unexplained of a book: cancels (sign −1) or placements (sign 1)."""
    for i in range(n):
        t = d.tick[book, i]
        rest = max(d.shown[r, book, t] - d.hit[book, t] // 2, 0)
        difference = (d.new[book, t] - rest) * sign
        if difference > 0:
            add(d, CANCEL if sign < 0 else PLACE, book, d.runner[r, INDEX], t, difference)


@kernel
def take_last_traded(d: Desk, r: int) -> None:
    """A row where the last traded price changed."""
    t = last_traded(d, r)
    if t != NEVER and t != d.runner[r, LAST_TICK]:
        d.runner[r, LAST_TICK] = t
        add(d, LAST_TRADED, NO_BOOK, d.runner[r, INDEX], t, 0)


@kernel
def write_change(d: Desk, m: int, r: int, r0: int, f0: int, kind: int, image: bool, full: bool, anchored: bool) -> None:
    """Add the rows of one runner's change and take it over into the state.

    r0, f0   : its first rise and fall; kind : TRADE where trading was possible, else the kind of every rise of the message
    anchored : False where the stream began in the middle; the first sight of a price is then no trade
    """
    d.count[CLOCK] += 1
    d.count[N_VOLUMES] = 0
    now, r1, f1 = d.count[CLOCK], d.runner[r, LAST_RISE], d.runner[r, LAST_FALL]
    n_back = n_lay = 0
    if full:
        n_back, n_lay = merge_ladder(d, r, ATB, image, now), merge_ladder(d, r, ATL, image, now)
    else:
        n_back, n_lay = merge_levels(d, r, ATB, image, now), merge_levels(d, r, ATL, image, now)
    named, h_back, h_lay, balance = n_back + n_lay, 0, 0, 0
    for i in range(f0, f1):
        balance += d.fall[i, 1]
    if kind == TRADE and r1 > r0:
        h_back, h_lay = classify(d, m, r, r0, r1, balance, anchored, now)
        n_back, n_lay = preplace(d, m, r, ATB, n_back, h_back, now), preplace(d, m, r, ATL, n_lay, h_lay, now)
        sweep(d, r, ATB, h_back)
        sweep(d, r, ATL, h_lay)
        d.market[m, BOTH_SIDES] += h_back > 0 and h_lay > 0
    else:
        for i in range(r0, r1):
            add_volume(d, kind, d.rise[i, 0], d.rise[i, 1])
    write_volume(d, d.runner[r, INDEX])
    for i in range(f0, f1):
        add(d, TRADED_FALL, NO_BOOK, d.runner[r, INDEX], d.fall[i, 0], d.fall[i, 1])
    write_levels(d, r, ATB, n_back, -1)
    write_levels(d, r, ATL, n_lay, -1)
    write_levels(d, r, ATB, n_back, 1)
    write_levels(d, r, ATL, n_lay, 1)
    take_last_traded(d, r)
    show(d, r, ATB, n_back)
    show(d, r, ATL, n_lay)
    for i in range(h_back):
        d.hit[ATB, d.hits[ATB, i]] = 0
    for i in range(h_lay):
        d.hit[ATL, d.hits[ATL, i]] = 0
    d.market[m, CROSSED] += named > 0 and d.best[r, ATB] >= d.best[r, ATL]
