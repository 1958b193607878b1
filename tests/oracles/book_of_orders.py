"""Our orders and what happened to them, as plain objects."""

from __future__ import annotations

from dataclasses import dataclass

from simcore.dtypes import ATB, ATL, BACK
from simcore.units import ODDS_HUNDREDTHS

ON_ITS_WAY, STANDING, DONE = "on its way", "standing", "done"
MICRO = 1_000_000
FILLS = ("passive", "aggressive", "unattributed")


def odds_micro(tick: int) -> int:
    """Odds × 10⁶ of a tick."""
    return int(ODDS_HUNDREDTHS[tick]) * (MICRO // 100)


@dataclass(eq=False)
class Order:
    """One order of ours; money in pence. `believed` is what the bot thinks still stands."""

    number: int
    runner: int
    side: int
    tick: int
    size: int
    persists: bool = False
    state: str = ON_ITS_WAY
    remaining: int = 0
    ahead: int = 0
    believed: int = 0
    accepted_ms: int = 0

    def __post_init__(self) -> None:
        self.remaining = self.believed = self.size

    @property
    def book(self) -> int:
        """Where it rests: a BACK is available to lay."""
        return ATL if self.side == BACK else ATB

    @property
    def level(self) -> tuple[int, int, int]:
        return (self.runner, self.book, self.tick)


@dataclass
class Event:
    """One thing that happened to an order: what is one of FILLS, cancelled, lapsed, voided or refused."""

    time_ms: int
    known_ms: int
    order: Order
    what: str
    pence: int
    tick: int = -1
    reason: str = ""
    odds_micro: int = 0
    heard: bool = False


@dataclass
class Bets:
    """Profit of one runner's bets, micropence: if it wins, if it loses."""

    win: int = 0
    lose: int = 0

    def add(self, side: int, stake: int, odds: int) -> None:
        self.win += side * stake * (odds - MICRO)
        self.lose -= side * stake * MICRO
