"""What the core is shown in a live bot: the same `View` the compiled simulator makes, out of plain Python.

The ladders are the stream's with our own standing orders added, as the exchange shows them, own sizes beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simcore.dtypes import ATB, ATL, BACK
from simcore.strategies.view import (
    DEPTH,
    IN_PLAY_NOW,
    IS_OPEN,
    N_CLOCK,
    N_LEVEL,
    N_SEEN,
    N_SEEN_ORDERS,
    N_SLOT,
    NOW_MS,
    OWN_COLUMN,
    PENCE_COLUMN,
    SEEN_PENCE,
    SEEN_SIDE,
    SEEN_SLOT,
    SEEN_TICK,
    SLOT_GONE,
    SLOT_LAST_TICK,
    SLOT_LOSE,
    SLOT_MATCHED,
    SLOT_RUNNER,
    SLOT_WIN,
    TICK_COLUMN,
    TO_START_MS,
    View,
)
from simcore.streams.runner import RunnerState
from simcore.units import OFF_LADDER
from sweeps.live.market import LiveMarket


@dataclass
class OwnOrder:
    """An order of ours. `pence` still stands or is on its way; it arrives at `stands_from_ms`, meets what is there, and what is
    left has `rested` in the book from then on."""

    number: int
    side: int
    tick: int
    pence: int
    stands_from_ms: int
    rested: bool = False

    @property
    def rests_in(self) -> int:
        """The book it rests in: a BACK in available-to-lay, a LAY in available-to-back."""
        return ATL if self.side == BACK else ATB


@dataclass
class Position:
    """Profit of our bets on the runner if it wins and if it does not, hundredths of a penny."""

    win: int = 0
    lose: int = 0


def favourite(market: LiveMarket, rank: int) -> int | None:
    """Index of the runner with the rank-th lowest best price to back (0 = favourite); None when fewer have one."""
    priced = sorted(
        (state.best[ATB], state.index)
        for state in market.runners.values()
        if state.best[ATB] >= 0 and state.index not in market.gone
    )
    return priced[rank][1] if rank < len(priced) else None


def see(market: LiveMarket, runner: int, orders: Sequence[OwnOrder], position: Position) -> View:
    """The view of one runner now. The advertised start must be known."""
    assert market.start_ms is not None
    state, now = market.runner(runner), market.published_ms
    clock = np.zeros(N_CLOCK, np.int64)
    clock[NOW_MS], clock[TO_START_MS] = now, market.start_ms - now
    clock[IS_OPEN], clock[IN_PLAY_NOW] = market.is_open, market.in_play
    clock[N_SEEN_ORDERS] = len(orders)
    slots = np.zeros((1, N_SLOT), np.int64)
    slots[0, SLOT_RUNNER] = runner
    slots[0, SLOT_LAST_TICK] = OFF_LADDER if state.last_traded is None else state.last_traded
    slots[0, SLOT_MATCHED] = sum(state.traded.values()) // 2
    slots[0, SLOT_WIN], slots[0, SLOT_LOSE] = position.win // 100, position.lose // 100
    slots[0, SLOT_GONE] = runner in market.gone
    touch = np.zeros((1, 2, DEPTH, N_LEVEL), np.int64)
    touch[..., TICK_COLUMN] = -1
    standing = [order for order in orders if order.rested]
    for book in (ATB, ATL):
        for level, (tick, pence, own) in enumerate(_ladder(state, book, standing)[:DEPTH]):
            row = touch[0, book, level]
            row[TICK_COLUMN], row[PENCE_COLUMN], row[OWN_COLUMN] = tick, pence, own
    seen = np.zeros((max(1, len(orders)), N_SEEN), np.int64)
    for row, order in zip(seen, orders, strict=False):
        row[SEEN_SLOT], row[SEEN_SIDE], row[SEEN_TICK], row[SEEN_PENCE] = 0, order.side, order.tick, order.pence
    return View(clock, slots, touch, seen)


def _ladder(state: RunnerState, book: int, standing: Sequence[OwnOrder]) -> list[tuple[int, int, int]]:
    """(tick, pence in all, pence of ours) of a book, best first."""
    own: dict[int, int] = {}
    for order in standing:
        if order.rests_in == book:
            own[order.tick] = own.get(order.tick, 0) + order.pence
    ticks = sorted({*state.shown[book], *own}, reverse=book == ATB)
    return [(tick, state.shown[book].get(tick, 0) + own.get(tick, 0), own.get(tick, 0)) for tick in ticks]
