"""One market from its plan: its runners, times and truth, and the exchange ready to run.

`open_market(plan)` gives the market at time zero for whoever wants to step it (`session.run`; a bot under test);
`record.make_market(plan)` runs it to the end. The same plan gives the same market, byte for byte.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcore.kernels.compiling import compile_kernel
from simcore.kernels.randomness import keys, uniform
from simcore.synthetic import crowd, session
from simcore.synthetic.crowd import Market
from simcore.synthetic.exchange import LTP, N_COLUMNS, open_exchange
from simcore.synthetic.latent import NO_DRIFT, draw_winner, fair_path, starting_chances, walk
from simcore.synthetic.sports import Curve, Sport, curve_by_second, habits_of
from simcore.units import N_TICKS

Int = NDArray[np.int64]
Real = NDArray[np.float64]

CAPACITY = 80_000
"""orders a market can take at first (a busy horse race has 56,000); a busier one is run again with twice as much room"""
SUSPENSION_S = 1
"""between the off and the first in-play message"""


@dataclass(frozen=True)
class Plan:
    """What decides a market: nothing else goes in."""

    sport: Sport
    market_id: str
    seed: int
    advertised_ms: int
    """UTC ms of the advertised start"""
    drift_ticks_per_minute: float = 0.0
    drift_lead_s: int = 300
    """a planted drift starts so long before the advertised start, on the favourite as of then"""


@dataclass(frozen=True)
class Frame:
    """The times of a market, seconds since time zero (the start of its warm-up), and its truth.

    resumed_s and end_s equal off_s where the market is not traded in-play.
    """

    n_runners: int
    first_s: int
    advertised_s: int
    off_s: int
    resumed_s: int
    end_s: int
    """trading ends: the off, or the end of the race where it turns in-play"""
    chance: Real
    """(end_s + 1, runners) win probabilities as the best-informed know them"""
    winner: int
    drifting: int
    """runner of the planted drift, -1 = none"""

    @property
    def in_play(self) -> bool:
        return self.end_s > self.off_s


def _draw(plan: Plan, what: str, low: float, high: float) -> float:
    a, b = keys(plan.seed, plan.market_id, what)
    return low + (high - low) * float(uniform(a, b, 0, 0))


def frame_of(plan: Plan) -> Frame:
    """Times, runners, chances and winner of a market, from its seed and id alone."""
    sport = plan.sport
    fewest, most = sport.runners
    n_runners = int(_draw(plan, "runners", fewest, most + 1))
    first_s, advertised_s = sport.warm_up_s, sport.warm_up_s + sport.lead_s
    quantile, delay = np.array(sport.delay_s).T
    off_s = advertised_s + round(float(np.interp(_draw(plan, "delay", 0, 1), quantile, delay)))
    in_play = sport.in_play_s[1] > 0
    resumed_s = off_s + (SUSPENSION_S if in_play else 0)
    end_s = resumed_s + round(_draw(plan, "race", *sport.in_play_s))
    wobble = curve_by_second(sport.wobble, off_s, end_s) / math.sqrt(60.0)
    start = starting_chances(n_runners, sport.strength_spread, *keys(plan.seed, plan.market_id, "strength"))
    drift_from = advertised_s - plan.drift_lead_s if plan.drift_ticks_per_minute else NO_DRIFT
    compile_kernel(draw_winner)
    a, b = keys(plan.seed, plan.market_id, "truth")
    chance = walk(start, wobble, a, b, drift_from, plan.drift_ticks_per_minute)
    winner = int(draw_winner(chance[-1], *keys(plan.seed, plan.market_id, "winner")))
    drifting = int(np.argmax(chance[drift_from])) if plan.drift_ticks_per_minute else -1
    return Frame(n_runners, first_s, advertised_s, off_s, resumed_s, end_s, chance, winner, drifting)


def _clock(curves: tuple[Curve, ...], frame: Frame) -> Real:
    rates = np.stack([curve_by_second(curve, frame.off_s, frame.end_s) for curve in curves])
    rates[:, frame.off_s : frame.resumed_s] = 0.0
    return np.concatenate([np.zeros((len(curves), 1)), np.cumsum(rates, axis=1)], axis=1)


def _pace(sport: Sport, frame: Frame) -> Int:
    half_spread, stock, size = (
        curve_by_second(curve, frame.off_s, frame.end_s) for curve in (sport.half_spread_ticks, sport.stock, sport.size)
    )
    pace = np.empty((frame.end_s, crowd.N_PACE), np.int64)
    pace[:, crowd.HALF_SPREAD] = 1000 * half_spread
    pace[:, crowd.STOCK] = 1000 * stock / sport.crowd.makers
    pace[:, crowd.SIZE] = size
    return pace


def _traders(plan: Plan) -> tuple[Int, Real]:
    """(traders, N_TRADER) and each one's share of its kind's wakes: some are much busier than others."""
    people = plan.sport.crowd
    counts = (people.makers, people.punters, people.informed, people.followers)
    rows: list[list[int]] = []
    shares: list[float] = []
    for kind, count in enumerate(counts):
        weights = []
        for _ in range(count):
            a, b = keys(plan.seed, plan.market_id, "trader", len(rows))
            lag = int(1000 * people.lag_seconds * uniform(b, a, 0, 0)) if kind == crowd.MAKER else 0
            rows.append([kind, a, b, 0, 0, 0, 1 if uniform(b, a, 0, 1) < 0.5 else -1, lag])
            weights.append(0.3 + float(uniform(b, a, 0, 2)))
        shares += [weight / sum(weights) for weight in weights]
    return np.array(rows, np.int64), np.array(shares)


def open_market(plan: Plan, frame: Frame | None = None, capacity: int = CAPACITY) -> tuple[Frame, Market]:
    """The market at time zero, nobody awake yet; step it with `session.run`."""
    frame = frame or frame_of(plan)
    sport, n = plan.sport, frame.n_runners
    trader, share = _traders(plan)
    size_at = np.empty(N_TICKS)
    compile_kernel(crowd.fill_size_at)
    crowd.fill_size_at(size_at, sport.crowd.odds_power)
    out_row = np.empty(capacity + 1, np.int64)
    out_row[0] = 0
    state = np.zeros(crowd.N_STATE, np.int64)
    state[crowd.STREAM_A], state[crowd.STREAM_B] = keys(plan.seed, plan.market_id, "publication")
    state[crowd.NEXT_PUBLICATION] = 1000 * frame.first_s
    m = Market(
        x=open_exchange(n, capacity),
        trader=trader,
        due=np.zeros(len(trader)),
        wake_ms=np.zeros(len(trader), np.int64),
        share=share,
        own=np.empty((len(trader), crowd.OWN_MOST), np.int64),
        own_at=np.empty((len(trader), crowd.OWN_MOST), np.int64),
        clock=_clock((sport.makes, sport.punts, sport.informs, sport.follows), frame),
        fair=fair_path(frame.chance),
        pace=_pace(sport, frame),
        depth=np.cumsum((0.0, *sport.crowd.depth)) / sum(sport.crowd.depth),
        habits=habits_of(sport.crowd),
        size_at=size_at,
        out_ms=np.empty(capacity, np.int64),
        out_row=out_row,
        out=np.empty((3 * capacity, 4), np.int64),
        shown=_nothing_shown(n),
        state=state,
    )
    session.warm(m)
    session.wake_all(m)
    return frame, m


def _nothing_shown(n_runners: int) -> Int:
    shown = np.zeros((n_runners, N_COLUMNS, N_TICKS), np.int64)
    shown[:, LTP] = -1
    return shown
