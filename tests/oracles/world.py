"""The world as the document tells it: record + displacement, in dictionaries, one level at a time.

A level is (runner, book, tick) of the record. The record R is what the tape displays; the displacement D is what our orders
changed; the world is R + D, never below nothing. Where the others moved their prices by a shift, a level stands at the price
tick + shift; a level whose price is off the ladder is not displayed. Nothing here is fast and nothing is shared with the
compiled kernels.

The others come back for what we took, but in bets and not in pence, and never to stand in the way of an order of ours: the
exchange is asked whether one stands there.
"""

from __future__ import annotations

from collections.abc import Callable

from simcore.dtypes import ATB, ATL
from simcore.models.refill import Refill, RefillHalfLife, RefillInstant
from simcore.units import N_TICKS

Level = tuple[int, int, int]


def other(book: int) -> int:
    """The opposite half-book."""
    return 1 - book


def is_better(book: int, tick: int, than: int) -> bool:
    """Whether a resting order at `tick` of this half-book is hit before one at `than`."""
    return tick > than if book == ATB else tick < than


class World:
    """R and D of every level of a market, pence."""

    def __init__(self, refill: Refill, nobody_comes_back_to: Callable[[Level], bool], *, displacing: bool) -> None:
        self.refill = refill
        self.displacing = displacing
        self.nobody_comes_back_to = nobody_comes_back_to
        """whether an order of ours would meet whoever came back to a level"""
        self.recorded: dict[Level, int] = {}
        self.ticks: dict[tuple[int, int], set[int]] = {}
        """(runner, book) -> ticks with a record"""
        self.stamped: dict[Level, tuple[int, int | None]] = {}
        """level -> (D at its time stamp, the time stamp in UTC ms); with no time stamp D stays as it is"""
        self.message_ms = 0
        self.shift: dict[int, int] = {}
        """runner -> ticks by which the others moved"""

    def priced(self, level: Level) -> Level:
        """(runner, book, price as a tick) at which a level stands."""
        runner, book, tick = level
        return (runner, book, tick + self.shift.get(runner, 0))

    def level_at(self, price: Level) -> Level:
        """The level that stands at (runner, book, price as a tick)."""
        runner, book, tick = price
        return (runner, book, tick - self.shift.get(runner, 0))

    def record(self, level: Level) -> int:
        return self.recorded.get(level, 0)

    def decayed(self, level: Level, now_ms: int) -> int:
        """What is left of D after all that came back."""
        pence, stamp_ms = self.stamped.get(level, (0, None))
        if stamp_ms is None:
            return pence
        if isinstance(self.refill, RefillInstant):
            return 0 if self.message_ms > stamp_ms else pence
        if isinstance(self.refill, RefillHalfLife):
            return int(pence * 2.0 ** (-(now_ms - stamp_ms) / self.refill.ms))
        return pence

    def displacement(self, level: Level, now_ms: int) -> int:
        """D as it counts: what came back to a level that we emptied is not shown before it makes a bet."""
        left = self.decayed(level, now_ms)
        if left >= 0 or not isinstance(self.refill, RefillHalfLife):
            return left
        record = self.record(level)
        we_emptied_it = self.stamped[level][0] <= -record
        is_a_bet = left + record >= self.refill.least_pence or left + record >= record // 2
        return left if is_a_bet or not we_emptied_it else -record

    def size(self, level: Level, now_ms: int) -> int:
        """What the others have there."""
        return self.record(level) + self.displacement(level, now_ms)

    def displace(self, level: Level, change: int, now_ms: int) -> None:
        """D += change, D ≥ −R, with a new time stamp. A change of nothing is no event and leaves the time stamp alone."""
        if change != 0:
            self.set_displacement(level, self.displacement(level, now_ms) + change, now_ms)

    def set_displacement(self, level: Level, pence: int, now_ms: int) -> None:
        """D := pence, but D ≥ −R. It decays from now on, or not while we keep the others away."""
        if not self.displacing:
            return
        pence = max(pence, -self.record(level))
        self.stamped.pop(level, None)
        if pence != 0:
            stays = pence < 0 and self.nobody_comes_back_to(level)
            self.stamped[level] = (pence, None if stays else now_ms)

    def our_orders_changed(self, now_ms: int) -> None:
        """Where one stands in the way now, D stays as it counts; where none does any more, it decays from now on."""
        for level, (pence, stamp_ms) in list(self.stamped.items()):
            stays = pence < 0 and self.nobody_comes_back_to(level)
            if stays and stamp_ms is not None:
                self.set_displacement(level, self.displacement(level, now_ms), now_ms)
            elif stamp_ms is None and not stays:
                self.stamped[level] = (pence, now_ms)

    def change_record(self, level: Level, change: int, now_ms: int) -> None:
        """R += change, then D := max(D, −R)."""
        pence = self.decayed(level, now_ms)
        self.set_record(level, self.record(level) + change)
        if pence < -self.record(level):
            self.set_displacement(level, -self.record(level), now_ms)

    def set_record(self, level: Level, pence: int) -> None:
        runner, book, tick = level
        self.recorded[level] = pence
        self.ticks.setdefault((runner, book), set()).add(tick)
        if pence == 0:
            del self.recorded[level]
            self.ticks[runner, book].remove(tick)

    def forget_displacement(self) -> None:
        self.stamped.clear()

    def levels(self, runner: int, book: int, now_ms: int) -> list[tuple[int, int]]:
        """(tick of the record, pence) of every level the others have, best first."""
        known = self.ticks.get((runner, book), set()) | {t for r, b, t in self.stamped if (r, b) == (runner, book)}
        sizes = [(tick, self.size((runner, book, tick), now_ms)) for tick in known]
        return sorted([each for each in sizes if each[1] > 0], reverse=book == ATB)

    def displayed(self, runner: int, book: int, now_ms: int) -> list[tuple[int, int]]:
        """(price as a tick, pence) of every level the others display, best first."""
        shift = self.shift.get(runner, 0)
        moved = [(tick + shift, pence) for tick, pence in self.levels(runner, book, now_ms)]
        return [(tick, pence) for tick, pence in moved if 0 <= tick < N_TICKS]

    def best(self, runner: int, book: int, now_ms: int) -> int | None:
        """The best price displayed, as a tick."""
        displayed = self.displayed(runner, book, now_ms)
        return displayed[0][0] if displayed else None

    def net_crossed(self, runner: int, now_ms: int) -> None:
        """Displacement above the record may not stand at or through the best of the other side: it goes."""
        if all(level[0] != runner for level in self.stamped):
            return
        atb, atl = self.best(runner, ATB, now_ms), self.best(runner, ATL, now_ms)
        if atb is None or atl is None:
            return
        for level in [level for level in self.stamped if level[0] == runner]:
            _, book, tick = self.priced(level)
            through = tick >= atl if book == ATB else tick <= atb
            if 0 <= tick < N_TICKS and through and self.displacement(level, now_ms) > 0:
                del self.stamped[level]
