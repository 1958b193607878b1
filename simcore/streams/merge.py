"""What a message changes of one runner, all its entries merged. Compiled; notation in `simcore.streams.desk`.

A runner's entries in one message belong together. Sizes are absolute and the last one named holds; after an image what it does
not name is gone. Changes keep the order in which the message names them.
"""

from __future__ import annotations

from typing import Final

from simcore.dtypes import ATB, ATL
from simcore.streams.compiling import door, kernel
from simcore.streams.desk import (
    CLEAR,
    CLOCK,
    FIRST_ENTRY,
    FIRST_ODD,
    FIRST_RUNNER,
    INDEX,
    LAST_ENTRY,
    LAST_RUNNER,
    LAST_TRADED,
    LEVEL_ATB,
    LTP,
    MARKET,
    N_FALLS,
    N_KEYS,
    N_ODD,
    N_RISES,
    N_RUNNERS,
    NAMED_AT,
    NEVER,
    NEXT,
    RUNNERS,
    SELECTION,
    TRD,
    Desk,
)
from simcore.units import N_TICKS, OFF_LADDER

NOBODY: Final = -1


@kernel
def runner_at(d: Desk, m: int, selection_id: int, handicap: float) -> int:
    """Slot of a market's runner; one not met before is added."""
    r = d.market[m, FIRST_RUNNER]
    while r != NOBODY:
        if d.runner[r, SELECTION] == selection_id and d.handicap[r] == handicap:
            return int(r)
        r = d.runner[r, NEXT]
    return add_runner(d, m, selection_id, handicap)


@kernel
def add_runner(d: Desk, m: int, selection_id: int, handicap: float) -> int:
    """Slot of a market's new runner."""
    r = d.count[N_RUNNERS]
    d.runner[r, MARKET], d.runner[r, SELECTION], d.runner[r, INDEX] = m, selection_id, d.market[m, RUNNERS]
    d.runner[r, NEXT] = d.runner[r, FIRST_ODD] = NOBODY
    d.runner[r, LAST_TRADED], d.runner[r, NAMED_AT] = NEVER, 0
    d.handicap[r] = handicap
    d.best[r, ATB], d.best[r, ATL] = -1, N_TICKS
    if d.market[m, FIRST_RUNNER] == NOBODY:
        d.market[m, FIRST_RUNNER] = r
    else:
        d.runner[d.market[m, LAST_RUNNER], NEXT] = r
    d.market[m, LAST_RUNNER] = r
    d.market[m, RUNNERS] += 1
    d.count[N_RUNNERS] = r + 1
    return int(r)


@kernel
def name_runners(d: Desk, m: int, first: int, last: int, image: bool) -> int:
    """The runners that entries first..last − 1 name into `named`, in their order, entries chained by runner; how many.

    An image also names all the market's other runners: it empties them.
    """
    now, n = d.count[CLOCK], 0
    for e in range(first, last):
        r = runner_at(d, m, d.entry[e, 0], d.entry_hc[e])
        d.entry[e, 3] = NOBODY
        if d.runner[r, NAMED_AT] == now:
            d.entry[d.runner[r, LAST_ENTRY], 3] = e
        else:
            d.runner[r, NAMED_AT], d.runner[r, FIRST_ENTRY] = now, e
            d.named[n] = r
            n += 1
        d.runner[r, LAST_ENTRY] = e
    r = d.market[m, FIRST_RUNNER]
    while image and r != NOBODY:
        if d.runner[r, NAMED_AT] != now:
            d.runner[r, NAMED_AT], d.runner[r, FIRST_ENTRY] = now, NOBODY
            d.named[n] = r
            n += 1
        r = d.runner[r, NEXT]
    return int(n)


@kernel
def off_ladder(d: Desk, r: int, full: bool) -> int:
    """The first change of the runner that displays money at a price off the ladder, ATB before ATL; −1 for none."""
    for book in (ATB, ATL):
        column = book if full else LEVEL_ATB + book
        e = d.runner[r, FIRST_ENTRY]
        while e != NOBODY:
            for c in range(d.entry[e, 1], d.entry[e, 2]):
                if d.change[c, 1] == OFF_LADDER and d.change[c, 0] == column and d.change[c, 2] > 0:
                    return int(c)
            e = d.entry[e, 3]
    return NOBODY


@kernel
def odd_key(d: Desk, r: int, c: int) -> int:
    """Key of a change's price that is not exactly a tick's; one not met before is added, unpublished."""
    o, odds = d.runner[r, FIRST_ODD], d.change_odds[c]
    while o != NOBODY:
        if d.odd_odds[o] == odds:
            return int(N_TICKS + o)
        o = d.odd[o, 3]
    o = d.count[N_ODD]
    d.odd[o, 0], d.odd[o, 1], d.odd[o, 2], d.odd[o, 3] = r, -1, 0, d.runner[r, FIRST_ODD]
    d.odd[o, 4], d.odd_odds[o] = d.change[c, 1], odds
    d.runner[r, FIRST_ODD] = o
    d.count[N_ODD] = o + 1
    return int(N_TICKS + o)


@kernel
def traded_before(d: Desk, r: int, key: int) -> int:
    """Volume last published at a key; −1 for never."""
    return int(d.traded[r, key]) if key < N_TICKS else int(d.odd[key - N_TICKS, 1])


@kernel
def traded_since(d: Desk, r: int, key: int) -> int:
    """When a key was first published."""
    return int(d.traded_at[r, key]) if key < N_TICKS else int(d.odd[key - N_TICKS, 2])


@kernel
def put_traded(d: Desk, key: int, pence: int, now: int) -> None:
    """The message gives this volume at a key."""
    if d.seen_key[key] != now:
        d.seen_key[key] = now
        d.key[d.count[N_KEYS]] = key
        d.count[N_KEYS] += 1
    d.new_traded[key] = pence


@kernel
def clear_traded(d: Desk, r: int, now: int) -> None:
    """All the volume is gone: what the message named before, then every key ever published, in that order."""
    first = d.count[N_KEYS]
    for k in range(first):
        d.new_traded[d.key[k]] = 0
    for t in range(N_TICKS):
        if d.traded[r, t] >= 0:
            put_traded(d, t, 0, now)
    o = d.runner[r, FIRST_ODD]
    while o != NOBODY:
        if d.odd[o, 1] >= 0:
            put_traded(d, N_TICKS + o, 0, now)
        o = d.odd[o, 3]
    for k in range(first + 1, d.count[N_KEYS]):  # by when they were first published
        moved, place = d.key[k], k
        while place > first and traded_since(d, r, d.key[place - 1]) > traded_since(d, r, moved):
            d.key[place] = d.key[place - 1]
            place -= 1
        d.key[place] = moved


@kernel
def merge_traded(d: Desk, r: int, image: bool) -> None:
    """The runner's rises and falls of traded volume behind those of the runners before it; the new volume is taken over."""
    d.count[CLOCK] += 1
    d.count[N_KEYS] = 0
    now = d.count[CLOCK]
    if image:
        clear_traded(d, r, now)
    e = d.runner[r, FIRST_ENTRY]
    while e != NOBODY:
        for c in range(d.entry[e, 1], d.entry[e, 2]):
            if d.change[c, 0] == CLEAR:
                clear_traded(d, r, now)
            elif d.change[c, 0] == TRD:
                t = d.change[c, 1]
                exact = t != OFF_LADDER and d.odds[t] == d.change_odds[c]
                put_traded(d, t if exact else odd_key(d, r, c), d.change[c, 2], now)
        e = d.entry[e, 3]
    for k in range(d.count[N_KEYS]):
        take_traded(d, r, d.key[k])


@kernel
def take_traded(d: Desk, r: int, key: int) -> None:
    """Note the rise or fall at a key, and take its new volume over."""
    before, pence = traded_before(d, r, key), d.new_traded[key]
    t = key if key < N_TICKS else d.odd[key - N_TICKS, 4]
    if pence > max(before, 0):
        n = d.count[N_RISES]
        d.rise[n, 0], d.rise[n, 1], d.rise[n, 2] = t, pence - max(before, 0), before < 0
        d.count[N_RISES] = n + 1
    elif pence < before:
        n = d.count[N_FALLS]
        d.fall[n, 0], d.fall[n, 1] = t, before - pence
        d.count[N_FALLS] = n + 1
    if before < 0:
        d.count[CLOCK] += 1
        if key < N_TICKS:
            d.traded_at[r, key] = d.count[CLOCK]
        else:
            d.odd[key - N_TICKS, 2] = d.count[CLOCK]
    if key < N_TICKS:
        d.traded[r, key] = pence
    else:
        d.odd[key - N_TICKS, 1] = pence


@kernel
def last_traded(d: Desk, r: int) -> int:
    """The last traded tick the message names, NEVER where it names none."""
    found = NEVER
    e = d.runner[r, FIRST_ENTRY]
    while e != NOBODY:
        for c in range(d.entry[e, 1], d.entry[e, 2]):
            if d.change[c, 0] == LTP:
                found = d.change[c, 1]
        e = d.entry[e, 3]
    return int(found)


@door
def meet_runner(d: Desk, m: int, selection_id: int, handicap: float) -> int:
    """Slot of a runner that a definition names first."""
    return add_runner(d, m, selection_id, handicap)
