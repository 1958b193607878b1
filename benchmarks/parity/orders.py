"""What both simulations are asked, and what they answer, in one form that can be compared.

tick : index of the classic ladder; pence : money; time_ms : UTC ms of publication of the book a match was made in
"""

from __future__ import annotations

from dataclasses import dataclass

LATENCY_MS = 120
"""request to effect of a placement, both simulations"""

Match = tuple[int, int, int]
"""(time_ms, odds in hundredths, pence)"""


@dataclass(frozen=True)
class Request:
    """One request as a strategy sent it: `kind` place or cancel; `order` counts a strategy's places from 0; `runner` is the
    tape's index; `side` 1 BACK, -1 LAY; a cancel of 0 pence cancels all; a least
    fill makes a fill or kill."""

    kind: str
    order: int
    time_ms: int
    runner: int = -1
    side: int = 0
    tick: int = -1
    pence: int = 0
    persist: bool = False
    min_fill_pence: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of an order. `state`: accepted, refused or pending (it never arrived).

    What neither matched nor was cancelled is over at the close, whatever the simulation calls it; matches on a runner withdrawn
    are none.
    """

    state: str
    matches: tuple[Match, ...]
    cancelled_pence: int = 0

    @property
    def matched_pence(self) -> int:
        return sum(pence for _, _, pence in self.matches)

    @property
    def average_odds(self) -> float:
        """Size-weighted, to two decimals as flumine gives it; 0 where nothing matched."""
        total = self.matched_pence
        return round(sum(odds * pence for _, odds, pence in self.matches) / total) / 100 if total else 0.0
