"""What the book's imbalance says about the next message: one pass over a tape, real or synthetic.

lean   : (b − o) / (b + o) of a runner's touch after a message that changed its book; b, o: pence at the best price available to
         back and to lay
bucket : ⌊N_BUCKETS · b / (b + o)⌋, so bucket 0 is a lean of −1 … −1 + 2 / N_BUCKETS and the last one ends at +1
move   : change of best-to-back + best-to-lay (half ticks) at the runner's next message; two half ticks are one tick of the mid
sums   : (N_BUCKETS, 2) int64, messages and Σ move by bucket
"""

from __future__ import annotations

from typing import Final

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


@kernel
def apply_message(book: Int, best: Int, memory: Int, rows: Int, first: int, last: int) -> None:
    """Apply a message's rows to the books and mark the runners whose book it changed."""
    image = False
    for i in range(first, last):
        kind, b, r, t, size = rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3], rows[i, 4]
        image = image or kind == IMAGE
        if r >= 0 and kind in (PLACE, CANCEL, TRADE):
            pence = size if kind == PLACE else -size if kind == CANCEL else -(size // 2)
            change_level(book, best, r, b, t, pence)
            memory[r, CHANGED] = 1
    if image:  # what stood before it says nothing about what it shows
        for r in range(book.shape[0]):
            best[r, ATB], best[r, ATL] = touch_of(book, r, ATB), touch_of(book, r, ATL)
            memory[r, BUCKET] = -1


@kernel
def look(sums: Int, book: Int, best: Int, memory: Int, r: int, longest: int) -> None:
    """Close a runner's last observation with the book as it stands, and open the next."""
    bid, offer = best[r, ATB], best[r, ATL]
    seen = 0 <= bid <= longest and offer < N_TICKS
    if seen and memory[r, BUCKET] >= 0:
        sums[memory[r, BUCKET], MESSAGES] += 1
        sums[memory[r, BUCKET], MOVE] += bid + offer - memory[r, MID]
    memory[r, BUCKET] = -1
    if seen:
        backs, lays = book[r, ATB, bid], book[r, ATL, offer]
        memory[r, BUCKET] = min(N_BUCKETS * backs // (backs + lays), N_BUCKETS - 1)
        memory[r, MID] = bid + offer


@kernel
def lean_tape(
    sums: Int, message_ms: Int, row_of: Int, rows: Int, first_ms: int, last_ms: int, n_runners: int, longest: int
) -> None:
    """Fill `sums` from the messages published from first_ms until before last_ms. rows: as `scan.scan_tape`.

    Runners whose best back is longer than tick `longest` are left out.
    """
    book = np.zeros((n_runners, 2, N_TICKS), np.int64)
    best = np.empty((n_runners, 2), np.int64)
    best[:, ATB], best[:, ATL] = -1, N_TICKS
    memory = np.zeros((n_runners, N_MEMORY), np.int64)
    memory[:, BUCKET] = -1
    for message in range(message_ms.shape[0]):
        if message_ms[message] >= last_ms:
            break
        apply_message(book, best, memory, rows, row_of[message], row_of[message + 1])
        for r in range(n_runners):
            if memory[r, CHANGED] == 1 and message_ms[message] >= first_ms:
                look(sums, book, best, memory, r, longest)
            memory[r, CHANGED] = 0
