"""What tells the shipped bots apart, each on views a person can check: the articles' makers and the drift trade."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from simcore.dtypes import ATB, ATL, BACK, LAY
from simcore.strategies import resolve_core
from simcore.strategies.contract.trial import wanted
from simcore.strategies.view import (
    DEPTH,
    IS_OPEN,
    N_CLOCK,
    N_LEVEL,
    N_SEEN,
    N_SLOT,
    SLOT_LOSE,
    SLOT_WIN,
    TICK_COLUMN,
    TO_START_MS,
    View,
)
from simcore.units import odds_of, tick_of

Offer = tuple[str, float, float]
"""side, odds, pounds"""
EVEN_BOOK = ([(2.0, 50.0), (1.99, 40.0)], [(2.04, 50.0), (2.06, 40.0)])


def view(
    contracts_pounds: float = 0.0,
    to_start_s: float = 100.0,
    back: list[tuple[float, float]] = EVEN_BOOK[0],
    lay: list[tuple[float, float]] = EVEN_BOOK[1],
) -> View:
    """Best £50 to back at 2.0 and £50 to lay at 2.04 unless told otherwise; a position of so many contracts bought at evens."""
    clock, slots = np.zeros(N_CLOCK, np.int64), np.zeros((1, N_SLOT), np.int64)
    clock[TO_START_MS], clock[IS_OPEN] = round(to_start_s * 1000), 1
    half = round(contracts_pounds * 50)
    slots[0, SLOT_WIN], slots[0, SLOT_LOSE] = half, -half
    touch = np.zeros((1, 2, DEPTH, N_LEVEL), np.int64)
    touch[..., TICK_COLUMN] = -1
    for book, levels in ((ATB, back), (ATL, lay)):
        for row, (odds, pounds) in enumerate(levels):
            touch[0, book, row] = (tick_of(odds), round(pounds * 100), 0)
    return View(clock, slots, touch, np.zeros((1, N_SEEN), np.int64))


def offers(core: str, preset: str, seen: View, **values: Any) -> list[Offer]:
    """What the bot wants, as a trader writes it: backs first, best price first."""
    chosen = resolve_core(core)
    parameters = chosen.make(preset, values)
    rows = wanted(getattr(chosen.function, "py_func", chosen.function), seen, parameters.vector())
    told = [("BACK" if row[1] == BACK else "LAY", odds_of(row[2]), row[3] / 100) for row in rows]
    assert all(row[1] in (BACK, LAY) for row in rows)
    return sorted(told, key=lambda offer: (offer[0], offer[1] if offer[0] == "BACK" else -offer[1]))


def prices(core: str, preset: str, seen: View, **values: Any) -> dict[str, list[float]]:
    """Odds of its offers by side, best first."""
    found: dict[str, list[float]] = {"BACK": [], "LAY": []}
    for side, odds, _ in offers(core, preset, seen, **values):
        found[side].append(odds)
    return found


AT_TOUCH: list[Offer] = [("BACK", 2.04, 4.90), ("LAY", 2.0, 5.0)]
"""£10 of contracts on both sides, truncated to the penny: 10 / 2.04 and 10 / 2.00"""


@pytest.mark.parametrize("position", [-500.0, 0.0, 500.0])
def test_naive_joins_both_sides_whatever_it_holds_and_never_unloads(position: float) -> None:
    assert offers("caf", "naive", view(position)) == AT_TOUCH
    assert offers("caf", "naive", view(position, to_start_s=30.0)) == []
    assert offers("caf", "naive", view(position, to_start_s=5.0)) == []


def test_size_decay_shrinks_the_side_that_adds_to_the_position_down_to_nothing() -> None:
    assert offers("caf", "size_decay", view()) == AT_TOUCH
    assert offers("caf", "size_decay", view(25.0)) == [("BACK", 2.04, 2.45), ("LAY", 2.0, 5.0)]
    assert offers("caf", "size_decay", view(-25.0)) == [("BACK", 2.04, 4.90), ("LAY", 2.0, 2.5)]
    assert offers("caf", "size_decay", view(50.0)) == [("LAY", 2.0, 5.0)]


def test_three_levels_quotes_three_ticks_a_side_and_leans_against_its_inventory() -> None:
    assert prices("caf", "three_levels", view()) == {"BACK": [2.04, 2.06, 2.08], "LAY": [2.0, 1.99, 1.98]}
    assert prices("caf", "three_levels", view(20.0)) == prices("caf", "three_levels", view())
    assert prices("caf", "three_levels", view(20.5)) == {"BACK": [2.06, 2.08, 2.1], "LAY": [2.0, 1.99, 1.98]}
    assert prices("caf", "three_levels", view(-20.5)) == {"BACK": [2.04, 2.06, 2.08], "LAY": [1.99, 1.98, 1.97]}


def test_dynamic_spread_widens_by_one_tick_on_one_level_only() -> None:
    assert prices("caf", "dynamic_spread", view()) == {"BACK": [2.04], "LAY": [2.0]}
    assert prices("caf", "dynamic_spread", view(21.0)) == {"BACK": [2.06], "LAY": [2.0]}


LEANS_UP = {"back": [(2.0, 90.0)], "lay": [(2.04, 10.0)]}
LEANS_DOWN = {"back": [(2.0, 10.0)], "lay": [(2.04, 90.0)]}


def test_imbalance_moves_the_side_the_book_leans_against() -> None:
    assert prices("caf", "imbalance", view(**LEANS_UP)) == {"BACK": [2.06, 2.08, 2.1], "LAY": [2.0, 1.99, 1.98]}
    assert prices("caf", "imbalance", view(**LEANS_DOWN)) == {"BACK": [2.04, 2.06, 2.08], "LAY": [1.99, 1.98, 1.97]}
    at_threshold = view(back=[(2.0, 75.0)], lay=[(2.04, 25.0)])
    assert prices("caf", "imbalance", at_threshold) == prices("caf", "imbalance", view())
    assert prices("caf", "three_levels", view(**LEANS_UP)) == prices("caf", "three_levels", view())


def test_inventory_and_imbalance_together_move_a_side_by_one_tick_not_two() -> None:
    assert prices("caf", "imbalance", view(25.0, **LEANS_UP)) == prices("caf", "imbalance", view(**LEANS_UP))


def test_v2_stands_a_tick_behind_the_touch_and_stops_at_ten_times_its_offer() -> None:
    assert prices("caf", "v2", view()) == {"BACK": [2.06, 2.08, 2.1], "LAY": [1.99, 1.98, 1.97]}
    assert prices("caf", "v2", view(99.0))["BACK"] == [2.08, 2.1, 2.12]
    assert prices("caf", "v2", view(100.0)) == {"BACK": [], "LAY": [1.99, 1.98, 1.97]}
    assert prices("caf", "v2", view(-100.0))["LAY"] == []


@pytest.mark.parametrize("base", [0, 1, 3])
def test_level_base_is_how_far_behind_the_touch_it_begins(base: int) -> None:
    told = prices("caf", "naive", view(), level_base=base)
    assert [tick_of(odds) for side in told.values() for odds in side] == [tick_of(2.04) + base, tick_of(2.0) - base]


def test_keep_closing_does_not_move_the_quote_that_would_cut_its_position() -> None:
    """Short, and the book leans up: the imbalance bot moves its BACK away although it would close; this one leaves it."""
    assert prices("caf", "imbalance", view(-5.0, **LEANS_UP))["BACK"][0] == 2.06
    assert prices("caf", "keep_closing", view(-5.0, **LEANS_UP))["BACK"][0] == 2.04
    assert prices("caf", "keep_closing", view(5.0, **LEANS_UP))["BACK"][0] == 2.06


def test_position_stop_ends_a_side_at_five_times_its_offer() -> None:
    assert prices("caf", "position_stop", view(49.9))["BACK"] == [2.06]
    assert prices("caf", "position_stop", view(50.0)) == {"BACK": [], "LAY": [2.0]}
    assert prices("caf", "position_stop", view(-50.0)) == {"BACK": [2.04], "LAY": []}


def test_hammertime_moves_the_other_side_along_and_never_crosses() -> None:
    assert prices("caf", "hammertime", view(25.0)) == {"BACK": [2.06], "LAY": [2.02]}
    assert prices("caf", "hammertime", view(-25.0)) == {"BACK": [2.02], "LAY": [1.99]}
    assert prices("caf", "hammertime", view()) == {"BACK": [2.04], "LAY": [2.0]}
    tight = view(25.0, back=[(2.0, 50.0)], lay=[(2.02, 50.0)])
    assert prices("caf", "hammertime", tight) == {"BACK": [2.04], "LAY": [2.0]}


MAKERS = sorted(resolve_core("caf").presets)


@pytest.mark.parametrize("preset", MAKERS)
def test_no_maker_quotes_into_an_empty_half_book_or_outside_its_times(preset: str) -> None:
    assert offers("caf", preset, view(back=[])) == []
    assert offers("caf", preset, view(lay=[])) == []
    assert offers("caf", preset, view(to_start_s=600.1)) == []
    assert offers("caf", preset, view(to_start_s=600.0)) != []
    assert offers("caf", preset, view(to_start_s=30.1)) != []
    assert offers("caf", preset, view(to_start_s=30.0)) == []


@pytest.mark.parametrize("preset", [preset for preset in MAKERS if preset != "naive"])
def test_makers_leave_by_crossing_the_spread(preset: str) -> None:
    assert offers("caf", preset, view(20.4, to_start_s=29.0)) == [("LAY", 2.04, 10.0)]
    assert offers("caf", preset, view(-20.0, to_start_s=29.0)) == [("BACK", 2.0, 10.0)]


def test_at_its_largest_exposure_a_maker_stops_or_leaves() -> None:
    """£100 of contracts at evens can lose £50."""
    held = view(100.0)
    assert offers("caf", "naive", held, max_exposure_pounds=50.01) != []
    assert offers("caf", "naive", held, max_exposure_pounds=50.0) == []
    assert offers("caf", "naive", held, max_exposure_pounds=50.0, at_max="liquidate") == [("LAY", 2.04, 49.01)]


def test_every_maker_of_the_articles_differs_from_every_other() -> None:
    presets = resolve_core("caf").presets
    assert len({msgspec.json.encode(preset) for preset in presets.values()}) == len(presets)


# --- the drift trade -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preset", "entry"),
    [
        ("long", ("BACK", 2.04, 5.0)),
        ("short", ("LAY", 2.0, 5.0)),
        ("long-cross", ("BACK", 2.0, 5.0)),
        ("short-cross", ("LAY", 2.04, 5.0)),
    ],
)
def test_the_drift_trade_joins_the_queue_or_crosses_in_its_direction(preset: str, entry: Offer) -> None:
    assert offers("daf", preset, view()) == [entry]
    assert offers("daf", preset, view(to_start_s=180.1)) == []
    assert offers("daf", preset, view(to_start_s=60.0)) == []


def test_the_drift_trade_wants_what_is_missing_of_its_stake_or_of_its_contracts() -> None:
    """£5 backed at evens are £10 of contracts, which at 2.04 are £4.90 of stake."""
    assert offers("daf", "long", view(10.0), stake_pounds=8.0) == [("BACK", 2.04, 3.1)]
    assert offers("daf", "long", view(10.0), contracts_pounds=30.4) == [("BACK", 2.04, 10.0)]
    assert offers("daf", "long", view(30.4), contracts_pounds=30.4) == []
    assert offers("daf", "short", view(-10.0), contracts_pounds=30.0) == [("LAY", 2.0, 10.0)]


def test_the_drift_trade_does_not_enter_a_wide_market() -> None:
    assert offers("daf", "long", view(), max_spread_ticks=2) == [("BACK", 2.04, 5.0)]
    assert offers("daf", "long", view(), max_spread_ticks=1) == []


@pytest.mark.parametrize("preset", ["long", "short", "long-cross", "short-cross"])
def test_the_drift_trade_leaves_by_crossing_whatever_it_holds(preset: str) -> None:
    assert offers("daf", preset, view(10.2, to_start_s=20.0)) == [("LAY", 2.04, 5.0)]
    assert offers("daf", preset, view(-10.0, to_start_s=20.0)) == [("BACK", 2.0, 5.0)]
    assert offers("daf", preset, view(to_start_s=20.0)) == []
