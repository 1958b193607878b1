"""The settings of the exchange, one frozen object a sport, calibrated against `figures.TARGETS` (see docs/synthetic.md).

A curve is a tuple of (seconds to the off, value) from early to late, log-linear between them and flat beyond both ends;
its last point may lie after the off (negative seconds): in-play. Rates are of the whole market, per second.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simcore.errors import ModelError
from simcore.models.base import Model
from simcore.synthetic import crowd

Curve = tuple[tuple[float, float], ...]


class Crowd(Model, frozen=True):
    """How many traders of each kind there are, and their habits (pence, ticks and chances; `simcore.synthetic.crowd`)."""

    makers: int
    punters: int
    informed: int
    followers: int
    lag_seconds: float
    """the slowest maker sees fair so late; INFORMED see it at once"""
    make_median_pence: float
    make_sigma: float
    take_median_pence: float
    take_sigma: float
    dust_share: float
    edge_ticks: float
    stale_ticks: float
    improve: float
    burst: float
    requote: float
    sticky: float
    skew: float
    lopsided: float
    lean: float
    pull: float
    shift: float
    odds_power: float
    deep_liability_pence: float
    greed: float
    depth: tuple[float, ...]
    """shares of makers' orders at best, 1, 2, 3-5, 6-15 and 16+ ticks behind their own best"""


class Sport(Model, frozen=True):
    """One sport's markets. Times in seconds, rates per second of the whole market."""

    name: str
    event_type_id: str
    distances: tuple[str, ...]
    runners: tuple[int, int]
    strength_spread: float
    """standard deviation of the runners' log chances at the start"""
    lead_s: int
    """the first message comes so long before the advertised start"""
    warm_up_s: int
    """traded unseen before it; appears as the first image's history"""
    delay_s: tuple[tuple[float, float], ...]
    """(quantile, off minus advertised start) from 0 to 1"""
    in_play_s: tuple[int, int]
    """shortest and longest time in-play; (0, 0) = suspended at the off"""
    persist_share: float
    """share of orders that survive the turn in-play"""
    sp_share: float
    """volume matched at the starting price relative to that before the off"""
    makes: Curve
    punts: Curve
    informs: Curve
    follows: Curve
    half_spread_ticks: Curve
    stock: Curve
    """orders the makers together like to have standing"""
    size: Curve
    wobble: Curve
    """standard deviation of a chance's relative change, per square root of a minute"""
    crowd: Crowd


GREYHOUNDS = Sport(
    name="greyhounds",
    event_type_id="4339",
    distances=("265m Gr", "450m Gr", "480m Gr", "500m Gr", "640m Gr"),
    runners=(6, 6),
    strength_spread=0.55,
    lead_s=1800,
    warm_up_s=300,
    delay_s=((0.0, 13.0), (0.25, 17.0), (0.5, 18.0), (0.75, 21.0), (0.95, 40.0), (1.0, 202.0)),
    in_play_s=(0, 0),
    persist_share=0.0,
    sp_share=0.03,
    makes=((1800, 0.28), (1200, 0.55), (600, 3.4), (450, 5.8), (240, 11), (120, 29), (45, 47), (20, 59), (5, 66)),
    punts=((1800, 0.002), (600, 0.03), (450, 0.1), (240, 0.7), (120, 2.2), (45, 4.6), (20, 5.5), (5, 3.5)),
    informs=((1800, 0.02), (600, 0.2), (450, 0.5), (240, 2.6), (120, 5.0), (45, 8), (5, 8)),
    follows=((1800, 0.03), (600, 0.12), (450, 0.25), (240, 1.2), (120, 3.0), (45, 5), (5, 5)),
    half_spread_ticks=((1800, 13), (700, 11), (450, 3.7), (350, 1.6), (240, 0.6), (120, 0.25), (45, 0.12), (5, 0.12)),
    stock=((1800, 190), (1200, 240), (600, 290), (450, 370), (240, 700), (120, 1000), (45, 1150), (20, 1150), (5, 950)),
    size=((1800, 520), (600, 430), (450, 430), (240, 600), (120, 900), (45, 1000), (5, 1000)),
    wobble=((1800, 0.012), (900, 0.03), (600, 0.07), (5, 0.088)),
    crowd=Crowd(
        makers=24,
        punters=16,
        informed=6,
        followers=4,
        lag_seconds=3.0,
        make_median_pence=320.0,
        make_sigma=1.1,
        take_median_pence=200.0,
        take_sigma=1.3,
        dust_share=0.16,
        edge_ticks=0.35,
        stale_ticks=0.2,
        improve=0.3,
        burst=0.4,
        requote=0.4,
        sticky=0.25,
        skew=0.4,
        lopsided=0.6,
        lean=0.2,
        pull=0.05,
        shift=0.9,
        odds_power=0.5,
        deep_liability_pence=1500.0,
        greed=4.0,
        depth=(0.33, 0.08, 0.10, 0.17, 0.09, 0.23),
    ),
)

HORSES = Sport(
    name="horses",
    event_type_id="7",
    distances=("5f Hcap", "6f Mdn", "7f Nov", "1m Hcap", "1m2f Stks", "2m Hrd", "3m Chs"),
    runners=(8, 12),
    strength_spread=0.85,
    lead_s=1800,
    warm_up_s=1800,
    delay_s=((0.0, 11.0), (0.25, 31.0), (0.5, 45.0), (0.75, 95.0), (1.0, 255.0)),
    in_play_s=(60, 120),
    persist_share=0.35,
    sp_share=0.03,
    makes=(
        (3600, 5),
        (2400, 5),
        (1900, 2.2),
        (1500, 6),
        (1000, 11),
        (450, 15),
        (240, 23),
        (120, 56),
        (45, 88),
        (20, 48),
        (5, 44),
        (-5, 45),
    ),
    punts=(
        (3600, 0.1),
        (2000, 0.4),
        (1200, 1.2),
        (450, 2.4),
        (240, 3.8),
        (120, 8),
        (45, 13),
        (20, 7.5),
        (5, 7.5),
        (-5, 4),
    ),
    informs=(
        (3600, 0.1),
        (2000, 0.4),
        (1200, 1.2),
        (450, 3),
        (240, 5),
        (120, 12),
        (45, 18),
        (20, 11),
        (5, 12),
        (-5, 12),
    ),
    follows=(
        (3600, 0.1),
        (2000, 0.4),
        (1200, 0.9),
        (450, 1.6),
        (240, 2.2),
        (120, 4),
        (45, 5),
        (20, 4),
        (5, 4),
        (-5, 2),
    ),
    half_spread_ticks=((3600, 0.3), (1800, 0.05), (600, 0.02), (1, 0.02), (-3, 2.5), (-5, 2.5)),
    stock=(
        (3600, 2600),
        (1800, 2600),
        (1200, 2800),
        (600, 3000),
        (240, 3300),
        (120, 3600),
        (45, 3600),
        (5, 3000),
        (-5, 2600),
    ),
    size=((3600, 350), (1200, 600), (600, 800), (450, 900), (240, 1400), (120, 1600), (5, 2000), (0, 1200), (-5, 500)),
    wobble=(
        (3600, 0.008),
        (1200, 0.018),
        (450, 0.045),
        (240, 0.065),
        (120, 0.115),
        (45, 0.1),
        (20, 0.075),
        (1, 0.075),
        (-1, 0.5),
    ),
    crowd=Crowd(
        makers=52,
        punters=24,
        informed=8,
        followers=6,
        lag_seconds=2.0,
        make_median_pence=460.0,
        make_sigma=1.3,
        take_median_pence=400.0,
        take_sigma=1.6,
        dust_share=0.06,
        edge_ticks=0.35,
        stale_ticks=0.2,
        improve=0.8,
        burst=0.4,
        requote=0.4,
        sticky=0.25,
        skew=0.4,
        lopsided=0.6,
        lean=0.2,
        pull=0.05,
        shift=0.9,
        odds_power=0.75,
        deep_liability_pence=3000.0,
        greed=4.0,
        depth=(0.40, 0.08, 0.07, 0.13, 0.08, 0.22),
    ),
)

SPORTS = {sport.name: sport for sport in (GREYHOUNDS, HORSES)}


def sport_of(name: str) -> Sport:
    """The settings of a sport. Raises ModelError for one that is not there."""
    if name not in SPORTS:
        raise ModelError(f"`sport` must be one of {', '.join(SPORTS)}, got {name!r}")
    return SPORTS[name]


def curve_at(curve: Curve, to_off_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The curve's value at each of `to_off_s`, log-linear between its points."""
    when = np.array([-point[0] for point in curve])
    what = np.log(np.array([point[1] for point in curve]))
    values: NDArray[np.float64] = np.exp(np.interp(-to_off_s, when, what))
    return values


_LONGEST_S: Final = 7200
_BY_SECOND: dict[Curve, NDArray[np.float64]] = {}


def curve_by_second(curve: Curve, off_s: int, seconds: int) -> NDArray[np.float64]:
    """The curve's value in the middle of each of `seconds` seconds, the off being at second `off_s`; read-only.

    Every market of a sport cuts its piece out of the same table, made once a process.
    """
    if off_s > _LONGEST_S or seconds - off_s > _LONGEST_S:
        return curve_at(curve, off_s - np.arange(seconds, dtype=np.float64) - 0.5)
    table = _BY_SECOND.get(curve)
    if table is None:
        table = curve_at(curve, _LONGEST_S - np.arange(2 * _LONGEST_S, dtype=np.float64) - 0.5)
        table.setflags(write=False)
        _BY_SECOND[curve] = table
    return table[_LONGEST_S - off_s : _LONGEST_S - off_s + seconds]


def habits_of(settings: Crowd) -> NDArray[np.float64]:
    """The crowd's constants in the order the kernels read them."""
    habits = np.zeros(crowd.N_HABIT)
    habits[crowd.MAKE_MEDIAN], habits[crowd.MAKE_SIGMA] = settings.make_median_pence, settings.make_sigma
    habits[crowd.TAKE_MEDIAN], habits[crowd.TAKE_SIGMA] = settings.take_median_pence, settings.take_sigma
    habits[crowd.DUST], habits[crowd.EDGE] = settings.dust_share, 1000 * settings.edge_ticks
    habits[crowd.STALE], habits[crowd.IMPROVE] = 1000 * settings.stale_ticks, settings.improve
    habits[crowd.BURST], habits[crowd.REQUOTE] = settings.burst, settings.requote
    habits[crowd.STICKY], habits[crowd.SKEW] = settings.sticky, settings.skew
    habits[crowd.LOPSIDED], habits[crowd.GREED] = settings.lopsided, settings.greed
    habits[crowd.LEAN] = settings.lean
    habits[crowd.PULL] = settings.pull
    habits[crowd.SHIFT] = settings.shift
    habits[crowd.ODDS_POWER] = settings.odds_power
    habits[crowd.DEEP_LIABILITY] = settings.deep_liability_pence
    return habits
