"""A core of one's own for two markets of one event: the favourite is placed, but does not win.

It backs the favourite in the PLACE market by joining the queue, and lays in the WIN market, by crossing, as much payout as was
matched there: what is left wins where the runner comes in second or third.

Replay it:  sweeps replay-pair --store DIR --first WIN --second PLACE --strategy examples/own_pair_core.py:PLACED
Check it:   sweeps core check examples/own_pair_core.py:PLACED
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATL, BACK, LAY
from simcore.errors import ModelError
from simcore.kernels.compiling import Real1, kernel
from simcore.strategies import Core, Legs, Parameters
from simcore.strategies.view import SLOT_OPEN, TO_START_MS, Offers, View, best_tick, contracts, stake_for, want
from simcore.tapes.tape import MarketInfo
from simcore.units import pence_of

WIN, PLACE = 0, 1
"""slots: the runner in the first market, and in the second"""


class Placed(Parameters, frozen=True):
    """Seconds are before the advertised start; it backs until stop_s, and lays what it has to until the start."""

    start_s: Annotated[float, msgspec.Meta(gt=0.0, le=3600.0)] = 300.0
    stop_s: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 30.0
    stake_pounds: Annotated[float, msgspec.Meta(gt=0.0, le=10_000.0)] = 5.0

    def __post_init__(self) -> None:
        if not self.start_s > self.stop_s:
            raise ValueError(f"`start_s > stop_s` must hold, got ({self.start_s:g}, {self.stop_s:g})")

    def window(self) -> tuple[float, float]:
        return (self.start_s, 0.0)

    def pick(self) -> tuple[float, int]:
        return (self.start_s, 0)

    def legs(self, first: MarketInfo, second: MarketInfo) -> Legs:
        if (first.market_type, second.market_type) != ("WIN", "PLACE"):
            raise ModelError(
                f"core 'placed' trades a WIN and a PLACE market, got {first.market_type} and {second.market_type}; name those"
            )
        there = {runner.selection_id: index for index, runner in enumerate(second.runners)}
        same = [(index, there.get(runner.selection_id)) for index, runner in enumerate(first.runners)]
        return Legs(tuple(((one,), (two,)) for one, two in same if two is not None), picked=True)

    def vector(self) -> NDArray[np.float64]:
        return np.array([self.stop_s * 1000, pence_of(self.stake_pounds)], np.float64)


@kernel
def placed(view: View, parameters: Real1, offers: Offers) -> None:
    """Wanted offers: a lay of what the win market lacks, a back in the queue of the place market until enough is matched."""
    bare = contracts(view, PLACE) + contracts(view, WIN)
    lay_tick = best_tick(view, WIN, ATL)
    if bare > 0 and lay_tick >= 0 and view.slots[WIN, SLOT_OPEN] != 0:
        want(offers, WIN, LAY, lay_tick, stake_for(bare, lay_tick))
    tick = best_tick(view, PLACE, ATL)
    if tick >= 0 and view.clock[TO_START_MS] > parameters[0]:
        want(offers, PLACE, BACK, tick, int(parameters[1]) - stake_for(max(0, contracts(view, PLACE)), tick))


PLACED = Core(name="placed", function=placed, parameters=Placed, scale=("stake_pounds",), markets=2)
