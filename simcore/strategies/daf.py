"""DAF: the pre-race drift trade. Join the favourite's queue, leave by crossing later.

Parameters as the core reads them (float64): see the indices below. Times are milliseconds before the advertised start.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL, BACK, LAY
from simcore.kernels.compiling import Real1, kernel
from simcore.strategies.base import Core, Parameters
from simcore.strategies.view import (
    TO_START_MS,
    Offers,
    View,
    best_tick,
    contracts,
    stake_for,
    want,
    want_flat,
)
from simcore.units import pence_of

ENTRY_START: Final = 0
ENTRY_END: Final = 1
EXIT: Final = 2
SIDE: Final = 3
CROSS: Final = 4
STAKE_PENCE: Final = 5
CONTRACTS_PENCE: Final = 6
MAX_SPREAD: Final = 7
N_PARAMETERS: Final = 8


class Daf(Parameters, frozen=True):
    """The drift trade's parameters; seconds are before the advertised start.

    favourite          rank of the runner traded, 0 = favourite, chosen at pick_s
    entry_start_s …    joins (or crosses) from entry_start_s until entry_end_s, then cancels what is left
    exit_s             leaves by crossing the spread level by level
    direction          long backs first (profits when the odds shorten), short lays first
    stake_pounds       stake of the entry; contracts_pounds > 0 aims at that many contracts (£ of payout) instead
    max_spread_ticks   no entry while the touch is further apart than this
    """

    favourite: Annotated[int, msgspec.Meta(ge=0, le=40)] = 0
    pick_s: Annotated[float, msgspec.Meta(ge=0.0, le=86_400.0)] = 300.0
    entry_start_s: Annotated[float, msgspec.Meta(ge=-600.0, le=86_400.0)] = 180.0
    entry_end_s: Annotated[float, msgspec.Meta(ge=-600.0, le=86_400.0)] = 60.0
    exit_s: Annotated[float, msgspec.Meta(ge=-600.0, le=86_400.0)] = 20.0
    direction: Literal["long", "short"] = "long"
    entry: Literal["passive", "cross"] = "passive"
    stake_pounds: Annotated[float, msgspec.Meta(ge=0.0, le=1_000_000.0)] = 5.0
    contracts_pounds: Annotated[float, msgspec.Meta(ge=0.0, le=1_000_000.0)] = 0.0
    max_spread_ticks: Annotated[int, msgspec.Meta(ge=1, le=349)] = 10

    def __post_init__(self) -> None:
        if not self.pick_s >= self.entry_start_s > self.entry_end_s >= self.exit_s:
            raise ValueError(
                f"`pick_s >= entry_start_s > entry_end_s >= exit_s` must hold (seconds before the advertised start), got "
                f"({self.pick_s:g}, {self.entry_start_s:g}, {self.entry_end_s:g}, {self.exit_s:g})"
            )
        if self.stake_pounds == 0.0 and self.contracts_pounds == 0.0:
            raise ValueError("`stake_pounds` or `contracts_pounds` must be above 0, got 0 for both")

    def window(self) -> tuple[float, float]:
        return (self.entry_start_s, -86_400.0)

    def moments(self) -> tuple[float, ...]:
        return (self.entry_start_s, self.entry_end_s, self.exit_s)

    def leans_at(self) -> float:
        return 1.0

    def pick(self) -> tuple[float, int]:
        return (self.pick_s, self.favourite)

    def vector(self) -> NDArray[np.float64]:
        side = BACK if self.direction == "long" else LAY
        values = np.zeros(N_PARAMETERS)
        values[ENTRY_START], values[ENTRY_END] = self.entry_start_s * 1000, self.entry_end_s * 1000
        values[EXIT], values[SIDE] = self.exit_s * 1000, side
        values[CROSS] = self.entry == "cross"
        values[STAKE_PENCE] = pence_of(self.stake_pounds)
        values[CONTRACTS_PENCE] = pence_of(self.contracts_pounds)
        values[MAX_SPREAD] = self.max_spread_ticks
        return values


@kernel
def entry_stake(position: int, tick: int, parameters: Real1) -> int:
    """What is still missing of the entry at this tick, pence of stake."""
    held = abs(position)
    target = int(parameters[CONTRACTS_PENCE])
    if target > 0:
        return stake_for(max(0, target - held), tick)
    return max(0, int(parameters[STAKE_PENCE]) - stake_for(held, tick))


@kernel
def daf(view: View, parameters: Real1, offers: Offers) -> None:
    """Wanted offers of the drift trade."""
    to_start_ms = view.clock[TO_START_MS]
    if to_start_ms <= parameters[EXIT]:
        want_flat(view, 0, offers)
        return
    if to_start_ms > parameters[ENTRY_START] or to_start_ms <= parameters[ENTRY_END]:
        return
    back, lay = best_tick(view, 0, ATB), best_tick(view, 0, ATL)
    if back < 0 or lay < 0 or lay - back > parameters[MAX_SPREAD]:
        return
    side = int(parameters[SIDE])
    joins_lay_side = (side == BACK) != (parameters[CROSS] != 0.0)
    tick = lay if joins_lay_side else back
    want(offers, 0, side, tick, entry_stake(contracts(view, 0), tick, parameters))


DAF = Core(
    name="daf",
    function=daf,
    parameters=Daf,
    presets={
        "long": Daf(),
        "short": Daf(direction="short"),
        "long-cross": Daf(entry="cross"),
        "short-cross": Daf(direction="short", entry="cross"),
    },
    touch_only=True,
    scale=("stake_pounds", "contracts_pounds"),
)
