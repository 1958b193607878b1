"""ARB: a runner against the sum of its parts in another market of the same event; its parameters and presets.

What it does with them, and the formulas, are in `simcore.strategies.arb_core`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore.errors import ModelError
from simcore.strategies.arb_core import (
    ACCEPT_LOSS,
    BACKS_WHOLE,
    CONTRACTS,
    JOINS,
    LAYS_WHOLE,
    LEAST_CONTRACTS,
    LEAST_EDGE,
    MAX_EXPOSURE,
    N_PARAMETERS,
    PARTS_RATIO,
    START,
    STOP,
    UNWIND,
    arb,
)
from simcore.strategies.base import Core, Legs, Parameters
from simcore.tapes.pairs import Parts, find_parts
from simcore.units import pence_of

if TYPE_CHECKING:
    from simcore.tapes.tape import MarketInfo

HELD_TO_SETTLEMENT_MS: Final = -1e15

Seconds = Annotated[float, msgspec.Meta(ge=-86_400.0, le=86_400.0)]
Money = Annotated[float, msgspec.Meta(gt=0.0, le=1_000_000.0)]


class Arb(Parameters, frozen=True):
    """The arbitrage's parameters; seconds are before the advertised start, percent are of the whole's payout (£1 a contract).

    direction                back_whole (lays the parts), lay_whole (backs them), or both: whichever pays
    entry                    cross: every leg takes at the touch at once; join: the whole joins the queue at the touch of its
                             own side, and what is matched there is completed by crossing the parts
    runners                  favourite: the runner of rank `favourite` at pick_s (0 = shortest odds); every: all that have parts
    parts                    selection id of each whole → selection ids of its parts; empty = found by the markets' names. All
                             wholes named here are traded
    start_s, stop_s          enters from start_s until stop_s
    unwind_s                 from then on closes, by crossing, what the other legs do not match (null = holds it to settlement)
    least_edge_percent       enters only where the worse outcome earns so much after both commissions
    contracts_pounds         largest package: £ of payout of the whole, taken at once as far as the touch of every leg has it
    least_contracts_pounds   smaller packages, and smaller gaps between the legs, are left alone; under £10 of payout the
                             exchange takes no bet below its minimum stake
    max_exposure_pounds      no leg's possible loss is carried beyond this
    accept_loss_percent      a leg that missed is completed by crossing while the worse outcome of all that is held on the
                             group, at what was paid and the prices of now, loses no more than this
    parts_ratio              contracts of each part for one of the whole; under 1 leaves commission on the whole its share
    in_play                  trades in-play too
    """

    direction: Literal["back_whole", "lay_whole", "both"] = "both"
    entry: Literal["cross", "join"] = "cross"
    runners: Literal["favourite", "every"] = "favourite"
    favourite: Annotated[int, msgspec.Meta(ge=0, le=40)] = 0
    parts: dict[int | str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    pick_s: Seconds = 600.0
    start_s: Seconds = 600.0
    stop_s: Seconds = 30.0
    unwind_s: Seconds | None = 20.0
    least_edge_percent: Annotated[float, msgspec.Meta(ge=-100.0, le=100.0)] = 1.0
    contracts_pounds: Money = 20.0
    least_contracts_pounds: Money = 10.0
    max_exposure_pounds: Money = 100.0
    accept_loss_percent: Annotated[float, msgspec.Meta(ge=-100.0, le=100.0)] = 2.0
    parts_ratio: Annotated[float, msgspec.Meta(ge=0.5, le=2.0)] = 1.0
    in_play: bool = False

    def __post_init__(self) -> None:
        if not self.pick_s >= self.start_s > self.stop_s:
            raise ValueError(
                f"`pick_s >= start_s > stop_s` must hold (seconds before the advertised start), got "
                f"({self.pick_s:g}, {self.start_s:g}, {self.stop_s:g})"
            )
        if self.unwind_s is not None and self.unwind_s > self.stop_s:
            raise ValueError(f"`unwind_s <= stop_s` must hold, got ({self.unwind_s:g}, {self.stop_s:g})")
        if any(not str(whole).isdecimal() for whole in self.parts):
            raise ValueError(f"`parts` must have selection ids as keys, got {', '.join(map(repr, self.parts))}")
        if self.least_edge_percent < -self.accept_loss_percent:
            raise ValueError(
                f"`least_edge_percent >= -accept_loss_percent` must hold, or no leg that missed would ever be completed, got "
                f"({self.least_edge_percent:g}, {-self.accept_loss_percent:g})"
            )
        if self.least_contracts_pounds > self.contracts_pounds:
            raise ValueError(
                f"`least_contracts_pounds <= contracts_pounds` must hold, got ({self.least_contracts_pounds:g}, "
                f"{self.contracts_pounds:g})"
            )

    def window(self) -> tuple[float, float]:
        return (self.start_s, -86_400.0)

    def pick(self) -> tuple[float, int]:
        return (self.pick_s, self.favourite)

    def trades_in_play(self) -> bool:
        return self.in_play

    def legs(self, first: MarketInfo, second: MarketInfo) -> Legs:
        picked = not self.parts and self.runners == "favourite"
        found = _given(self.parts, first, second) if self.parts else find_parts(first, second)
        groups = tuple(((whole,), its) for whole, its in found.items())
        shared = [part for _, its in groups for part in its]
        if not picked and len(set(shared)) < len(shared):
            raise ModelError(
                f"a part of {second.market_id} ({second.market_type}) belongs to several runners of {first.market_id}; trade "
                f"one of them (`runners: favourite`, or `parts` of one)"
            )
        return Legs(groups, picked)

    def vector(self) -> NDArray[np.float64]:
        values = np.zeros(N_PARAMETERS)
        values[BACKS_WHOLE], values[LAYS_WHOLE] = self.direction != "lay_whole", self.direction != "back_whole"
        values[JOINS] = self.entry == "join"
        values[START], values[STOP] = self.start_s * 1000, self.stop_s * 1000
        values[UNWIND] = HELD_TO_SETTLEMENT_MS if self.unwind_s is None else self.unwind_s * 1000
        values[LEAST_EDGE], values[ACCEPT_LOSS] = self.least_edge_percent / 100, self.accept_loss_percent / 100
        values[CONTRACTS] = pence_of(self.contracts_pounds)
        values[LEAST_CONTRACTS] = pence_of(self.least_contracts_pounds)
        values[MAX_EXPOSURE] = pence_of(self.max_exposure_pounds)
        values[PARTS_RATIO] = self.parts_ratio
        return values


def _given(parts: Mapping[int | str, tuple[int, ...]], first: MarketInfo, second: MarketInfo) -> Parts:
    """`parts` by selection ids as runner indices."""
    return {
        _index(first, int(whole)): tuple(dict.fromkeys(_index(second, part) for part in its))
        for whole, its in parts.items()
    }


def _index(info: MarketInfo, selection_id: int) -> int:
    places = [index for index, runner in enumerate(info.runners) if runner.selection_id == selection_id]
    if len(places) != 1:
        raise ModelError(
            f"`parts` names selection {selection_id}, which market {info.market_id} ({info.market_type}) has "
            f"{len(places)} times; `sweeps data show {info.market_id}` lists its runners"
        )
    return places[0]


ARB = Core(
    name="arb",
    function=arb,
    parameters=Arb,
    presets={
        "both": Arb(),
        "back-whole": Arb(direction="back_whole"),
        "lay-whole": Arb(direction="lay_whole"),
        "both-join": Arb(entry="join"),
    },
    scale=("contracts_pounds", "max_exposure_pounds"),
    markets=2,
)
