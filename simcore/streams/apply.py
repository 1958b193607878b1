"""One message of one market taken over, and the loop over plain lines. Compiled; notation in `simcore.streams.desk`."""

from __future__ import annotations

from typing import Final

from simcore.dtypes import HISTORY, IMAGE, NO_BOOK, RECONCILED, REPRICED, SUSPENDED, TRADE
from simcore.streams.compiling import Keyed, Text, door, kernel
from simcore.streams.desk import (
    ANCHORED,
    BSP,
    CHANGES,
    CLEARED,
    CLOCK,
    CLOCK_BACK,
    CONFLATED,
    CONFLATED_MESSAGES,
    FULL_LADDER,
    GAPS,
    IMAGE_FLAG,
    IN_PLAY,
    LAST_FALL,
    LAST_MS,
    LAST_RISE,
    LEVELS,
    LINES,
    LOST,
    MESSAGES,
    N_CHANGES,
    N_ENTRIES,
    N_EXTRA,
    N_FALLS,
    N_MESSAGES,
    N_ODD,
    N_PARTS,
    N_RISES,
    N_ROWS,
    N_RUNNERS,
    NEED_LINE,
    NEED_MESSAGES,
    NEED_ODD,
    NEED_RISES,
    NEED_ROWS,
    NEED_RUNNERS,
    PREFIXED,
    PUBLISHED_MS,
    READ,
    REFUSED,
    RUNNERS,
    SEEN,
    START_MS,
    STATUS,
    VIRTUAL,
    WAS,
    Desk,
)
from simcore.streams.merge import NOBODY, merge_traded, name_runners, off_ladder
from simcore.streams.reconcile import add, write_change
from simcore.streams.scan import plain_line
from simcore.streams.words import BEGIN, NEWLINE, NO_ROOM, RETURN
from simcore.units import N_TICKS, OFF_LADDER

NEAR_THE_OFF_MS: Final = 600_000
"""Volume that appears while suspended is taken for the starting-price reconciliation this long before the advertised start
or later; earlier it is a revaluation after a removal."""

DONE: Final = 0
NOT_PLAIN: Final = 1
"""a line for the general reading"""
GROW: Final = 2
"""the desk has too little room; nothing of the line was taken over"""


@kernel
def has_room(d: Desk) -> bool:
    """Whether the line at hand can be taken over; what it may need at most is noted either way."""
    entries, changes, odd = d.count[N_ENTRIES], d.count[N_CHANGES], d.count[N_ODD]
    rises, rows = changes, 8 * (changes + entries) + d.count[N_EXTRA] + d.count[N_PARTS]
    for p in range(d.count[N_PARTS]):
        m, flags = d.part[p, 0], d.part[p, 3]
        runners = d.market[m, RUNNERS] + d.part[p, 2] - d.part[p, 1]
        seen = d.market[m, SEEN]
        if flags & (IMAGE_FLAG | CLEARED) or (flags & FULL_LADDER and not seen & FULL_LADDER):
            rises += runners * N_TICKS + odd + changes
            rows += 4 * runners * N_TICKS + odd
        if not (seen | flags) & FULL_LADDER:
            rows += 8 * (d.part[p, 2] - d.part[p, 1]) * d.level.shape[2]
    d.count[NEED_LINE] = 0
    d.count[NEED_RUNNERS] = d.count[N_RUNNERS] + entries
    d.count[NEED_ODD] = odd + changes
    d.count[NEED_MESSAGES] = d.count[N_MESSAGES] + d.count[N_PARTS]
    d.count[NEED_RISES] = 2 * rises
    d.count[NEED_ROWS] = d.count[N_ROWS] + rows
    return bool(
        d.count[NEED_RUNNERS] <= d.runner.shape[0]
        and d.count[NEED_ODD] <= d.odd.shape[0]
        and d.count[NEED_MESSAGES] <= d.message.shape[0]
        and d.count[NEED_RISES] <= d.rise.shape[0]
        and d.count[NEED_ROWS] <= d.code.shape[0]
    )


@kernel
def look(d: Desk, m: int, flags: int) -> bool:
    """Note what the message carries; True where a full ladder shows up after best offers: the state starts anew."""
    seen = d.market[m, SEEN]
    d.market[m, CONFLATED_MESSAGES] += flags & CONFLATED != 0
    d.market[m, SEEN] |= flags & CHANGES
    if seen & FULL_LADDER:
        return False
    if flags & FULL_LADDER:
        d.market[m, SEEN] |= FULL_LADDER
        return bool(seen & LEVELS != 0)
    if not seen & LEVELS:
        d.market[m, SEEN] |= flags & (LEVELS | VIRTUAL)
    return False


@kernel
def rises_as(d: Desk, m: int, history: bool) -> int:
    """What rises of traded volume are in this message: TRADE, or the kind all of them have."""
    if history:
        return HISTORY
    if d.market[m, WAS] != SUSPENDED and d.market[m, STATUS] != SUSPENDED:
        return TRADE
    start_ms = d.market[m, START_MS]
    near = start_ms == 0 or d.count[PUBLISHED_MS] >= start_ms - NEAR_THE_OFF_MS
    if d.market[m, BSP] == 0 or d.market[m, IN_PLAY] == 1 or not near:
        return REPRICED
    if d.count[N_FALLS] > 0:
        return REPRICED  # falls, or rises off the ladder: no plain trading does that
    for i in range(d.count[N_RISES]):
        if d.rise[i, 0] == OFF_LADDER:
            return REPRICED
    return RECONCILED


@kernel
def refuses(d: Desk, m: int, n: int, full: bool) -> bool:
    """Whether a runner's displayed price is off the ladder; the market is refused from then on."""
    for k in range(n):
        c = off_ladder(d, d.named[k], full)
        if c != NOBODY:
            d.market[m, REFUSED] = 1
            d.off_ladder[m] = d.change_odds[c]
            return True
    return False


@kernel
def open_message(d: Desk, m: int, image: bool) -> None:
    """The market's own rows, and what is known of gaps."""
    if image:
        add(d, IMAGE, NO_BOOK, -1, -1, 0)
        d.market[m, ANCHORED] = 1
    elif d.market[m, LOST] == 1:
        d.market[m, GAPS] += d.market[m, MESSAGES] > 0
    for i in range(d.count[N_EXTRA]):
        d.code[d.count[N_ROWS]], d.size[d.count[N_ROWS]] = d.extra[i, 0], d.extra[i, 1]
        d.count[N_ROWS] += 1
    d.count[N_EXTRA] = 0


@kernel
def close_message(d: Desk, m: int) -> None:
    """Everything added since the last call was one message. Publication that goes back is held."""
    published_ms, last_ms = d.count[PUBLISHED_MS], d.market[m, LAST_MS]
    d.market[m, CLOCK_BACK] += published_ms < last_ms
    d.market[m, LAST_MS] = max(published_ms, last_ms)
    d.market[m, MESSAGES] += 1
    d.market[m, WAS], d.market[m, LOST] = d.market[m, STATUS], 0
    i = d.count[N_MESSAGES]
    d.message[i, 0], d.message[i, 1], d.message[i, 2] = m, d.market[m, LAST_MS], d.count[N_ROWS]
    d.count[N_MESSAGES] = i + 1


@kernel
def apply_part(d: Desk, m: int, first: int, last: int, flags: int) -> None:
    """All entries of one market in one message."""
    d.count[CLOCK] += 1
    d.count[N_RISES] = d.count[N_FALLS] = 0
    switched = look(d, m, flags)
    image = flags & IMAGE_FLAG != 0
    history = image or switched or d.market[m, MESSAGES] == 0 or d.market[m, LOST] == 1
    before = d.count[N_ROWS]
    open_message(d, m, image)
    anew, full = image or switched, d.market[m, SEEN] & FULL_LADDER != 0
    n = name_runners(d, m, first, last, anew)
    if refuses(d, m, n, full):
        d.count[N_ROWS] = before
        return
    for k in range(n):
        r = d.named[k]
        merge_traded(d, r, anew)
        d.runner[r, LAST_RISE], d.runner[r, LAST_FALL] = d.count[N_RISES], d.count[N_FALLS]
    kind, anchored, r0, f0 = rises_as(d, m, history), d.market[m, ANCHORED] == 1, 0, 0
    for k in range(n):
        r = d.named[k]
        write_change(d, m, r, r0, f0, kind, anew, full, anchored)
        r0, f0 = d.runner[r, LAST_RISE], d.runner[r, LAST_FALL]
    close_message(d, m)


@kernel
def apply_parts(d: Desk) -> None:
    """Everything of the line at hand."""
    for p in range(d.count[N_PARTS]):
        m = d.part[p, 0]
        if d.market[m, REFUSED] == 0:
            apply_part(d, m, d.part[p, 1], d.part[p, 2], d.part[p, 3])


@kernel
def begin_of(text: Text, at: int) -> int:
    """The `{` of a line, the newline or a carriage return where it comes first."""
    while text[at] != BEGIN and text[at] != NEWLINE and text[at] != RETURN:
        at += 1
    return at


@door
def read_lines(d: Desk, text: Text, at: int) -> Keyed:
    """Plain lines from `at` on; (DONE, or why it stopped at a line; where that begins).

    At −1 the line is on the desk already.
    """
    if at < 0:
        if not has_room(d):
            return GROW, at
        apply_parts(d)
        return DONE, at
    while at < text.shape[0]:
        while text[at] != NEWLINE and (text[at] == 32 or 9 <= text[at] <= RETURN):
            at += 1
        if text[at] == NEWLINE:
            at += 1
            continue
        begin = begin_of(text, at)
        end = plain_line(d, text, begin) if text[begin] == BEGIN else -1
        if end == NO_ROOM:
            d.count[NEED_LINE] = 2 * d.entry.shape[0]
            return GROW, at
        if end < 0:
            return NOT_PLAIN, at
        if not has_room(d):
            return GROW, at
        d.count[LINES] += 1
        d.count[READ] += 1
        d.count[PREFIXED] += begin != at
        apply_parts(d)
        at = end + 1
    return DONE, at
