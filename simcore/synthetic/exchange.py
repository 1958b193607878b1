"""A price-time exchange of one market: orders in queues, matching, cancelling, and what it would have to publish.

x         : `Exchange`, the arrays below
r, b, t   : runner index, book (ATB holds LAY orders, ATL holds BACK orders), tick
o         : order index, row of `x.orders`, given out once and never reused
side      : BACK (+1) or LAY (-1)
owner     : whoever placed it; traders are 0 .. n - 1, anyone else takes a higher number

level     : (runners, 2, 350) int64 pence displayed;  first, last : (runners, 2, 350) int64 order at the ends of the queue, -1
best      : (runners, 2) int64, highest tick of ATB (-1 empty), lowest tick of ATL (350 empty)
orders    : (capacity, N_ORDER) int64, columns below
traded    : (runners, 350) int64, two-sided pence;  last_tick : (runners,) int64, -1 before the first trade
alive     : (capacity,) uint8, 1 while an order stands: what whoever walks many orders reads
matches   : (capacity, N_MATCH) int64, every match in time; each ends an order, so there are never more than orders
dirty     : (runners, 4, 350) uint8, what changed since the last publication;  touched : (capacity,) int64, where, packed
tally     : (N_TALLY,) int64

Best execution: a BACK limited at t takes ATB from its highest tick down to t, a LAY takes ATL from its lowest up to t; the rest
rests. Within a tick the oldest order is matched first. Money is pence of backer's stake, one-sided, except `traded`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL, BACK
from simcore.kernels.randomness import uniform
from simcore.kernels.sharing import shared
from simcore.synthetic.compiling import kernel
from simcore.units import N_TICKS

Int = NDArray[np.int64]

NOBODY: Final = -1
"""no order"""

# columns of `orders`
RUNNER: Final = 0
BOOK: Final = 1
TICK: Final = 2
LEFT: Final = 3
"""pence still unmatched and not cancelled; 0 = gone"""
OWNER: Final = 4
OLDER: Final = 5
"""next order towards the front of the queue"""
NEWER: Final = 6
MATCHED: Final = 7
"""pence matched since it was placed, its crossing part included"""
N_ORDER: Final = 8

# columns of `matches`
MATCH_MS: Final = 0
MATCH_RUNNER: Final = 1
MATCH_TICK: Final = 2
MATCH_PENCE: Final = 3
MATCH_RESTING: Final = 4
"""the order that stood in the book"""
MATCH_TAKER: Final = 5
"""owner of the order that came"""
MATCH_SIDE: Final = 6
"""side of the order that came"""
MATCH_INCOMING: Final = 7
"""the order that came"""
N_MATCH: Final = 8

# fields of `tally`
N_ORDERS: Final = 0
N_MATCHES: Final = 1
N_TOUCHED: Final = 2
PLACED_PENCE: Final = 3
CANCELLED_PENCE: Final = 4
MATCHED_PENCE: Final = 5
FULL: Final = 6
"""1 = the arrays are full and an order was refused; the market is not to be used"""
N_TALLY: Final = 7

# columns of `dirty` beside ATB and ATL
TRD: Final = 2
LTP: Final = 3
N_COLUMNS: Final = 4


@shared
class Exchange(NamedTuple):
    """The state of one market; see the module's notation."""

    level: Int
    first: Int
    last: Int
    best: Int
    orders: Int
    alive: NDArray[np.uint8]
    traded: Int
    last_tick: Int
    matches: Int
    dirty: NDArray[np.uint8]
    touched: Int
    tally: Int


def open_exchange(n_runners: int, capacity: int) -> Exchange:
    """An empty exchange for `n_runners` that can take `capacity` orders and as many matches."""
    best = np.empty((n_runners, 2), np.int64)
    best[:, ATB], best[:, ATL] = -1, N_TICKS
    return Exchange(
        level=np.zeros((n_runners, 2, N_TICKS), np.int64),
        first=np.full((n_runners, 2, N_TICKS), NOBODY, np.int64),
        last=np.full((n_runners, 2, N_TICKS), NOBODY, np.int64),
        best=best,
        orders=np.empty((capacity, N_ORDER), np.int64),
        alive=np.zeros(capacity, np.uint8),
        traded=np.zeros((n_runners, N_TICKS), np.int64),
        last_tick=np.full(n_runners, -1, np.int64),
        matches=np.empty((capacity, N_MATCH), np.int64),
        dirty=np.zeros((n_runners, N_COLUMNS, N_TICKS), np.uint8),
        touched=np.empty(n_runners * N_COLUMNS * N_TICKS, np.int64),
        tally=np.zeros(N_TALLY, np.int64),
    )


@kernel
def touch(x: Exchange, r: int, column: int, t: int) -> None:
    """Remember that this number has to be published."""
    if x.dirty[r, column, t] == 0:
        x.dirty[r, column, t] = 1
        x.touched[x.tally[N_TOUCHED]] = (r * N_COLUMNS + column) * N_TICKS + t
        x.tally[N_TOUCHED] += 1


@kernel
def find_best(x: Exchange, r: int, b: int) -> None:
    """Move the best of a book to the next tick that holds anything, away from the touch."""
    t = x.best[r, b]
    if b == ATB:
        while t >= 0 and x.level[r, b, t] == 0:
            t -= 1
    else:
        while t < N_TICKS and x.level[r, b, t] == 0:
            t += 1
    x.best[r, b] = t


@kernel
def unlink(x: Exchange, o: int) -> None:
    """Take a finished order out of its queue."""
    r, b, t = x.orders[o, RUNNER], x.orders[o, BOOK], x.orders[o, TICK]
    older, newer = x.orders[o, OLDER], x.orders[o, NEWER]
    if older == NOBODY:
        x.first[r, b, t] = newer
    else:
        x.orders[older, NEWER] = newer
    if newer == NOBODY:
        x.last[r, b, t] = older
    else:
        x.orders[newer, OLDER] = older


@kernel
def shrink(x: Exchange, o: int, pence: int) -> None:
    """Take `pence` off a resting order, its level and, where that empties, its book's best."""
    r, b, t = x.orders[o, RUNNER], x.orders[o, BOOK], x.orders[o, TICK]
    x.orders[o, LEFT] -= pence
    x.level[r, b, t] -= pence
    touch(x, r, b, t)
    if x.orders[o, LEFT] == 0:
        x.alive[o] = 0
        unlink(x, o)
    if x.level[r, b, t] == 0 and x.best[r, b] == t:
        find_best(x, r, b)


@kernel
def cancel(x: Exchange, o: int, pence: int) -> int:
    """Cut a resting order by up to `pence`; it keeps its place in the queue. Returns the pence cancelled (0 = too late)."""
    if o == NOBODY:
        return 0
    cut = min(pence, x.orders[o, LEFT])
    if cut <= 0:
        return 0
    shrink(x, o, cut)
    x.tally[CANCELLED_PENCE] += cut
    return int(cut)


@kernel
def rest(x: Exchange, o: int) -> None:
    """Stand an order at the back of its queue."""
    r, b, t = x.orders[o, RUNNER], x.orders[o, BOOK], x.orders[o, TICK]
    back = x.last[r, b, t]
    x.alive[o] = 1
    x.orders[o, OLDER] = back
    x.orders[o, NEWER] = NOBODY
    if back == NOBODY:
        x.first[r, b, t] = o
    else:
        x.orders[back, NEWER] = o
    x.last[r, b, t] = o
    x.level[r, b, t] += x.orders[o, LEFT]
    touch(x, r, b, t)
    if (b == ATB and t > x.best[r, b]) or (b == ATL and t < x.best[r, b]):
        x.best[r, b] = t


@kernel
def match(x: Exchange, now: int, o: int, resting: int, side: int) -> None:
    """Match as much as both orders have left, at the resting order's price."""
    r, t = x.orders[resting, RUNNER], x.orders[resting, TICK]
    pence = min(x.orders[o, LEFT], x.orders[resting, LEFT])
    m = x.tally[N_MATCHES]
    x.matches[m, MATCH_MS], x.matches[m, MATCH_RUNNER], x.matches[m, MATCH_TICK] = now, r, t
    x.matches[m, MATCH_PENCE], x.matches[m, MATCH_RESTING] = pence, resting
    x.matches[m, MATCH_TAKER], x.matches[m, MATCH_SIDE], x.matches[m, MATCH_INCOMING] = x.orders[o, OWNER], side, o
    x.tally[N_MATCHES] = m + 1
    x.tally[MATCHED_PENCE] += pence
    x.orders[o, LEFT] -= pence
    x.orders[o, MATCHED] += pence
    x.orders[resting, MATCHED] += pence
    shrink(x, resting, pence)
    x.traded[r, t] += 2 * pence
    touch(x, r, TRD, t)
    if x.last_tick[r] != t:
        x.last_tick[r] = t
        touch(x, r, LTP, 0)


@kernel
def place(x: Exchange, now: int, owner: int, r: int, side: int, t: int, pence: int, rests: bool) -> int:
    """Send a limit order; what does not match at once rests (or, `rests` false, is killed). Returns the order.

    NOBODY where nothing was sent: no pence, or the arrays are full (then `tally[FULL]` is set).
    """
    if pence <= 0:
        return NOBODY
    o = x.tally[N_ORDERS]
    if o >= x.orders.shape[0]:
        x.tally[FULL] = 1
        return NOBODY
    x.tally[N_ORDERS] = o + 1
    x.tally[PLACED_PENCE] += pence
    taken, stood = (ATB, ATL) if side == BACK else (ATL, ATB)
    x.orders[o, RUNNER], x.orders[o, BOOK], x.orders[o, TICK] = r, stood, t
    x.orders[o, LEFT], x.orders[o, OWNER], x.orders[o, MATCHED] = pence, owner, 0
    x.orders[o, OLDER] = x.orders[o, NEWER] = NOBODY
    while x.orders[o, LEFT] > 0 and (x.best[r, taken] - t) * side >= 0:
        match(x, now, o, x.first[r, taken, x.best[r, taken]], side)
    if x.orders[o, LEFT] > 0:
        if rests:
            rest(x, o)
        else:
            x.tally[CANCELLED_PENCE] += x.orders[o, LEFT]
            x.orders[o, LEFT] = 0
    return int(o)


@kernel
def clear(x: Exchange, keep_a: int, keep_b: int, share_kept: float) -> None:
    """Cancel every resting order but the share that persists (drawn per order, from the exchange's own stream)."""
    for o in range(x.tally[N_ORDERS]):
        if x.alive[o] == 1 and not kept(keep_a, keep_b, o, share_kept):
            cancel(x, o, x.orders[o, LEFT])


@kernel
def kept(keep_a: int, keep_b: int, o: int, share_kept: float) -> bool:
    """Whether order o was sent to persist when the market turns in-play."""
    return share_kept > 0.0 and uniform(keep_a, keep_b, o, 0) < share_kept
