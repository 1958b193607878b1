"""Measured points: made and recorded markets under drawn batches, polls and windows, seconds by the process's CPU clock."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

import simcore
from benchmarks.speed.scaling.counting import counts_of, work_of
from benchmarks.speed.scaling.law import Point
from benchmarks.speed.timing import seconds_each
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
SPORTS: Final = ("greyhounds", "horses")
CORES: Final = ("caf", "daf")


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


def measured(markets: Sequence[Market], count: int, batches: Sequence[int], repeats: int, seed: int) -> Iterator[Point]:
    """`count` points of each core on each market."""
    draw = random.Random(seed)
    for market in markets:
        for core in CORES:
            for _ in range(count):
                yield _point(market, core, draw, batches, repeats)


def _point(market: Market, core: str, draw: random.Random, batches: Sequence[int], repeats: int) -> Point:
    window_s, simulation = draw.choice(WINDOWS_S), Simulation(poll_ms=draw.choice(POLLS_MS))
    sets = (_caf if core == "caf" else _daf)(draw, window_s, draw.choice(batches))
    results = simcore.replay_batch(market.tape, core, sets, simulation)

    def again() -> None:
        simcore.replay_batch(market.tape, core, sets, simulation)

    seconds = [seconds_each(again, 1) for _ in range(max(2, repeats))]
    work, observe_ms = work_of(market.tape, window_s), simulation.delays.observe_ms
    return Point(
        core,
        market.kind,
        market.tape.market_id,
        simulation.poll_ms,
        window_s,
        min(seconds),
        max(seconds) / min(seconds) - 1.0,
        counts_of(market.tape, work, results, simulation.poll_ms, observe_ms),
    )


def _caf(draw: random.Random, window_s: float, count: int) -> list[Any]:
    """Makers that send many orders or few: levels, skew and imbalance drawn, the offer varied within the batch."""
    levels, skew, imbalance = draw.choice((1, 2, 4)), draw.choice((0.0, 1.0, 2.0)), draw.choice((0.4, 0.7, 1.0))
    offer = draw.choice((5.0, 20.0, 80.0))
    return [
        Caf(
            pick_s=window_s,
            start_s=window_s,
            contracts_pounds=size,
            levels=levels,
            skew_contracts_pounds=skew * size,
            imbalance_threshold=imbalance,
        )
        for size in (offer + place / 4 for place in range(count))
    ]


def _daf(draw: random.Random, window_s: float, count: int) -> list[Any]:
    """Drift trades, joining or crossing, the stake varied within the batch."""
    direction, entry = draw.choice(("long", "short")), draw.choice(("passive", "cross"))
    spread, stake = draw.choice((3, 20)), draw.choice((5.0, 50.0))
    return [
        Daf(
            pick_s=window_s,
            entry_start_s=window_s,
            direction=direction,
            entry=entry,
            stake_pounds=stake + place / 4,
            max_spread_ticks=spread,
        )
        for place in range(count)
    ]
