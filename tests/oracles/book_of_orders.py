"""Our orders and what happened to them, as plain objects."""

from __future__ import annotations

from dataclasses import dataclass

from simcore.dtypes import ATB, ATL, BACK
from simcore.units import ODDS_HUNDREDTHS

ON_ITS_WAY, STANDING, DONE = "on its way", "standing", "done"
LAPSE, PERSIST = "LAPSE", "PERSIST"
LIMIT, LIMIT_ON_CLOSE, MARKET_ON_CLOSE = "LIMIT", "LIMIT_ON_CLOSE", "MARKET_ON_CLOSE"
MICRO = 1_000_000
FILLS = ("passive", "aggressive", "unattributed", "unrecorded", "at_close")
MATCHED_IN_THE_BOOK = FILLS[:4]


def hundredths_of(tick: int) -> int:
    """Odds × 100 of a tick."""
    return int(ODDS_HUNDREDTHS[tick])


def micro_of(hundredths: int) -> int:
    """Odds × 10⁶ from odds × 100."""
    return hundredths * (MICRO // 100)


@dataclass(eq=False)
class Order:
    """One order of ours; money in pence. `believed` is what the bot thinks still stands.

    size        : stake; the liability of an on-close LAY
    persistence : LAPSE, PERSIST or MARKET_ON_CLOSE
    min_fill    : pence that must match at once of a fill-or-kill order; None = it is none
    replaces    : it took another order's place, so the minimum stake is not asked of it
    """

    number: int
    runner: int
    side: int
    tick: int
    size: int
    persistence: str = LAPSE
    kind: str = LIMIT
    min_fill: int | None = None
    replaces: bool = False
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
    def price(self) -> tuple[int, int, int]:
        return (self.runner, self.book, self.tick)

    @property
    def waits_for_close(self) -> bool:
        """An on-close order, or a limit order that becomes one."""
        return self.kind != LIMIT or self.persistence == MARKET_ON_CLOSE

    def becomes(self, old: Order, pence: int) -> None:
        """It takes the place of what was left of another order."""
        self.runner, self.side, self.persistence, self.replaces = old.runner, old.side, old.persistence, True
        self.size = self.remaining = self.believed = pence

    def at_worst(self, bets: Bets) -> None:
        """Matched where it would lose."""
        if self.side == BACK:
            bets.lose -= self.remaining * MICRO
        elif self.kind == LIMIT:
            bets.win -= self.remaining * (micro_of(hundredths_of(self.tick)) - MICRO)
        else:
            bets.win -= self.remaining * MICRO


@dataclass
class Event:
    """One thing that happened to an order: what is one of FILLS, cancelled, lapsed, voided or refused.

    pence : stake; leaves : by how much less of the order stands; odds_hundredths as matched; odds_micro as reduced since
    """

    time_ms: int
    known_ms: int
    order: Order
    what: str
    pence: int
    leaves: int
    odds_hundredths: int = 0
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
