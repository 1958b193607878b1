"""What the book's imbalance says about the next message: one pass over a tape, real or synthetic.

lean   : (b − o) / (b + o) of a runner's touch after a message that changed its book; b, o: pence at the best price available to
         back and to lay
bucket : ⌊N_BUCKETS · b / (b + o)⌋, so bucket 0 is a lean of −1 … −1 + 2 / N_BUCKETS and the last one ends at +1
move   : change of best-to-back + best-to-lay (half ticks) at the runner's next message; two half ticks are one tick of the mid
sums   : (N_BUCKETS, 2) int64, messages and Σ move by bucket
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL, CANCEL, IMAGE, PLACE, TRADE
from simcore.synthetic.compiling import kernel
from simcore.synthetic.scan import change_level, touch_of
from simcore.units import N_TICKS

Int = NDArray[np.int64]

N_BUCKETS: Final = 20
MESSAGES: Final = 0
MOVE: Final = 1

# columns of a runner's memory
BUCKET: Final = 0
"""of its last message, −1: none that counts"""
MID: Final = 1
"""best to back + best to lay then"""
CHANGED: Final = 2
"""1 while the message at hand changes its book"""
N_MEMORY: Final = 3


class Lean(NamedTuple):
    """What the pass fills, and what it remembers; see the module's notation and `new_lean`."""

    sums: Int
    book: Int
    best: Int
    memory: Int


def new_lean(n_runners: int) -> Lean:
    """Empty books: book (runners, 2, 350) pence, best (runners, 2) their touch, memory (runners, N_MEMORY)."""
    return Lean(
        sums=np.zeros((N_BUCKETS, 2), np.int64),
        book=np.zeros((n_runners, 2, N_TICKS), np.int64),
        best=np.tile(np.array([-1, N_TICKS]), (n_runners, 1)),
        memory=np.tile(np.array([-1, 0, 0]), (n_runners, 1)),
    )


@kernel
def apply_message(out: Lean, rows: Int, first: int, last: int) -> None:
    """Apply a message's rows to the books and mark the runners whose book it changed."""
    image = False
    for i in range(first, last):
        kind, b, r, t, size = rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3], rows[i, 4]
        image = image or kind == IMAGE
        if r >= 0 and kind in (PLACE, CANCEL, TRADE):
            pence = size if kind == PLACE else -size if kind == CANCEL else -(size // 2)
            change_level(out.book, out.best, r, b, t, pence)
            out.memory[r, CHANGED] = 1
    if image:  # what stood before it says nothing about what it shows
        for r in range(out.best.shape[0]):
            out.best[r, ATB], out.best[r, ATL] = touch_of(out.book, r, ATB), touch_of(out.book, r, ATL)
            out.memory[r, BUCKET] = -1


@kernel
def look(out: Lean, r: int, longest: int) -> None:
    """Close a runner's last observation with the book as it stands, and open the next."""
    bid, offer, bucket = out.best[r, ATB], out.best[r, ATL], out.memory[r, BUCKET]
    seen = 0 <= bid <= longest and offer < N_TICKS
    if seen and bucket >= 0:
        out.sums[bucket, MESSAGES] += 1
        out.sums[bucket, MOVE] += bid + offer - out.memory[r, MID]
    out.memory[r, BUCKET] = -1
    if seen:
        backs, lays = out.book[r, ATB, bid], out.book[r, ATL, offer]
        out.memory[r, BUCKET] = min(N_BUCKETS * backs // (backs + lays), N_BUCKETS - 1)
        out.memory[r, MID] = bid + offer


@kernel
def lean_tape(out: Lean, message_ms: Int, row_of: Int, rows: Int, first_ms: int, last_ms: int, longest: int) -> None:
    """Fill `out.sums` from the messages published from first_ms until before last_ms. rows: as `scan.scan_tape`.

    Runners whose best back is longer than tick `longest` are left out.
    """
    for message in range(message_ms.shape[0]):
        if message_ms[message] >= last_ms:
            break
        apply_message(out, rows, row_of[message], row_of[message + 1])
        for r in range(out.best.shape[0]):
            if out.memory[r, CHANGED] == 1 and message_ms[message] >= first_ms:
                look(out, r, longest)
            out.memory[r, CHANGED] = 0
