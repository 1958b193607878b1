"""Cores that each break one promise, made of one that breaks none by changing one piece of its source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOUND = """\
from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, LAY
from simcore.kernels.compiling import Real1, kernel
from simcore.strategies import Core, Parameters
from simcore.strategies.view import (
    OFFER_PENCE, OFFER_SIDE, OFFER_TICK, SLOT_LAST_TICK, SLOT_WIN, TO_START_MS,
    Offers, View, best_tick, contracts, want, want_flat,
)
from simcore.units import N_TICKS, pence_of

ASKED = [0]


class Mine(Parameters, frozen=True):
    start_s: Annotated[float, msgspec.Meta(gt=60.0, le=3600.0)] = 300.0
    stake_pounds: Annotated[float, msgspec.Meta(gt=0.0, le=10_000.0)] = 5.0

    def window(self) -> tuple[float, float]:
        return (self.start_s, -600.0)

    def pick(self) -> tuple[float, int]:
        return (self.start_s, 0)

    def vector(self) -> NDArray[np.float64]:
        return np.array([pence_of(self.stake_pounds), self.start_s], np.float64)


@kernel
def mine(view: View, parameters: Real1, offers: Offers) -> None:
    stake = int(parameters[0])
    if view.clock[TO_START_MS] <= 60_000:
        want_flat(view, 0, offers)
    elif contracts(view, 0) == 0:
        want(offers, 0, LAY, best_tick(view, 0, ATB), stake)


MINE = Core(name="mine", function=mine, parameters=Mine, presets={"large": Mine(stake_pounds=50.0)}, scale=("stake_pounds",))
"""

OFFER = "want(offers, 0, LAY, best_tick(view, 0, ATB), stake)"


@dataclass(frozen=True)
class Broken:
    """What is changed in the sound core, the promise this breaks, and words of the sentence that must say so."""

    replace: str
    by: str
    promise: str
    words: str
    and_replace: str = ""
    and_by: str = ""


BROKEN = {
    "a plain function": Broken("@kernel\n", "", "compiles", "put @kernel"),
    "numba cannot compile it": Broken(
        "stake = int", "print({}, sep=[]); stake = int", "compiles", "cannot be compiled"
    ),
    "parameters that can be changed": Broken(
        "Parameters, frozen=True", "msgspec.Struct", "parameters_are_frozen", "must be a class of simcore.Parameters"
    ),
    "unknown keys are taken": Broken(
        "Parameters, frozen=True",
        "Parameters, frozen=True, forbid_unknown_fields=False",
        "parameters_are_frozen",
        "takes keys it does not know",
    ),
    "scale of a parameter it has not": Broken(
        'scale=("stake_pounds",)', 'scale=("stakes",)', "parameters_are_frozen", "names 'stakes'"
    ),
    "a preset outside its own limits": Broken(
        "Mine(stake_pounds=50.0)", "Mine(stake_pounds=50_000.0)", "presets_are_valid", "preset 'large' is refused"
    ),
    "a window that ends before it begins": Broken(
        "(self.start_s, -600.0)",
        "(self.start_s, 200.0)",
        "contradictions_are_refused",
        "refuse such values in __post_init__",
    ),
    "another error than a refusal": Broken(
        "    def window(self)",
        "    def __post_init__(self) -> None:\n        1 / (self.stake_pounds - 10_000.0)\n\n    def window(self)",
        "contradictions_are_refused",
        "raises ZeroDivisionError",
    ),
    "a number that is none": Broken(
        "self.start_s], np.float64", "np.nan], np.float64", "vector_is_whole", r"vector\[1\] is nan"
    ),
    "a vector of integers": Broken(
        "np.float64)\n\n\n@kernel", "np.int64)\n\n\n@kernel", "vector_is_whole", "float64 array"
    ),
    "a vector shorter than it reads": Broken(
        "int(parameters[0])",
        "int(parameters[0]) + int(parameters[2])",
        "vector_is_whole",
        "reads beyond the vector's 2",
    ),
    "an empty half-book": Broken(
        "stake = int(parameters[0])",
        "stake = int(parameters[0]) + 0 // (1 + best_tick(view, 0, ATB))",
        "offers_are_possible",
        "ZeroDivisionError|FloatingPointError",
    ),
    "off the ladder": Broken(
        OFFER, f"{OFFER}\n        offers.rows[0, OFFER_TICK] = 400", "offers_are_possible", "off the ladder"
    ),
    "less than a penny": Broken(
        OFFER, f"{OFFER}\n        offers.rows[0, OFFER_PENCE] = -1", "offers_are_possible", "pence; offer 1"
    ),
    "a side that is none": Broken(
        OFFER, f"{OFFER}\n        offers.rows[0, OFFER_SIDE] = 0", "offers_are_possible", "on side 0"
    ),
    "more offers than there is room for": Broken(
        OFFER, f"{OFFER}\n        offers.n[0] = 65", "offers_are_possible", "65 offers where 64"
    ),
    "nothing at all": Broken(
        "stake = int(parameters[0])", "stake = 0\n    return", "it_wants_something", "wanted nothing"
    ),
    "integers of any size": Broken(
        "int(parameters[0])",
        "int(parameters[0]) * 10**12 * 10**8 // 10**12 // 10**8 + 1",
        "compiled_is_as_written",
        "compiled it wants",
    ),
    "chance": Broken(
        "best_tick(view, 0, ATB), stake)",
        "best_tick(view, 0, ATB) - np.random.randint(0, 3), stake)",
        "it_keeps_nothing",
        "asked again after other views",
    ),
    "chance only where the last trade was above the touch, which no made view shows": Broken(
        f"elif contracts(view, 0) == 0:\n        {OFFER}",
        "elif view.slots[0, SLOT_LAST_TICK] > best_tick(view, 0, ATB):\n"
        f"        {OFFER.replace('ATB)', 'ATB) - np.random.randint(0, 3)')}\n"
        f"    elif contracts(view, 0) == 0:\n        {OFFER}",
        "it_does_not_look_ahead",
        "does something else|has other fills",
    ),
    "the view is written": Broken(
        OFFER, f"view.slots[0, SLOT_WIN] = 7\n        {OFFER}", "it_touches_only_offers", "writes into view.slots"
    ),
    "the parameters are written": Broken(
        OFFER, f"{OFFER}\n        parameters[1] = 7.0", "it_touches_only_offers", "writes into its parameters"
    ),
    "a moment it does not name": Broken(
        "    def pick(self)",
        "    def moments(self) -> tuple[float, ...]:\n        return (self.start_s, 120.0)\n\n    def pick(self)",
        "it_names_its_moments",
        "name the second in between",
    ),
    "the last price, unsaid": Broken(
        "scale=(",
        "touch_only=True, scale=(",
        "it_reads_the_touch_only",
        "where nothing but the touch is shown",
        f"elif contracts(view, 0) == 0:\n        {OFFER}",
        f"elif view.slots[0, 1] >= 0:\n        {OFFER}",
    ),
    "what stands at the touch, unsaid": Broken(
        "    def pick(self)",
        "    def leans_at(self) -> float:\n        return 1.0\n\n    def pick(self)",
        "it_leans_where_it_says",
        "return -1 from `leans_at`",
        f"elif contracts(view, 0) == 0:\n        {OFFER}\n\n\nMINE = Core(",
        f"elif view.touch[0, ATB, 0, 1] > 2000:\n        {OFFER}\n\n\nMINE = Core(touch_only=True, ",
    ),
    "an imbalance it does not name": Broken(
        "    def pick(self)",
        "    def leans_at(self) -> float:\n        return 0.5\n\n    def pick(self)",
        "it_leans_where_it_says",
        "return -1 from `leans_at`",
        f"elif contracts(view, 0) == 0:\n        {OFFER}\n\n\nMINE = Core(",
        f"elif view.touch[0, ATB, 0, 1] > 2 * view.touch[0, 1, 0, 1]:\n        {OFFER}\n\n\nMINE = Core(touch_only=True, ",
    ),
    "a level behind the touch": Broken(
        "scale=(",
        "touch_only=True, scale=(",
        "it_reads_the_touch_only",
        "make its Core without `touch_only`",
        f"elif contracts(view, 0) == 0:\n        {OFFER}",
        f"elif view.touch[0, ATB, 5, 0] >= 0:\n        {OFFER}",
    ),
}


def write(folder: Path, name: str | None = None) -> str:
    """The sound core, or a broken one, in a file of `folder`; returns how a sweep names it."""
    source = SOUND
    if name is not None:
        change = BROKEN[name]
        assert source.count(change.replace) >= 1, name
        assert change.and_replace in source, name
        source = source.replace(change.replace, change.by)
        if change.and_replace:
            source = source.replace(change.and_replace, change.and_by)
    path = folder / "mine.py"
    path.write_text(source)
    return f"{path}:MINE"
