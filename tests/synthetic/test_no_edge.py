"""Without a planted drift nothing earns: every mechanical strategy at the touch pays the spread. With one, it can be found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from made_markets import FIRST_DAY

from simcore.synthetic.calendar import calendar
from simcore.synthetic.figures import scan_of
from simcore.synthetic.record import make_market
from simcore.synthetic.scan import BID, OFFER
from simcore.synthetic.sports import GREYHOUNDS
from simcore.synthetic.write import tape_of
from simcore.units import N_TICKS, ODDS


@dataclass(frozen=True)
class Touch:
    """The favourite's best odds at two moments before the advertised start, and whether it won."""

    back_early: float
    lay_early: float
    back_late: float
    lay_late: float
    won: bool


@cache
def touches(markets: int, seed: int, drift: float) -> list[Touch]:
    """The favourite as of 200 s before the advertised start, then and 160 s later."""
    found = []
    for race in calendar(GREYHOUNDS, markets, max(1, markets // 100), seed, FIRST_DAY, drift):
        record = make_market(race.plan)
        tape = tape_of(race, record)
        advertised_ms = race.plan.advertised_ms
        out, to_start = scan_of(tape, advertised_ms, 300)
        early, late = (int(np.argmax(to_start == seconds)) for seconds in (200, 40))
        bid, offer = out.samples[..., BID], out.samples[..., OFFER]
        r = int(np.argmin(np.where(bid[early] >= 0, bid[early], N_TICKS)))
        ticks = (bid[early, r], offer[early, r], bid[late, r], offer[late, r])
        if all(0 <= tick < N_TICKS for tick in ticks):
            found.append(Touch(*(float(ODDS[tick]) for tick in ticks), won=r == record.frame.winner))
    return found


def profits(seen: list[Touch]) -> dict[str, np.ndarray]:
    """Profit a pound backed (or to be laid) of the favourite, before commission, by strategy; closing trades hedge fully."""
    return {
        "back then lay": np.array([t.back_early / t.lay_late - 1 for t in seen]),
        "lay then back": np.array([1 - t.lay_early / t.back_late for t in seen]),
        "back and hold": np.array([t.back_early - 1 if t.won else -1 for t in seen]),
        "lay and hold": np.array([1 - t.lay_early if t.won else 1 for t in seen]),
        "back and lay at once": np.array([t.back_late / t.lay_late - 1 for t in seen]),
    }


def t_values(seen: list[Touch]) -> dict[str, float]:
    """Mean over standard error of each strategy's profit."""
    return {name: float(p.mean() / (p.std() / np.sqrt(len(p)))) for name, p in profits(seen).items()}


def test_mechanical_strategies_at_the_touch_do_not_earn() -> None:
    values = t_values(touches(60, 21, 0.0))
    assert values.pop("back and lay at once") < -4
    assert max(values.values()) < 3


def test_a_planted_drift_is_earned_by_backing_then_laying_and_lost_the_other_way_round() -> None:
    values = t_values(touches(40, 22, -4.0))
    assert values["back then lay"] > 3
    assert values["lay then back"] < -3


@pytest.mark.slow
def test_on_a_thousand_markets_every_mechanical_strategy_loses_the_spread() -> None:
    seen = touches(1000, 23, 0.0)
    for name, value in t_values(seen).items():
        held = name.endswith("hold")
        assert value < (2.5 if held else -4), name
