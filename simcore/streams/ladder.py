"""What a message makes of one runner's displayed levels. Compiled; notation in `simcore.streams.desk`.

new, new_at : the sizes a message gives, marked with the moment of the change; tick, n : its levels by book, in its order
"""

from __future__ import annotations

from simcore.dtypes import ATB
from simcore.streams.compiling import kernel
from simcore.streams.desk import CLOCK, FIRST_ENTRY, LEVEL_ATB, Desk
from simcore.streams.merge import NOBODY
from simcore.units import N_TICKS, OFF_LADDER


@kernel
def put_level(d: Desk, book: int, t: int, pence: int, n: int, now: int) -> int:
    """The message gives this size at a level; how many levels it names now."""
    if d.new_at[book, t] != now:
        d.new_at[book, t] = now
        d.tick[book, n] = t
        n += 1
    d.new[book, t] = pence
    return n


@kernel
def put_standing(d: Desk, r: int, book: int, now: int) -> int:
    """Every level that stands is named as gone, in the order they appeared; how many."""
    n = 0
    for t in range(N_TICKS):
        if d.shown[r, book, t] > 0:
            place = n
            while place > 0 and d.shown_at[r, book, d.tick[book, place - 1]] > d.shown_at[r, book, t]:
                d.tick[book, place] = d.tick[book, place - 1]
                place -= 1
            d.tick[book, place] = t
            d.new[book, t], d.new_at[book, t] = 0, now
            n += 1
    return n


@kernel
def merge_ladder(d: Desk, r: int, book: int, image: bool, now: int) -> int:
    """The full ladder's changes of one book; how many levels they name."""
    n = put_standing(d, r, book, now) if image else 0
    e = d.runner[r, FIRST_ENTRY]
    while e != NOBODY:
        for c in range(d.entry[e, 1], d.entry[e, 2]):
            if d.change[c, 0] == book and d.change[c, 1] != OFF_LADDER:
                n = put_level(d, book, d.change[c, 1], d.change[c, 2], n, now)
        e = d.entry[e, 3]
    return n


@kernel
def merge_levels(d: Desk, r: int, book: int, image: bool, now: int) -> int:
    """The best offers of one book, by level, as changes of its ladder; how many levels they name."""
    if image:
        d.level[r, book, :, 1] = 0
    named = image
    e = d.runner[r, FIRST_ENTRY]
    while e != NOBODY:
        for c in range(d.entry[e, 1], d.entry[e, 2]):
            if d.change[c, 0] == LEVEL_ATB + book:
                named = True
                d.level[r, book, d.change[c, 3], 0] = d.change[c, 1]
                d.level[r, book, d.change[c, 3], 1] = d.change[c, 2]
        e = d.entry[e, 3]
    if not named:
        return 0
    n = put_standing(d, r, book, now)
    for i in range(d.level.shape[2] - 1, -1, -1):  # the better level wins where a price stands at two
        if d.level[r, book, i, 1] > 0:
            n = put_level(d, book, d.level[r, book, i, 0], d.level[r, book, i, 1], n, now)
    return n


@kernel
def show(d: Desk, r: int, book: int, n: int) -> None:
    """Take the new sizes over and move the touch."""
    best, step = d.best[r, book], -1 if book == ATB else 1
    for i in range(n):
        t = d.tick[book, i]
        pence = d.new[book, t]
        if pence > 0:
            if d.shown[r, book, t] == 0:
                d.count[CLOCK] += 1
                d.shown_at[r, book, t] = d.count[CLOCK]
            if (t - best) * step < 0:
                best = t
        d.shown[r, book, t] = pence
    while 0 <= best < N_TICKS and d.shown[r, book, best] == 0:
        best += step
    d.best[r, book] = best
