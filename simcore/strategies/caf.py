"""CAF: the pre-race market maker. Offers both sides of one runner, in contracts, and leans against its inventory.

Our LAY rests in available-to-back `level_base` under the others' best, our BACK in available-to-lay as far above theirs.
q : own position in contracts, pence of payout; positive = backed. Parameters as the core reads them: the indices below.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL, BACK, LAY
from simcore.kernels.compiling import Real1, kernel, small_kernel
from simcore.strategies.base import Core, Parameters
from simcore.strategies.view import (
    SLOT_LOSE,
    SLOT_WIN,
    TO_START_MS,
    Offers,
    View,
    best_tick,
    contracts,
    imbalance,
    stake_for,
    want,
    want_flat,
)
from simcore.units import N_TICKS, pence_of

START: Final = 0
STOP: Final = 1
UNLOAD: Final = 2
CONTRACTS: Final = 3
LEVELS: Final = 4
LEVEL_BASE: Final = 5
DECAY: Final = 6
SKEW: Final = 7
IMBALANCE: Final = 8
KEEP_CLOSING: Final = 9
STOP_MULTIPLE: Final = 10
HAMMERTIME: Final = 11
MAX_EXPOSURE: Final = 12
LIQUIDATE: Final = 13
N_PARAMETERS: Final = 14

Money = Annotated[float, msgspec.Meta(ge=0.0, le=1_000_000.0)]


class Caf(Parameters, frozen=True):
    """The maker's parameters; seconds are before the advertised start, 0 switches an option off unless said otherwise.

    favourite                rank of the runner quoted, 0 = favourite, chosen at pick_s
    start_s, stop_s          quotes from start_s until stop_s
    unload_s                 from then on crosses the spread until it is flat (null = keeps its position)
    contracts_pounds         offered at each level, £ of payout; stake = contracts / odds, truncated to the penny
    levels, level_base quotes on so many ticks, the first level_base behind the others' best
    decay_contracts_pounds   the side that would add to the position shrinks linearly to 0 at this position
    skew_contracts_pounds    beyond this position the side that would add to it stands one tick further away
    imbalance_threshold      (atb − atl) / (atb + atl) at the touch below −t moves our LAY one tick lower, above t our BACK one
                             tick higher; 1 = never. Inventory or imbalance move a side by one tick, never two
    keep_closing             never move a quote whose fill would cut the exposure
    stop_multiple            a side stops when the position reaches this multiple of contracts_pounds
    hammertime               when one side moves, the other follows it by one tick (never crossing)
    max_exposure_pounds      at this possible loss stop quoting (at_max: stop) or leave (at_max: liquidate)
    """

    favourite: Annotated[int, msgspec.Meta(ge=0, le=40)] = 0
    pick_s: Annotated[float, msgspec.Meta(ge=0.0, le=86_400.0)] = 600.0
    start_s: Annotated[float, msgspec.Meta(ge=-600.0, le=86_400.0)] = 600.0
    stop_s: Annotated[float, msgspec.Meta(ge=-600.0, le=86_400.0)] = 30.0
    unload_s: Annotated[float, msgspec.Meta(ge=-600.0, le=86_400.0)] | None = 30.0
    contracts_pounds: Annotated[float, msgspec.Meta(gt=0.0, le=1_000_000.0)] = 10.0
    levels: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    level_base: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    decay_contracts_pounds: Money = 0.0
    skew_contracts_pounds: Money = 0.0
    imbalance_threshold: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 1.0
    keep_closing: bool = False
    stop_multiple: Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)] = 0.0
    hammertime: bool = False
    max_exposure_pounds: Money = 0.0
    at_max: Literal["stop", "liquidate"] = "stop"

    def __post_init__(self) -> None:
        if not self.pick_s >= self.start_s > self.stop_s:
            raise ValueError(
                f"`pick_s >= start_s > stop_s` must hold (seconds before the advertised start), got "
                f"({self.pick_s:g}, {self.start_s:g}, {self.stop_s:g})"
            )
        if self.unload_s is not None and self.unload_s > self.stop_s:
            raise ValueError(f"`unload_s <= stop_s` must hold, got ({self.unload_s:g}, {self.stop_s:g})")

    def window(self) -> tuple[float, float]:
        return (self.start_s, self.stop_s if self.unload_s is None else -86_400.0)

    def moments(self) -> tuple[float, ...]:
        return (self.start_s, self.stop_s) if self.unload_s is None else (self.start_s, self.stop_s, self.unload_s)

    def leans_at(self) -> float:
        return self.imbalance_threshold

    def pick(self) -> tuple[float, int]:
        return (self.pick_s, self.favourite)

    def vector(self) -> NDArray[np.float64]:
        values = np.zeros(N_PARAMETERS)
        values[START], values[STOP] = self.start_s * 1000, self.stop_s * 1000
        values[UNLOAD] = -np.inf if self.unload_s is None else self.unload_s * 1000
        values[CONTRACTS] = pence_of(self.contracts_pounds)
        values[LEVELS], values[LEVEL_BASE] = self.levels, self.level_base
        values[DECAY] = pence_of(self.decay_contracts_pounds)
        values[SKEW] = pence_of(self.skew_contracts_pounds)
        values[IMBALANCE] = self.imbalance_threshold
        values[KEEP_CLOSING], values[HAMMERTIME] = self.keep_closing, self.hammertime
        values[STOP_MULTIPLE] = self.stop_multiple
        values[MAX_EXPOSURE] = pence_of(self.max_exposure_pounds)
        values[LIQUIDATE] = self.at_max == "liquidate"
        return values


@kernel
def offered(adding: int, parameters: Real1) -> int:
    """Contracts to offer on a side whose fill adds to a position of `adding` (negative: it would cut it), pence."""
    full = parameters[CONTRACTS]
    if adding <= 0:
        return int(full)
    if parameters[STOP_MULTIPLE] > 0.0 and adding >= parameters[STOP_MULTIPLE] * full:
        return 0
    if parameters[DECAY] > 0.0:
        full *= max(0.0, 1.0 - adding / parameters[DECAY])
    return int(full)


@small_kernel
def moves(adding: int, against: float, parameters: Real1) -> bool:
    """Whether a side steps one tick away: its fill adds to too large a position, or the book leans against it."""
    if parameters[KEEP_CLOSING] != 0.0 and adding < 0:
        return False
    return (parameters[SKEW] > 0.0 and adding > parameters[SKEW]) or against > parameters[IMBALANCE]


@small_kernel
def exposed(view: View, parameters: Real1) -> bool:
    """Whether the possible loss on the runner has reached its limit."""
    loss = -min(view.slots[0, SLOT_WIN], view.slots[0, SLOT_LOSE])
    return parameters[MAX_EXPOSURE] > 0.0 and loss >= parameters[MAX_EXPOSURE]


@small_kernel
def quote(view: View, back: int, lay: int, parameters: Real1, offers: Offers) -> None:
    """Both sides around the others' best prices `back` (available to back) and `lay`."""
    position = contracts(view, 0)
    lean = imbalance(view, 0)
    away_back = moves(position, lean, parameters)
    away_lay = moves(-position, -lean, parameters)
    base = int(parameters[LEVEL_BASE])
    back_tick = lay + base + int(away_back)
    lay_tick = back - base - int(away_lay)
    if parameters[HAMMERTIME] != 0.0 and away_back != away_lay:
        if away_back:
            lay_tick = min(lay_tick + 1, lay - 1)
        else:
            back_tick = max(back_tick - 1, back + 1)
    to_back, to_lay = offered(position, parameters), offered(-position, parameters)
    for level in range(int(parameters[LEVELS])):
        tick = back_tick + level
        if tick < N_TICKS:
            want(offers, 0, BACK, tick, stake_for(to_back, tick))
        tick = lay_tick - level
        if tick >= 0:
            want(offers, 0, LAY, tick, stake_for(to_lay, tick))


@kernel
def caf(view: View, parameters: Real1, offers: Offers) -> None:
    """Wanted offers of the maker."""
    to_start_ms = view.clock[TO_START_MS]
    if to_start_ms <= parameters[UNLOAD]:
        want_flat(view, 0, offers)
        return
    if to_start_ms > parameters[START] or to_start_ms <= parameters[STOP]:
        return
    if exposed(view, parameters):
        if parameters[LIQUIDATE] != 0.0:
            want_flat(view, 0, offers)
        return
    back, lay = best_tick(view, 0, ATB), best_tick(view, 0, ATL)
    if back >= 0 and lay > back:
        quote(view, back, lay, parameters, offers)


CAF = Core(
    name="caf",
    function=caf,
    parameters=Caf,
    presets={
        "naive": Caf(unload_s=None),
        "size_decay": Caf(decay_contracts_pounds=50.0),
        "three_levels": Caf(levels=3, skew_contracts_pounds=20.0),
        "dynamic_spread": Caf(skew_contracts_pounds=20.0),
        "imbalance": Caf(levels=3, skew_contracts_pounds=20.0, imbalance_threshold=0.5),
        "v2": Caf(levels=3, level_base=1, skew_contracts_pounds=20.0, imbalance_threshold=0.5, stop_multiple=10.0),
        "keep_closing": Caf(levels=3, skew_contracts_pounds=20.0, imbalance_threshold=0.5, keep_closing=True),
        "position_stop": Caf(skew_contracts_pounds=20.0, imbalance_threshold=0.5, stop_multiple=5.0),
        "hammertime": Caf(skew_contracts_pounds=20.0, imbalance_threshold=0.5, stop_multiple=10.0, hammertime=True),
    },
    touch_only=True,
    scale=("contracts_pounds", "decay_contracts_pounds", "skew_contracts_pounds", "max_exposure_pounds"),
)
