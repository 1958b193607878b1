"""What a core sees and how it says what it wants. The same functions run compiled in replays and uncompiled in a live bot.

A core is `core(view, parameters, offers) -> None`:

view.clock  : (N_CLOCK,) int64, columns NOW_MS … below
view.slots  : (slots, N_SLOT) int64, one row for each runner the core trades; (slots, N_PAIR_SLOT) for a core of two markets,
              where SLOT_RUNNER is -1 in a slot without a runner
view.touch  : (slots, 2, DEPTH, N_LEVEL) int64, best first; TICK_COLUMN is -1 where there is no level; own size is included in
              PENCE_COLUMN, as on the exchange, and given beside in OWN_COLUMN
view.orders : (capacity, N_SEEN) int64, the bot's standing orders as it knows them; view.clock[N_SEEN_ORDERS] rows count
parameters  : (n,) float64, the core's own numbers
offers      : the offers it wants to stand in the book: call `want`

A core keeps nothing between calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, NamedTuple

import numpy as np
from numba import typeof, types
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL, BACK
from simcore.kernels.compiling import Real1, kernel, register, small_kernel
from simcore.kernels.sharing import Handed
from simcore.units import N_TICKS, ODDS_HUNDREDTHS

DEPTH: Final = 10

NOW_MS: Final = 0
TO_START_MS: Final = 1
"""milliseconds to the advertised start as published by then; negative after it"""
IS_OPEN: Final = 2
IN_PLAY_NOW: Final = 3
N_SEEN_ORDERS: Final = 4
N_CLOCK: Final = 5

SLOT_RUNNER: Final = 0
SLOT_LAST_TICK: Final = 1
SLOT_MATCHED: Final = 2
"""traded volume of the runner, pence, one-sided"""
SLOT_WIN: Final = 3
"""own profit if the runner wins, pence, as the bot knows it"""
SLOT_LOSE: Final = 4
SLOT_GONE: Final = 5
N_SLOT: Final = 6

# further columns of `slots`, for cores that trade two markets of one event at once
SLOT_OPEN: Final = 6
"""1 = its market takes requests now"""
SLOT_IN_PLAY: Final = 7
SLOT_MARKET: Final = 8
"""0 = the first market, 1 = the second; the slots of the first come first"""
SLOT_GROUP: Final = 9
"""slots of both markets that belong together, such as a runner and its parts, have the same number"""
SLOT_RATE: Final = 10
"""commission on the net winnings of its market as the account pays it, hundredths of a percent"""
N_PAIR_SLOT: Final = 11

TICK_COLUMN: Final = 0
PENCE_COLUMN: Final = 1
OWN_COLUMN: Final = 2
N_LEVEL: Final = 3

SEEN_SLOT: Final = 0
SEEN_SIDE: Final = 1
SEEN_TICK: Final = 2
SEEN_PENCE: Final = 3
N_SEEN: Final = 4

OFFER_SLOT: Final = 0
OFFER_SIDE: Final = 1
OFFER_TICK: Final = 2
OFFER_PENCE: Final = 3
N_OFFER: Final = 4

MAX_OFFERS: Final = 64
"""offers a core can want at a time"""


class View(NamedTuple):
    """What the core sees at one poll; columns above."""

    clock: NDArray[np.int64]
    slots: NDArray[np.int64]
    touch: NDArray[np.int64]
    orders: NDArray[np.int64]


class Offers(NamedTuple):
    """What the core wants to stand: `rows[:n[0]]`, columns OFFER_*."""

    n: NDArray[np.int64]
    rows: NDArray[np.int64]


def new_offers(rows: int = MAX_OFFERS) -> Offers:
    """Room for so many offers, none wanted yet."""
    return Offers(np.zeros(1, np.int64), np.zeros((rows, N_OFFER), np.int64))


CoreFunction = Annotated[Callable[[View, Real1, Offers], None], "core"]


def _registered() -> Any:
    """What kernels are compiled for; returns the signature of a core."""
    view = View(
        np.zeros(N_CLOCK, np.int64),
        np.zeros((1, N_SLOT), np.int64),
        np.zeros((1, 2, DEPTH, N_LEVEL), np.int64),
        np.zeros((1, N_SEEN), np.int64),
    )
    register(View, view)
    register(Offers, new_offers())
    core = types.void(typeof(view), types.float64[::1], typeof(new_offers()))
    register(CoreFunction, Handed(core))
    return core


CORE_SIGNATURE: Final = _registered()


@kernel
def want(offers: Offers, slot: int, side: int, tick: int, pence: int) -> None:
    """Want `pence` to stand at `tick`; nothing off the ladder or under a penny is wanted, nor more than there is room for."""
    n = offers.n[0]
    if pence <= 0 or tick < 0 or tick >= N_TICKS or n >= offers.rows.shape[0]:
        return
    offers.rows[n, OFFER_SLOT] = slot
    offers.rows[n, OFFER_SIDE] = side
    offers.rows[n, OFFER_TICK] = tick
    offers.rows[n, OFFER_PENCE] = pence
    offers.n[0] = n + 1


@small_kernel
def level_of_others(view: View, slot: int, book: int) -> int:
    """Row of the best level where somebody else stands, -1 if there is none."""
    for level in range(DEPTH):
        if view.touch[slot, book, level, TICK_COLUMN] < 0:
            return -1
        if view.touch[slot, book, level, PENCE_COLUMN] > view.touch[slot, book, level, OWN_COLUMN]:
            return level
    return -1


@small_kernel
def best_tick(view: View, slot: int, book: int) -> int:
    """Best tick where somebody else stands, -1 if there is none."""
    level = level_of_others(view, slot, book)
    return -1 if level < 0 else view.touch[slot, book, level, TICK_COLUMN]


@small_kernel
def best_pence(view: View, slot: int, book: int) -> int:
    """What others offer at their best tick, pence."""
    level = level_of_others(view, slot, book)
    if level < 0:
        return 0
    return view.touch[slot, book, level, PENCE_COLUMN] - view.touch[slot, book, level, OWN_COLUMN]


@small_kernel
def imbalance(view: View, slot: int) -> float:
    """(atb − atl) / (atb + atl) at the touch of the others; 0 when a half-book is empty."""
    back = best_pence(view, slot, ATB)
    lay = best_pence(view, slot, ATL)
    if back <= 0 or lay <= 0:
        return 0.0
    return (back - lay) / (back + lay)


@small_kernel
def contracts(view: View, slot: int) -> int:
    """Own position on the runner in contracts, pence of payout: positive = backed."""
    return view.slots[slot, SLOT_WIN] - view.slots[slot, SLOT_LOSE]


@small_kernel
def stake_for(contracts_pence: int, tick: int) -> int:
    """Stake that buys so many contracts at a tick, pence, rounded down."""
    return contracts_pence * 100 // ODDS_HUNDREDTHS[tick]


@kernel
def want_flat(view: View, slot: int, offers: Offers) -> None:
    """Want the position gone: cross the spread at the touch; what it does not find there goes on at the next poll."""
    position = contracts(view, slot)
    if position > 0:
        tick = best_tick(view, slot, ATL)
        if tick >= 0:
            want(offers, slot, -BACK, tick, stake_for(position, tick))
    elif position < 0:
        tick = best_tick(view, slot, ATB)
        if tick >= 0:
            want(offers, slot, BACK, tick, stake_for(-position, tick))
