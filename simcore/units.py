"""Odds and ladder ticks, pounds and pence, contracts: the only place floats become integers.

odds     : decimal price as the exchange writes it (8.4); lives at the edges only
tick     : index 0..349 on the CLASSIC ladder (0 is 1.01, 349 is 1000)
pounds   : money at the edges; pence : money inside, int64
contract : £1 if the runner wins; a bet of `size` at `odds` is size × odds contracts

Source of the ladder: the exchange's published price increments (docs/betfair-rules in the README's links).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simcore.errors import ModelError, RecordingError

# (first price of the band, increment, prices in the band), in hundredths of odds
_BANDS = (
    (101, 1, 99),
    (200, 2, 50),
    (300, 5, 20),
    (400, 10, 20),
    (600, 20, 20),
    (1000, 50, 20),
    (2000, 100, 10),
    (3000, 200, 10),
    (5000, 500, 10),
    (10000, 1000, 91),
)


def _ladder() -> NDArray[np.int64]:
    return np.concatenate([first + step * np.arange(count, dtype=np.int64) for first, step, count in _BANDS])


N_TICKS = 350
ODDS_HUNDREDTHS: NDArray[np.int64] = _ladder()
"""(350,) int64, odds × 100 of each tick, ascending."""
ODDS_HUNDREDTHS.setflags(write=False)
ODDS: NDArray[np.float64] = ODDS_HUNDREDTHS / 100.0
"""(350,) float64, decimal odds of each tick."""
ODDS.setflags(write=False)

OFF_LADDER = -1
_TICK_OF_HUNDREDTHS = {int(price): tick for tick, price in enumerate(ODDS_HUNDREDTHS)}
_TICK_OF_ODDS = {float(price): tick for tick, price in enumerate(ODDS)}


def tick_or_off(odds: float) -> int:
    """Tick of `odds`, or OFF_LADDER (-1) where the classic ladder has no such price."""
    tick = _TICK_OF_ODDS.get(odds)
    if tick is not None:
        return tick
    if not abs(odds) < 1e12:
        return OFF_LADDER
    hundredths = round(odds * 100)
    if abs(odds * 100 - hundredths) > 1e-6:
        return OFF_LADDER
    return _TICK_OF_HUNDREDTHS.get(hundredths, OFF_LADDER)


def tick_of(odds: float) -> int:
    """Tick of a ladder price. Raises RecordingError for a price that is not on the classic ladder."""
    tick = tick_or_off(odds)
    if tick == OFF_LADDER:
        raise RecordingError(f"`odds` must be a price of the classic ladder, got {odds!r}")
    return tick


def odds_of(tick: int) -> float:
    """Decimal odds of a tick 0..349."""
    if not 0 <= tick < N_TICKS:
        raise ModelError(f"`tick` must be within 0..{N_TICKS - 1}, got {tick!r}")
    return float(ODDS[tick])


def pence_of(pounds: float) -> int:
    """Pounds to whole pence, to the nearest penny."""
    return round(pounds * 100)


def pounds_of(pence: int) -> float:
    """Pence to pounds."""
    return pence / 100
