"""The articles' findings as claims that can fail, decided before anything was replayed, and how one is examined.

A claim compares two configurations of CAF on the same markets (or one with a number). It *reproduces* where the 95 % interval
of the mean difference lies wholly on the claimed side, it does *not* where it lies wholly on the other, else it is *undecided*.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simcore.results import MarketResult
from simcore.statistics import bootstrap_interval
from simcore.strategies.caf import CAF, Caf

Real = NDArray[np.float64]
OFFER_POUNDS: Final = 10.0
MANY: Final = 5.0
"""what "many times the offer" means, fixed beforehand"""
LEAVES: Final = {"unload_s": 30.0}
"""every configuration but one leaves its position by crossing 30 s before the start, so that only the idea differs"""


def _made(preset: str, **values: Any) -> Caf:
    made = CAF.make(preset, {"contracts_pounds": OFFER_POUNDS} | values)
    assert isinstance(made, Caf)
    return made


CONFIGURATIONS: Final[dict[str, Caf]] = {
    "naive, kept": _made("naive"),
    "naive": _made("naive", **LEAVES),
    "size decay": _made("size_decay"),
    "skew": _made("dynamic_spread"),
    "imbalance": _made("naive", imbalance_threshold=0.5, **LEAVES),
    "naive ×3": _made("naive", levels=3, **LEAVES),
    "skew ×3": _made("three_levels"),
    "skew + imbalance ×3": _made("imbalance"),
    "base 1": _made("imbalance", level_base=1),
    "base 2": _made("imbalance", level_base=2),
    "base 3": _made("imbalance", level_base=3),
    "V2": _made("v2"),
}
ABOUT: Final = {
    "naive, kept": "£10 contracts a side at the best price; the position goes into the race (the preset `naive`)",
    "naive": "the same, but leaves by crossing 30 s before the start, as all below do",
    "size decay": "naive; the side that adds to the position shrinks to nothing at 5 offers",
    "skew": "naive; beyond 2 offers the side that adds stands a tick further away",
    "imbalance": "naive; a side steps a tick away where the book leans against it by more than 0.5",
    "naive ×3": "naive on three price levels",
    "skew ×3": "three levels and skew (the preset `three_levels`)",
    "skew + imbalance ×3": "three levels, skew and imbalance (the preset `imbalance`)",
    "base 1": "the one above, its first level a tick behind the best price",
    "base 2": "two ticks behind",
    "base 3": "three ticks behind",
    "V2": "base 1 with a position stop at 10 offers (the preset `v2`)",
}


def metrics(result: MarketResult) -> dict[str, float]:
    """What the claims look at: profit and turnover in pounds, largest position in offers, orders sent."""
    return {
        "profit": result.pnl_pence / 100,
        "turnover": result.turnover_pence / 100,
        "position": result.largest_position_pence / (100 * OFFER_POUNDS),
        "requests": float(result.places + result.cancels),
    }


@dataclass(frozen=True)
class Claim:
    """`metric` of configuration `of` less that of `against` (or less `beyond`) is on the side of `sign`."""

    says: str
    articles: str
    metric: str
    of: str
    sign: int
    against: str = ""
    beyond: float = 0.0

    def values(self, found: Mapping[str, Mapping[str, Real]]) -> Real:
        """One value a market. found: configuration → metric → (markets,)."""
        of = found[self.of][self.metric]
        return of - found[self.against][self.metric] if self.against else of


CLAIMS: Final = (
    Claim("the naive maker loses, position kept", "", "profit", "naive, kept", -1),
    Claim("the naive maker loses, leaving at 30 s", "−1.52 (σ 3.55, 104 races)", "profit", "naive", -1),
    Claim(
        f"its largest position is many (> {MANY:g}) times the offer",
        "“many times”",
        "position",
        "naive",
        +1,
        beyond=MANY,
    ),
    Claim("skew keeps the position smaller", "", "position", "skew", -1, "naive"),
    Claim("size decay keeps the position smaller", "", "position", "size decay", -1, "naive"),
    Claim("skew loses less than naive, one level", "", "profit", "skew", +1, "naive"),
    Claim("skew loses less than naive, three levels", "", "profit", "skew ×3", +1, "naive ×3"),
    Claim("three levels and skew lose less than naive", "−1.04 against −1.52", "profit", "skew ×3", +1, "naive"),
    Claim("imbalance loses less than naive, one level", "", "profit", "imbalance", +1, "naive"),
    Claim("imbalance adds to skew", "−0.58 against −1.04", "profit", "skew + imbalance ×3", +1, "skew ×3"),
    Claim(
        "skew and imbalance lose less than naive", "−0.58 against −1.52", "profit", "skew + imbalance ×3", +1, "naive"
    ),
    Claim("one tick behind trades less than at the best", "", "turnover", "base 1", -1, "skew + imbalance ×3"),
    Claim("two ticks behind trade less than one", "", "turnover", "base 2", -1, "base 1"),
    Claim("three ticks behind trade less than two", "", "turnover", "base 3", -1, "base 2"),
)


@dataclass(frozen=True)
class Examined:
    """Mean over markets and its 95 % interval; verdict: yes, no or undecided."""

    mean: float
    low: float
    high: float
    verdict: str


def examine(claim: Claim, found: Mapping[str, Mapping[str, Real]], clusters: Sequence[str]) -> Examined:
    """Put a claim to the test. clusters: (markets,) what is resampled together, a day or each market its own."""
    values = claim.values(found)
    low, high = bootstrap_interval(values, clusters)
    side_low, side_high = sorted((claim.sign * (low - claim.beyond), claim.sign * (high - claim.beyond)))
    verdict = "yes" if side_low > 0 else "no" if side_high < 0 else "undecided"
    return Examined(float(values.mean()), low, high, verdict)


def sharpe(values: Real) -> float:
    """Mean over standard deviation of a market; nan where nothing varies."""
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return float(values.mean()) / spread if spread > 0 else math.nan
