"""Practice for a core of two markets: made pairs of one event, and moments of both as a core sees them.

A race (WIN) beside its first two in order (EXACTA) and beside its places (PLACE, the same selection ids), a match (MATCH_ODDS)
beside its sets (SET_BETTING, more of them for one player): a core's legs take those they are for and refuse the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Final

import numpy as np

from simcore.models.simulation import resolve_simulation
from simcore.pair import Layout, layout_of, view_of_both
from simcore.strategies.base import Legs, Parameters
from simcore.strategies.contract.practice import (
    FIRST_TICKS,
    Books,
    books_at_random,
    made_tape,
    practice_clock,
    practice_times,
    seen_orders,
    show,
)
from simcore.strategies.view import (
    IS_OPEN,
    SLOT_GONE,
    SLOT_IN_PLAY,
    SLOT_MARKET,
    SLOT_OPEN,
    SLOT_RUNNER,
    TICK_COLUMN,
    View,
)
from simcore.tapes.tape import MarketInfo, RunnerInfo, Tape
from simcore.units import ODDS

Infos = tuple[MarketInfo, MarketInfo]
Pair = tuple[Tape, Tape]

_RACE: Final = ("1. Alder", "2. Birch", "3. Cedar", "4. Damson")
_MATCH: Final = ("Alder", "Birch")
_SETS: Final = ((0, "3-0"), (0, "3-1"), (0, "3-2"), (1, "3-0"), (1, "3-1"))
"""player and result of each"""
_IN_ORDER: Final = tuple(permutations(range(4), 2))


def _info(place: int, market_type: str, names: Sequence[str], first_id: int = 101, winners: int = 1) -> MarketInfo:
    runners = tuple(RunnerInfo(first_id + i, name=name, sort_priority=i + 1) for i, name in enumerate(names))
    return MarketInfo(
        market_id=f"1.{place}", event_id="1", market_type=market_type, runners=runners, number_of_winners=winners
    )


_WIN: Final = _info(1, "WIN", _RACE)
INFOS: Final[tuple[Infos, ...]] = (
    (_WIN, _info(2, "EXACTA", [f"{i + 1} - {j + 1}" for i, j in _IN_ORDER], first_id=201)),
    (_WIN, _info(2, "PLACE", _RACE, winners=2)),
    (
        _info(1, "MATCH_ODDS", _MATCH),
        _info(2, "SET_BETTING", [f"{_MATCH[player]} {score}" for player, score in _SETS], first_id=201),
    ),
)
"""what is known of the made pairs beforehand"""


def _nearest(odds: float) -> int:
    return int(np.abs(ODDS - odds).argmin())


def _first_ticks(infos: Infos) -> tuple[list[int], list[int]]:
    """Best prices to back at the beginning of both markets: of parts such that they add up to their whole."""
    kind, wholes = infos[1].market_type, list(FIRST_TICKS[: len(infos[0].runners)])
    if kind == "PLACE":
        return wholes, [_nearest(1 + (ODDS[tick] - 1) / 3) for tick in wholes]
    of = [first for first, _ in _IN_ORDER] if kind == "EXACTA" else [player for player, _ in _SETS]
    return wholes, [_nearest(ODDS[wholes[whole]] * of.count(whole)) for whole in of]


def practice_pair(infos: Infos, parameters: Parameters, seed: int = 0) -> Pair:
    """Two made markets of one event that cover the time in which a core with these parameters trades."""
    ticks = _first_ticks(infos)
    one, two = (made_tape(infos[k], ticks[k], parameters, 2 * seed + k) for k in range(2))
    return one, two


def pair_views(tapes: Pair, parameters: Parameters, legs: Legs, count: int, seed: int = 0) -> Iterator[View]:
    """`count` moments of both markets as a core with these legs could see them, with what it might have in them."""
    rng = np.random.default_rng(seed)
    layout = layout_of(legs)
    empty = view_of_both(tapes, layout, resolve_simulation("default"), 1)
    books = [books_at_random(tape, count, rng) for tape in tapes]
    for to_start_s in practice_times(parameters, rng, count):
        both = [shown[int(rng.integers(len(shown)))] for shown in books]
        yield _view(empty, layout, both, float(to_start_s), rng)


def _view(empty: View, layout: Layout, both: list[Books], to_start_s: float, rng: np.random.Generator) -> View:
    """Now and then a market is suspended, or a runner is out of it."""
    slots, touch = empty.slots.copy(), empty.touch.copy()
    touch[..., TICK_COLUMN] = -1
    is_open = [True, rng.random() > 0.1] if rng.random() < 0.5 else [rng.random() > 0.1, True]
    own: list[tuple[int, int, int, int]] = []
    for slot, runner in enumerate(layout.members[int(rng.integers(len(layout.members)))].tolist()):
        market = int(slots[slot, SLOT_MARKET])
        slots[slot, SLOT_RUNNER], slots[slot, SLOT_OPEN] = runner, is_open[market]
        slots[slot, SLOT_IN_PLAY] = to_start_s < 0
        if runner < 0:
            continue
        if rng.random() < 0.03:
            slots[slot, SLOT_GONE] = 1
            continue
        orders = show(slots[slot], touch[slot], both[market][runner].copy(), rng)
        own += [(slot, *order) for order in orders]
    clock = practice_clock(to_start_s, len(own))
    clock[IS_OPEN] = all(is_open)
    return View(clock, slots, touch, seen_orders(own))
