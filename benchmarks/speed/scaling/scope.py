"""How much the part `scaling` measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Scope:
    """How much is measured.

    fitted, checked : traders' activity, relative to a UK market, of the made markets the law is fitted to, and checked on
    points, checks  : of each core on each of those markets;  batches : configurations of a call
    sweep           : markets and trials of the small sweeps
    """

    fitted: tuple[float, ...] = (0.4, 1.0, 2.5)
    checked: tuple[float, ...] = (0.7, 1.6)
    points: int = 8
    checks: int = 2
    batches: tuple[int, ...] = (1, 2, 5, 20, 60, 200)
    sweep: tuple[int, int] = (288, 120)


WHOLE: Final = Scope()
TINY: Final = Scope(fitted=(0.2,), checked=(0.3,), points=5, checks=1, batches=(1, 3), sweep=(2, 6))
