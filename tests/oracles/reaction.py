"""How far the others have moved their prices because of our fills: x of each runner, in ticks, and what it does as it grows."""

from __future__ import annotations

from simcore.models.simulation import Simulation


def pushed(x: float, side: int, severity: float, pence: int, odds_hundredths: int) -> float:
    """x after a fill: a BACK shortens the odds, a LAY lengthens them; severity is in ticks for £1,000 of payout.

    No penny moves anybody by more than half a tick.
    """
    return x - side * min(severity * (pence * odds_hundredths) / 1e7, pence / 2)


def pence_to_move(x: float, side: int, severity: float, odds_hundredths: int, most: int) -> int:
    """The smallest stake within `most` that changes the whole ticks of x; `most` if none does. Halving, as x only grows."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if int(pushed(x, side, severity, middle, odds_hundredths)) != int(x):
            high = middle
        else:
            low = middle + 1
    return low


class Pressure:
    """x(t) = x(stamp) · 2^(−(t − stamp) / half-life), by runner."""

    def __init__(self, simulation: Simulation) -> None:
        reaction = simulation.reaction
        self.severity = reaction.severity if simulation.displacement else 0.0
        self.half_life_ms = reaction.half_life_ms
        self.x: dict[int, float] = {}
        self.stamp_ms: dict[int, int] = {}

    def at(self, runner: int, now_ms: int) -> float:
        """x brought forward to now."""
        x, stamp_ms = self.x.get(runner, 0.0), self.stamp_ms.get(runner, now_ms)
        if x != 0 and now_ms > stamp_ms:
            x = x * 2.0 ** (-(now_ms - stamp_ms) / self.half_life_ms)
        self.x[runner], self.stamp_ms[runner] = x, now_ms
        return x

    def fill(self, runner: int, side: int, pence: int, odds_hundredths: int, now_ms: int) -> None:
        self.x[runner] = pushed(self.at(runner, now_ms), side, self.severity, pence, odds_hundredths)

    def forget(self) -> None:
        self.x.clear()
