"""The traders: what each does when its own clock wakes it. Every choice is a draw of its own stream (`randomness`).

m         : `Market`, the arrays below;  x : its `Exchange`
j         : trader, row of `m.trader`;  now : ms since the market's time zero
f         : what a trader thinks the fair price is, thousandths of a tick

trader    : (traders, N_TRADER) int64, columns below;  due : (traders,) float64, share-weighted intensity at which it wakes next
wake_ms   : (traders,) int64, when it wakes next;  share : (traders,) float64, its share of its kind's wakes
own       : (traders, OWN_MOST) int64, its orders that may still rest;  own_at : where each stands, see `packed`
clock     : (kinds, seconds + 1) float64, expected wakes of all traders of a kind up to that second
fair      : (seconds + 1, runners) int64, thousandths of a tick
pace      : (seconds + 1, N_PACE) int64, what changes with the time to the off
depth     : (N_DEPTH,) float64, cumulative chances of where a maker's order goes, see `quote`
habits    : (N_HABIT,) float64, the crowd's constants;  size_at : (350,) float64, factor of the usual size at a tick
out_*     : what was published, see `session`;  state : (N_STATE,) int64

Kinds: MAKER stands orders around what it thinks is fair and cancels them again, first those that fair has moved through.
PUNTER (noise) takes the touch of a runner for no reason; its side is sticky. INFORMED sees fair earliest and takes what stands
on the wrong side of it. FOLLOWER takes the lighter side of a lopsided touch before it goes:
it reacts to the book alone, as makers do who pull a quote there.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL, BACK, LAY
from simcore.kernels.compiling import Real1
from simcore.kernels.randomness import exponential, normal, uniform
from simcore.kernels.sharing import shared
from simcore.synthetic.compiling import kernel
from simcore.synthetic.exchange import BOOK, LEFT, NOBODY, RUNNER, TICK, Exchange, cancel, place
from simcore.units import N_TICKS, ODDS

Int = NDArray[np.int64]
Real = NDArray[np.float64]

MAKER: Final = 0
PUNTER: Final = 1
INFORMED: Final = 2
FOLLOWER: Final = 3
N_KINDS: Final = 4

KIND: Final = 0
KEY_A: Final = 1
KEY_B: Final = 2
WAKE: Final = 3
SECOND: Final = 4
"""where on its kind's clock it is"""
N_OWN: Final = 5
LAST_SIDE: Final = 6
LAG_MS: Final = 7
"""how late it sees fair"""
N_TRADER: Final = 8

HALF_SPREAD: Final = 0
"""thousandths of a tick a typical maker stays away from fair"""
STOCK: Final = 1
"""thousandths of orders a maker likes to have standing"""
SIZE: Final = 2
"""per mille of the usual order size"""
N_PACE: Final = 3

OWN_MOST: Final = 96
"""a maker with so many orders cancels before it places"""

# habits
MAKE_MEDIAN: Final = 0
"""pence"""
MAKE_SIGMA: Final = 1
TAKE_MEDIAN: Final = 2
TAKE_SIGMA: Final = 3
DUST: Final = 4
"""share of takers' orders of 1 to 8 pence"""
EDGE: Final = 5
"""thousandths of a tick beyond fair at which INFORMED act"""
STALE: Final = 6
"""thousandths of a tick beyond fair at which a maker gives an order up"""
IMPROVE: Final = 7
"""chance that a maker with room betters the touch, whatever `depth` says"""
BURST: Final = 8
"""chance of one more action in the same wake"""
REQUOTE: Final = 9
"""chance that a cancelled stale order is replaced at once"""
STICKY: Final = 10
"""chance that a punter takes the same side as last time"""
SKEW: Final = 11
"""how far makers' opinions of fair differ, in half-spreads"""
LOPSIDED: Final = 12
"""imbalance of the touch at which FOLLOWERs act"""
DEEP_LIABILITY: Final = 13
"""median liability, pence, of orders far from the touch"""
GREED: Final = 14
"""how many usual sizes INFORMED take at most"""
LEAN: Final = 15
"""how much more often a maker places on the side its opinion favours, 0 .. 0.5"""
PULL: Final = 16
"""chance that a waking maker takes its quote off the lighter side of a lopsided touch"""
SHIFT: Final = 17
"""chance that after giving a stale order up a maker quotes the other side in the same wake: it moves its prices"""
ODDS_POWER: Final = 18
"""sizes fall with this power of the odds; 1 = the same money is paid out whichever runner wins"""
N_HABIT: Final = 19

NEVER_MS: Final = 1 << 50

N_DEPTH: Final = 7
"""improving, at best, 1, 2, 3-5, 6-15, 16+ ticks behind the best of its own book"""

# state
NEXT_PUBLICATION: Final = 0
N_MESSAGES: Final = 1
N_CHANGES: Final = 2
PUBLICATIONS: Final = 3
STREAM_A: Final = 4
STREAM_B: Final = 5
OVERFLOW: Final = 6
N_STATE: Final = 7


@shared
class Market(NamedTuple):
    """Everything a running market holds; see the module's notation."""

    x: Exchange
    trader: Int
    due: Real
    wake_ms: Int
    share: Real
    own: Int
    own_at: Int
    clock: Real
    fair: Int
    pace: Int
    depth: Real
    habits: Real
    size_at: Real
    out_ms: Int
    out_row: Int
    out: Int
    shown: Int
    state: Int


@kernel
def u(m: Market, j: int, slot: int) -> float:
    """This wake's number `slot` of trader j, uniform in (0, 1)."""
    return uniform(m.trader[j, KEY_A], m.trader[j, KEY_B], m.trader[j, WAKE], slot)


@kernel
def next_wake(m: Market, j: int) -> None:
    """Draw the next wake of trader j: a Poisson process whose intensity is its share of its kind's clock."""
    kind, s, last = m.trader[j, KIND], m.trader[j, SECOND], m.clock.shape[1] - 1
    m.due[j] += exponential(m.trader[j, KEY_A], m.trader[j, KEY_B], m.trader[j, WAKE], 0) / m.share[j]
    while s < last and m.clock[kind, s + 1] <= m.due[j]:
        s += 1
    m.trader[j, SECOND] = s
    if s >= last:
        m.wake_ms[j] = NEVER_MS
        return
    step = m.clock[kind, s + 1] - m.clock[kind, s]
    m.wake_ms[j] = 1000 * s + int(1000.0 * (m.due[j] - m.clock[kind, s]) / step)


@kernel
def opinion(m: Market, j: int, r: int, now: int) -> int:
    """f of trader j: fair as of its lag, linear between seconds, plus (makers) its own slowly changing error."""
    at = max(now - 1000 - m.trader[j, LAG_MS], 0)
    s = min(at // 1000, m.fair.shape[0] - 2)
    f = m.fair[s, r] + (m.fair[s + 1, r] - m.fair[s, r]) * min(at - 1000 * s, 1000) // 1000
    if m.trader[j, KIND] != MAKER:
        return int(f)
    epoch = (now // 30000) * 16 + r
    error = uniform(m.trader[j, KEY_B], m.trader[j, KEY_A], epoch, 0) - 0.5
    half_spread = m.pace[min(now // 1000, m.pace.shape[0] - 1), HALF_SPREAD]
    return int(f) + int(2.0 * m.habits[SKEW] * error * half_spread)


@kernel
def usual_size(m: Market, j: int, now: int, slot: int, median: float, sigma: float, t: int) -> int:
    """A log-normal size in pence at a tick, larger near the off and on short odds; uses `slot` and `slot + 1`."""
    z = normal(m.trader[j, KEY_A], m.trader[j, KEY_B], m.trader[j, WAKE], slot)
    factor = m.pace[min(now // 1000, m.pace.shape[0] - 1), SIZE] / 1000.0
    return max(1, int(median * factor * math.exp(sigma * z) * m.size_at[t]))


@kernel
def fill_size_at(size_at: Real1, power: float) -> None:
    """Usual sizes fall with this power of the odds."""
    for t in range(N_TICKS):
        size_at[t] = math.pow(7.0 / ODDS[t], power)


@kernel
def packed(r: int, b: int, t: int) -> int:
    """A place in the market as one number: a runner's ATB from tick 0 up, then its ATL from tick 0 up.

    So what fair has moved through, the upper end of ATB and the lower end of ATL, is one run of numbers.
    """
    return (r * 2 + b) * N_TICKS + t


@kernel
def keep(m: Market, j: int, o: int) -> None:
    """Note an order of one's own, if it rests."""
    if o != NOBODY and m.x.orders[o, LEFT] > 0 and m.trader[j, N_OWN] < OWN_MOST:
        i = m.trader[j, N_OWN]
        m.own[j, i] = o
        m.own_at[j, i] = packed(m.x.orders[o, RUNNER], m.x.orders[o, BOOK], m.x.orders[o, TICK])
        m.trader[j, N_OWN] += 1


@kernel
def forget(m: Market, j: int, i: int) -> None:
    """Drop the i-th of one's own orders from the list."""
    m.trader[j, N_OWN] -= 1
    m.own[j, i], m.own_at[j, i] = m.own[j, m.trader[j, N_OWN]], m.own_at[j, m.trader[j, N_OWN]]


@kernel
def light_book(m: Market, r: int) -> int:
    """The side of a runner's touch that is much lighter than the other, -1 where the touch is balanced or half empty."""
    bid, offer = m.x.best[r, ATB], m.x.best[r, ATL]
    if bid < 0 or offer >= N_TICKS:
        return -1
    backs, lays = m.x.level[r, ATB, bid], m.x.level[r, ATL, offer]
    lean = (backs - lays) / (backs + lays)
    if abs(lean) < m.habits[LOPSIDED]:
        return -1
    return ATL if lean > 0 else ATB


@kernel
def stale(m: Market, j: int, r: int, f: int, light: int) -> int:
    """Index in `own` of an order on runner r that fair has moved through, or at the touch of the `light` book; -1 = none.

    Forgets on the way what is gone.
    """
    slack = int(m.habits[STALE])
    least_back, most_lay = (f + slack) // 1000 + 1, -((slack - f) // 1000) - 1
    low = packed(r, ATB, min(max(least_back, 0), N_TICKS))
    high = packed(r, ATL, min(max(most_lay, -1), N_TICKS - 1))
    at_touch = packed(r, light, m.x.best[r, light]) if light >= 0 else -1
    i = 0
    while i < m.trader[j, N_OWN]:
        at = m.own_at[j, i]
        if m.x.alive[m.own[j, i]] == 0:
            forget(m, j, i)
        elif low <= at <= high or at == at_touch:
            return i
        else:
            i += 1
    return -1


@kernel
def steps_behind(m: Market, j: int, slot: int, room: int, eager: bool) -> int:
    """Ticks behind the own best (negative: better) where a maker's order goes; `room` ticks could be bettered."""
    if room > 0 and (eager or u(m, j, slot + 1) < m.habits[IMPROVE]):
        return -(1 + int(u(m, j, slot + 2) ** 4 * room))
    c, v = u(m, j, slot), u(m, j, slot + 2)
    if c < m.depth[1]:
        return 0
    if c < m.depth[2]:
        return 1
    if c < m.depth[3]:
        return 2
    if c < m.depth[4]:
        return 3 + int(3.0 * v)
    if c < m.depth[5]:
        return 6 + int(10.0 * v)
    return 16 + int(300.0 * v * v)


@kernel
def quote(m: Market, j: int, now: int, r: int, b: int, f: int, slot: int, eager: bool) -> None:
    """Stand one order in book b, never better than one's own margin from f, never across the touch."""
    away = -1 if b == ATB else 1
    margin = int(m.pace[min(now // 1000, m.pace.shape[0] - 1), HALF_SPREAD] * (0.5 + u(m, j, slot)))
    limit = (f - margin) // 1000 if b == ATB else -((-f - margin) // 1000)
    across = m.x.best[r, 1 - b] + away
    limit = min(limit, across) if b == ATB else max(limit, across)
    best = m.x.best[r, b]
    empty = best < 0 or best >= N_TICKS
    room = 0 if empty else (best - limit) * away
    behind = steps_behind(m, j, slot + 1, room, eager)
    t = limit + away * max(behind, 0) if empty else best + away * max(behind, -room)
    t = min(max(t, 0), N_TICKS - 1)
    if (m.x.best[r, 1 - b] - t) * away >= 0:
        return
    median = m.habits[MAKE_MEDIAN] * (0.55 if behind <= 0 else 1.0 if behind < 6 else 1.7)
    pence = usual_size(m, j, now, slot + 4, median, m.habits[MAKE_SIGMA], t)
    if behind >= 16:
        pence = deep_size(m, j, slot + 4, b, t)
    keep(m, j, place(m.x, now, j, r, LAY if b == ATB else BACK, t, pence, True))


@kernel
def deep_size(m: Market, j: int, slot: int, b: int, t: int) -> int:
    """Far from the touch a trader offers a liability, not a stake: much shows of a lay at short odds, little of a back."""
    z = normal(m.trader[j, KEY_A], m.trader[j, KEY_B], m.trader[j, WAKE], slot)
    liability = m.habits[DEEP_LIABILITY] * math.exp(1.3 * z)
    pence = liability / (ODDS[t] - 1.0) if b == ATB else 4.0 * liability / ODDS[t]
    return max(1, min(int(pence), 1000000))


@kernel
def back_chance(m: Market, r: int, f: int) -> float:
    """Chance that a maker's next order goes to ATB: more than half where it thinks the mid too low."""
    bid, offer = m.x.best[r, ATB], m.x.best[r, ATL]
    if bid < 0 or offer >= N_TICKS:
        return 0.5
    off_mid = (f - 500 * (bid + offer)) / (1000.0 * (offer - bid))
    return float(0.5 + m.habits[LEAN] * min(max(off_mid, -1.0), 1.0))


@kernel
def make_once(m: Market, j: int, now: int, slot: int) -> None:
    """One action of a maker: give up a stale order, else cancel or place so that its stock stays near what it likes.

    One place where it cancels and one where it quotes: each is compiled into this function whole.
    """
    r = int(u(m, j, slot) * m.x.best.shape[0])
    f = opinion(m, j, r, now)
    light = light_book(m, r) if u(m, j, slot + 11) < m.habits[PULL] else -1
    i = stale(m, j, r, f, light)
    gave_up = i >= 0
    if not gave_up and wants_less(m, j, now, slot + 1):
        i = int(u(m, j, slot + 2) * m.trader[j, N_OWN])
    if i < 0:
        b, again, shifts = ATB if u(m, j, slot + 2) < back_chance(m, r, f) else ATL, True, False
    else:
        o = m.own[j, i]
        forget(m, j, i)
        cancel(m.x, o, m.x.orders[o, LEFT])
        b = m.x.orders[o, BOOK]
        again = gave_up and u(m, j, slot + 1) < m.habits[REQUOTE]
        shifts = gave_up and u(m, j, slot + 2) < m.habits[SHIFT]
    for other in range(2):
        if shifts if other else again:
            quote(m, j, now, r, 1 - b if other else b, f, slot + 3 + 9 * other, other == 1)


@kernel
def wants_less(m: Market, j: int, now: int, slot: int) -> bool:
    """Whether a maker cancels one of its orders: the more it has standing, the likelier."""
    held = m.trader[j, N_OWN]
    liked = m.pace[min(now // 1000, m.pace.shape[0] - 1), STOCK] / 1000.0
    return bool(held > 0 and (u(m, j, slot) < 0.5 * held / max(liked, 1.0) or held >= OWN_MOST))


@kernel
def make(m: Market, j: int, now: int) -> None:
    """A maker wakes: one action, sometimes up to four in the same millisecond (a bot refreshing several quotes)."""
    for burst in range(4):
        if burst > 0 and u(m, j, burst) >= m.habits[BURST]:
            return
        make_once(m, j, now, 4 + 24 * burst)


@kernel
def take_size(m: Market, j: int, now: int, slot: int, t: int) -> int:
    """Size of a taker's order at a tick, pence: log-normal, or dust (remainders of other currencies, cross-matching)."""
    if u(m, j, slot) < m.habits[DUST]:
        return 1 + int(8.0 * u(m, j, slot + 1) ** 3)
    return usual_size(m, j, now, slot + 2, m.habits[TAKE_MEDIAN], m.habits[TAKE_SIGMA], t)


@kernel
def take(m: Market, j: int, now: int, r: int, side: int, worse: int, pence: int, rests: bool) -> None:
    """Take the touch of a runner, up to `worse` ticks beyond it; the rest stands or is killed."""
    best = m.x.best[r, ATB if side == BACK else ATL]
    if best < 0 or best >= N_TICKS:
        return
    limit = min(max(best - side * worse, 0), N_TICKS - 1)
    keep(m, j, place(m.x, now, j, r, side, limit, pence, rests))


@kernel
def touch_tick(m: Market, r: int, side: int) -> int:
    """Tick a taker of this side would get, the ladder's end where nothing stands."""
    best = m.x.best[r, ATB if side == BACK else ATL]
    return int(min(max(best, 0), N_TICKS - 1))


@kernel
def punt(m: Market, j: int, now: int) -> None:
    """A punter wakes: picks the shorter-priced of two random runners more often than not, and takes it."""
    n = m.x.best.shape[0]
    r, other = int(u(m, j, 1) * n), int(u(m, j, 2) * n)
    s = min(now // 1000, m.fair.shape[0] - 1)
    if (m.fair[s, other] < m.fair[s, r]) == (u(m, j, 3) < 0.75):
        r = other
    side = m.trader[j, LAST_SIDE]
    if u(m, j, 4) >= m.habits[STICKY]:
        side = BACK if u(m, j, 5) < 0.5 else LAY
    m.trader[j, LAST_SIDE] = side
    worse = 0 if u(m, j, 6) < 0.8 else 1
    take(m, j, now, r, side, worse, take_size(m, j, now, 8, touch_tick(m, r, side)), u(m, j, 7) < 0.3)


@kernel
def inform(m: Market, j: int, now: int) -> None:
    """An informed trader wakes: takes what stands furthest on the wrong side of fair, if anything does."""
    best_edge, best_r, best_side, best_worse = int(m.habits[EDGE]), -1, BACK, 0
    for r in range(m.x.best.shape[0]):
        f = opinion(m, j, r, now)
        for side in (BACK, LAY):
            best = m.x.best[r, ATB if side == BACK else ATL]
            edge = (1000 * best - f) * side
            if 0 <= best < N_TICKS and edge > best_edge:
                best_edge, best_r, best_side, best_worse = edge, r, side, (edge - int(m.habits[EDGE])) // 1000
    if best_r < 0:
        return
    size = take_size(m, j, now, 8, touch_tick(m, best_r, best_side))
    pence = int(size * (1.0 + (m.habits[GREED] - 1.0) * u(m, j, 7)))
    take(m, j, now, best_r, best_side, best_worse, pence, False)


@kernel
def follow(m: Market, j: int, now: int) -> None:
    """A follower wakes: where one side of the touch is much heavier, it takes the lighter one before it goes."""
    r = int(u(m, j, 1) * m.x.best.shape[0])
    light = light_book(m, r)
    if light < 0:
        return
    side = BACK if light == ATB else LAY
    size = take_size(m, j, now, 8, touch_tick(m, r, side))
    offered = m.x.level[r, light, m.x.best[r, light]]
    take(m, j, now, r, side, 0, offered if offered < m.habits[GREED] * size else size, False)


@kernel
def act(m: Market, j: int, now: int) -> None:
    """Trader j does what its kind does, once."""
    kind = m.trader[j, KIND]
    if kind == MAKER:
        make(m, j, now)
    elif kind == PUNTER:
        punt(m, j, now)
    elif kind == INFORMED:
        inform(m, j, now)
    else:
        follow(m, j, now)
    m.trader[j, WAKE] += 1
