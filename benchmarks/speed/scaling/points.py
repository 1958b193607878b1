"""Measured points: made and recorded markets under drawn batches, polls and windows, seconds by the process's CPU clock."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

import simcore
from benchmarks.speed.scaling.counting import Counter
from benchmarks.speed.scaling.law import Point
from benchmarks.speed.timing import best_of, seconds_each
from simcore import Tape
from simcore.models.simulation import Simulation
from simcore.strategies.caf import Caf
from simcore.strategies.daf import Daf
from simcore.synthetic.calendar import calendar
from simcore.synthetic.record import make_market
from simcore.synthetic.sports import Sport, sport_of
from simcore.synthetic.write import tape_of
from sweeps.app.synth import FIRST_DAY

POLLS_MS: Final = (50, 100, 200, 500, 1000)
WINDOWS_S: Final = (120.0, 300.0, 600.0, 900.0)
PICKS: Final = (1, 3)
"""runners traded within a batch"""
FIRST_LOOKS: Final = ((1.0,), (1.0, 0.8, 0.5))
"""when the configurations of a batch begin, as shares of the window"""
SPORTS: Final = ("greyhounds", "horses")
CORES: Final = ("caf", "daf")
YARDSTICK_ACTIVITY: Final = 0.4
YARDSTICK_SEED: Final = 41


@dataclass(frozen=True)
class Market:
    """A tape and what kind of market it is."""

    kind: str
    tape: Tape


def made(activities: Sequence[float], seed: int) -> list[Market]:
    """A market of each sport and activity: how many times as often its traders act as the shipped settings say."""
    return [
        Market(f"made {sport}", _made(_busier(sport_of(sport), activity), seed + place))
        for place, activity in enumerate(activities)
        for sport in SPORTS
    ]


def _made(sport: Sport, seed: int) -> Tape:
    [race] = calendar(sport, 1, 1, seed, FIRST_DAY)
    return tape_of(race, make_market(race.plan))


def _busier(sport: Sport, activity: float) -> Sport:
    rates = {
        name: tuple((to_off_s, rate * activity) for to_off_s, rate in getattr(sport, name))
        for name in ("makes", "punts", "informs", "follows")
    }
    return msgspec.structs.replace(sport, **rates)


class Pace:
    """How fast the machine is just now: a replay that is always the same, by the CPU clock.

    CPU seconds stretch where others share the cores' caches and threads. Each point is measured between two such replays and
    told in seconds of the quickest of them all, so that points measured minutes apart can be compared.
    """

    def __init__(self) -> None:
        [market, _] = made((YARDSTICK_ACTIVITY,), YARDSTICK_SEED)
        self._tape, self._sets = market.tape, _caf(random.Random(1), 300.0, 5)
        self.quickest_s = self.now_s()

    def now_s(self) -> float:
        """CPU seconds of the yardstick now."""
        seconds = best_of(2, lambda: simcore.replay_batch(self._tape, "caf", self._sets))[0]
        self.quickest_s = min(seconds, getattr(self, "quickest_s", seconds))
        return seconds


def measured(
    markets: Sequence[Market], count: int, batches: Sequence[int], repeats: int, seed: int, pace: Pace
) -> list[Point]:
    """`count` points of each core on each market; `seconds` in yardsticks until `paced` makes them seconds."""
    draw = random.Random(seed)
    return [
        _point(market, core, draw, batches, repeats, pace) for market in markets for core in CORES for _ in range(count)
    ]


def paced(points: Sequence[Point], pace: Pace) -> list[Point]:
    """The points in seconds of the quickest moment there was."""
    return [replace(point, seconds=point.seconds * pace.quickest_s) for point in points]


def _point(market: Market, core: str, draw: random.Random, batches: Sequence[int], repeats: int, pace: Pace) -> Point:
    window_s, simulation = draw.choice(WINDOWS_S), Simulation(poll_ms=draw.choice(POLLS_MS))
    sets = (_caf if core == "caf" else _daf)(draw, window_s, draw.choice(batches))
    results = simcore.replay_batch(market.tape, core, sets, simulation)

    def again() -> None:
        simcore.replay_batch(market.tape, core, sets, simulation)

    sticks = []
    for _ in range(max(2, repeats)):
        before_s, spent_s, after_s = pace.now_s(), seconds_each(again, 1), pace.now_s()
        sticks.append(spent_s / (before_s + after_s) * 2)
    return Point(
        core,
        market.kind,
        market.tape.market_id,
        simulation.poll_ms,
        window_s,
        min(sticks),
        max(sticks) / min(sticks) - 1.0,
        Counter(market.tape, simulation).counts(sets, [result.row() for result in results]),
    )


def _caf(draw: random.Random, window_s: float, count: int) -> list[Any]:
    """Makers that send many orders or few: levels, skew and imbalance drawn, the offer varied within the batch."""
    levels, skew, imbalance = draw.choice((1, 2, 4)), draw.choice((0.0, 1.0, 2.0)), draw.choice((0.4, 0.7, 1.0))
    offer, picks, shares = draw.choice((5.0, 20.0, 80.0)), draw.choice(PICKS), draw.choice(FIRST_LOOKS)
    return [
        Caf(
            favourite=place % picks,
            pick_s=window_s,
            start_s=window_s * shares[place % len(shares)],
            contracts_pounds=offer + place / 4,
            levels=levels,
            skew_contracts_pounds=skew * (offer + place / 4),
            imbalance_threshold=imbalance,
        )
        for place in range(count)
    ]


def _daf(draw: random.Random, window_s: float, count: int) -> list[Any]:
    """Drift trades, joining or crossing, the stake varied within the batch."""
    direction, entry = draw.choice(("long", "short")), draw.choice(("passive", "cross"))
    spread, stake = draw.choice((3, 20)), draw.choice((5.0, 50.0))
    picks, shares = draw.choice(PICKS), draw.choice(FIRST_LOOKS)
    return [
        Daf(
            favourite=place % picks,
            pick_s=window_s,
            entry_start_s=window_s * shares[place % len(shares)],
            entry_end_s=40.0,
            direction=direction,
            entry=entry,
            stake_pounds=stake + place / 4,
            max_spread_ticks=spread,
        )
        for place in range(count)
    ]
