"""What a replay of two markets of one event holds beside the two markets.

pair     : `Pair`; a side is one of its markets
k        : 0 = the first market, 1 = the second
slots    : of the first market first, then of the second; a side's own slots are numbered from 0
members  : (choices, slots) int64, runner of each slot (-1 = none) for each group that may be picked; one row = nothing to pick
keys     : (choices,) int64, runner of the clock's market whose pick chooses the row
clock    : the market whose advertised start the bot goes by: the first one, unless the core trades none of its runners
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from simcore.kernels.compiling import Int1, Int2, register
from simcore.kernels.sharing import shared
from simcore.kernels.state import Record, Sim, Views, new_sim, no_record
from simcore.strategies.view import DEPTH, N_CLOCK, N_LEVEL, N_SEEN, Offers, View, new_offers

# fields of `Side.progress`
NEXT_MESSAGE: Final = 0
LAST_MS: Final = 1
"""when anything last happened in this market"""
N_PROGRESS: Final = 2

# fields of `Pair.account`
ACCOUNT_PENCE: Final = 0
"""money in the account"""
LARGEST_CLAIM: Final = 1
"""largest exposure of both markets together, micropence"""
CLOCK: Final = 2
"""market whose advertised start the bot goes by"""
N_ACCOUNT: Final = 3


@shared
class Side(NamedTuple):
    """One market of a pair: its record, its world, and what its part of the harness holds."""

    record: Record
    sim: Sim
    views: Views
    offers: Offers
    timeline: Int2
    progress: Int1


@shared
class Pair(NamedTuple):
    """Two markets, what the core sees of both (`seen`, columns N_PAIR_SLOT) and wants in both (`offers`)."""

    first: Side
    second: Side
    seen: View
    offers: Offers
    members: Int2
    keys: Int1
    account: Int1


def _register() -> None:
    one, two, three = np.zeros(1, np.int64), np.zeros((1, 1), np.int64), np.zeros((1, 1, 1), np.int64)
    five = np.zeros((1, 1, 1, 1, 1), np.int64)
    sim, views = new_sim(1, one, np.zeros(1), two, 1), Views(two, three, five, two, one)
    side = Side(no_record(), sim, views, new_offers(1), two, one)
    view = View(
        np.zeros(N_CLOCK, np.int64), two, np.zeros((1, 2, DEPTH, N_LEVEL), np.int64), np.zeros((1, N_SEEN), np.int64)
    )
    register(Side, side)
    register(Pair, Pair(side, side, view, new_offers(1), two, one, one))


_register()
