"""What the cores CAF and DAF want, decided again in plain Python for a bot on flumine: no arrays, only what they ask for.

The cores themselves run uncompiled too, but through a view of arrays that would cost flumine's side most of its time. A test
holds these to the cores, offer for offer. Offers are (side, tick, pence); BACK is +1, LAY −1.
"""

from __future__ import annotations

from dataclasses import dataclass

from simcore.dtypes import BACK, LAY
from simcore.strategies.caf import Caf
from simcore.strategies.daf import Daf
from simcore.units import N_TICKS, ODDS_HUNDREDTHS, pence_of

Offer = tuple[int, int, int]
_HUNDREDTHS = [int(odds) for odds in ODDS_HUNDREDTHS]


@dataclass(frozen=True, slots=True)
class Touch:
    """Best prices of the others and what stands there, pence; tick −1 where a half-book is empty."""

    back_tick: int
    back_pence: int
    lay_tick: int
    lay_pence: int


def stake_for(contracts_pence: int, tick: int) -> int:
    """Stake that buys so many contracts, pence, rounded down."""
    return contracts_pence * 100 // _HUNDREDTHS[tick]


def flat(touch: Touch, win: int, lose: int) -> list[Offer]:
    """The position gone, at the touch."""
    position = win - lose
    tick = touch.lay_tick if position > 0 else touch.back_tick
    if position == 0 or tick < 0:
        return []
    offer = (LAY if position > 0 else BACK, tick, stake_for(abs(position), tick))
    return [offer] if offer[2] > 0 else []


class CafQuotes:
    """The maker's wanted offers."""

    def __init__(self, parameters: Caf) -> None:
        self.given = parameters
        self.full = pence_of(parameters.contracts_pounds)
        self.decay = pence_of(parameters.decay_contracts_pounds)
        self.skew = pence_of(parameters.skew_contracts_pounds)
        self.max_exposure = pence_of(parameters.max_exposure_pounds)
        self.start_ms, self.stop_ms = parameters.start_s * 1000, parameters.stop_s * 1000
        self.unload_ms = float("-inf") if parameters.unload_s is None else parameters.unload_s * 1000

    def __call__(self, to_start_ms: int, touch: Touch, win: int, lose: int) -> list[Offer]:
        if to_start_ms <= self.unload_ms:
            return flat(touch, win, lose)
        if to_start_ms > self.start_ms or to_start_ms <= self.stop_ms:
            return []
        if self.max_exposure > 0 and -min(win, lose) >= self.max_exposure:
            return flat(touch, win, lose) if self.given.at_max == "liquidate" else []
        if touch.back_tick < 0 or touch.lay_tick <= touch.back_tick:
            return []
        return self._quote(touch, win - lose)

    def _quote(self, touch: Touch, position: int) -> list[Offer]:
        lean = (touch.back_pence - touch.lay_pence) / (touch.back_pence + touch.lay_pence)
        away_back, away_lay = self._moves(position, lean), self._moves(-position, -lean)
        back_tick = touch.lay_tick + self.given.level_base + away_back
        lay_tick = touch.back_tick - self.given.level_base - away_lay
        if self.given.hammertime and away_back != away_lay:
            if away_back:
                lay_tick = min(lay_tick + 1, touch.lay_tick - 1)
            else:
                back_tick = max(back_tick - 1, touch.back_tick + 1)
        offers = []
        for level in range(self.given.levels):
            for side, tick, adding in ((BACK, back_tick + level, position), (LAY, lay_tick - level, -position)):
                pence = stake_for(self._offered(adding), tick) if 0 <= tick < N_TICKS else 0
                if pence > 0:
                    offers.append((side, tick, pence))
        return offers

    def _moves(self, adding: int, against: float) -> bool:
        if self.given.keep_closing and adding < 0:
            return False
        return 0 < self.skew < adding or against > self.given.imbalance_threshold

    def _offered(self, adding: int) -> int:
        if adding <= 0:
            return self.full
        if self.given.stop_multiple > 0.0 and adding >= self.given.stop_multiple * self.full:
            return 0
        return int(self.full * max(0.0, 1.0 - adding / self.decay)) if self.decay > 0 else self.full


class DafQuotes:
    """The drift trade's wanted offers."""

    def __init__(self, parameters: Daf) -> None:
        self.given = parameters
        self.side = BACK if parameters.direction == "long" else LAY
        self.joins_lay = (self.side == BACK) != (parameters.entry == "cross")
        self.stake, self.contracts = pence_of(parameters.stake_pounds), pence_of(parameters.contracts_pounds)

    def __call__(self, to_start_ms: int, touch: Touch, win: int, lose: int) -> list[Offer]:
        given = self.given
        if to_start_ms <= given.exit_s * 1000:
            return flat(touch, win, lose)
        if to_start_ms > given.entry_start_s * 1000 or to_start_ms <= given.entry_end_s * 1000:
            return []
        if touch.back_tick < 0 or touch.lay_tick < 0 or touch.lay_tick - touch.back_tick > given.max_spread_ticks:
            return []
        tick = touch.lay_tick if self.joins_lay else touch.back_tick
        held = abs(win - lose)
        if self.contracts > 0:
            missing = stake_for(max(0, self.contracts - held), tick)
        else:
            missing = max(0, self.stake - stake_for(held, tick))
        return [(self.side, tick, missing)] if missing > 0 else []


def quotes_of(parameters: Caf | Daf) -> CafQuotes | DafQuotes:
    """The bot of these parameters."""
    return CafQuotes(parameters) if isinstance(parameters, Caf) else DafQuotes(parameters)
