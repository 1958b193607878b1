"""Aggressors that wanted more than the record could give them, by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import simcore
from simcore import dtypes as d
from simcore.errors import ModelError
from simcore.models.simulation import resolve_simulation
from simcore.tapes.tape import Tape
from tests.kernels.tapes import START_MS, TapeBuilder

pytestmark = pytest.mark.lane

SIMULATION = {"delays": {"place_ms": 0}, "refill": "never", "queue": "none"}


def place(order_id: int, after_ms: int, side: str, odds: float, pounds: float) -> dict[str, Any]:
    row = {"kind": "place", "order_id": order_id, "time_ms": START_MS + after_ms, "selection_id": 101}
    return row | {"side": side, "odds": odds, "size_pounds": pounds}


def fills_told(tape: Tape, appetite: float, *requests: dict[str, Any], seed: int = 0) -> pd.DataFrame:
    assumed = SIMULATION | {"appetite": appetite}
    return simcore.replay_orders(tape, pd.DataFrame(list(requests)), assumed, seed=seed).fills


def fills(tape: Tape, appetite: float, *requests: dict[str, Any], seed: int = 0) -> list[tuple[int, float, float]]:
    table = fills_told(tape, appetite, *requests, seed=seed)
    return list(zip(table["order_id"], table["odds"].round(4), table["size_pounds"].round(2), strict=True))


def market() -> TapeBuilder:
    """£10 to back at 2.0, £20 more at 1.99, nothing nearer to lay than 2.06."""
    return TapeBuilder().at(0).open().place(d.ATB, 2.0, 10).place(d.ATB, 1.99, 20).place(d.ATL, 2.06, 50)


def cleared() -> Tape:
    return market().at(1000).trade(d.ATB, 2.0, 10).at(9000).tape()


@pytest.mark.parametrize(("appetite", "filled"), [(0.0, []), (1.0, [(1, 2.0, 5.0)])])
def test_an_order_behind_a_cleared_level_is_filled_by_an_aggressor_that_wanted_more(
    appetite: float, filled: list[tuple[int, float, float]]
) -> None:
    assert fills(cleared(), appetite, place(1, 10, "LAY", 2.0, 5)) == filled


N_SWEEPS = 400


def many_sweeps() -> Tape:
    """£10 at 2.0 placed and taken again and again, each time all that was displayed."""
    tape = market()
    for second in range(1, N_SWEEPS + 1):
        tape.at(1000 * second).trade(d.ATB, 2.0, 10).at(1000 * second + 500).place(d.ATB, 2.0, 10)
    return tape.at(1000 * (N_SWEEPS + 1)).tape()


def hungry_sweeps(appetite: float, seed: int) -> int:
    """How many of the sweeps took a pound of an order that waits behind what is displayed, one order for each."""
    orders = [place(i, 1000 * i - 100, "LAY", 2.0, 1) for i in range(1, N_SWEEPS + 1)]
    cancels = [{"kind": "cancel", "order_id": i, "time_ms": START_MS + 1000 * i + 100} for i in range(1, N_SWEEPS + 1)]
    return len(fills(many_sweeps(), appetite, *orders, *cancels, seed=seed))


def test_appetite_is_the_share_of_the_aggressors_that_wanted_more() -> None:
    assert hungry_sweeps(0.0, seed=1) == 0
    assert hungry_sweeps(1.0, seed=1) == N_SWEEPS
    half, other_half = hungry_sweeps(0.5, seed=1), hungry_sweeps(0.5, seed=2)
    assert abs(half - N_SWEEPS / 2) < 3 * (N_SWEEPS / 4) ** 0.5  # three standard deviations of a fair coin
    assert half != other_half
    assert abs(hungry_sweeps(0.25, seed=1) - N_SWEEPS / 4) < 3 * (N_SWEEPS * 3 / 16) ** 0.5


def test_one_draw_is_for_the_whole_sweep_whatever_it_met_on_its_way() -> None:
    """A hungry one clears the level before its last one, too, and only a hungry one takes of us behind its last one."""
    tape = market().at(1000).trade(d.ATB, 2.0, 10).trade(d.ATB, 1.99, 20).at(9000).tape()
    ours, probe = place(1, 10, "LAY", 2.02, 5), place(3, 5000, "BACK", 2.0, 50)
    outcomes = [fills(tape, 0.5, ours, place(2, 20, "LAY", 1.99, 5), probe, seed=seed) for seed in range(40)]
    fed, hungry = [(1, 2.02, 5.0), (3, 2.0, 5.0)], [(1, 2.02, 5.0), (2, 1.99, 5.0)]
    assert all(outcome in (fed, hungry) for outcome in outcomes)
    assert 8 < outcomes.count(hungry) < 32


def told(table: pd.DataFrame) -> list[tuple[int, float, float, str]]:
    return list(
        zip(table["order_id"], table["odds"].round(4), table["size_pounds"].round(2), table["how"], strict=True)
    )


def test_what_it_takes_of_us_beyond_its_recorded_trades_is_told_apart_and_never_more_than_its_sweep() -> None:
    behind = place(1, 10, "LAY", 2.0, 30)
    assert told(fills_told(cleared(), 1.0, behind)) == [(1, 2.0, 10.0, "passive")]
    behind_and_before = place(1, 10, "LAY", 2.02, 6), place(2, 20, "LAY", 2.0, 30)
    assert told(fills_told(cleared(), 1.0, *behind_and_before)) == [(1, 2.02, 6.0, "passive"), (2, 2.0, 4.0, "passive")]
    before = [(1, 2.02, 10.0, "passive"), (1, 2.02, 10.0, "unrecorded")]
    assert told(fills_told(cleared(), 1.0, place(1, 10, "LAY", 2.02, 30))) == before
    assert told(fills_told(cleared(), 0.0, place(1, 10, "LAY", 2.02, 30))) == before[:1]
    two = place(1, 10, "LAY", 2.02, 13), place(2, 20, "LAY", 2.0, 30)
    assert told(fills_told(cleared(), 1.0, *two)) == [(1, 2.02, 10.0, "passive"), (1, 2.02, 3.0, "unrecorded")]
    sweep = market().at(1000).trade(d.ATB, 2.0, 10).trade(d.ATB, 1.99, 20).at(9000).tape()
    assert told(fills_told(sweep, 1.0, place(1, 10, "LAY", 1.99, 90))) == [(1, 1.99, 30.0, "passive")]


def test_a_level_that_was_not_cleared_was_all_the_aggressor_wanted() -> None:
    tape = market().at(1000).trade(d.ATB, 2.0, 9).at(9000).tape()
    for appetite in (0.0, 1.0):
        assert fills(tape, appetite, place(1, 10, "LAY", 2.0, 5)) == []
        assert fills(tape, appetite, place(1, 10, "LAY", 2.02, 5)) == [(1, 2.02, 5.0)]


def test_an_order_in_front_leaves_nobody_waiting_whom_the_aggressor_would_have_taken() -> None:
    ours, probe = place(1, 10, "LAY", 2.02, 5), place(2, 5000, "BACK", 2.0, 50)
    assert fills(cleared(), 0.0, ours, probe) == [(1, 2.02, 5.0), (2, 2.0, 5.0)]
    assert fills(cleared(), 1.0, ours, probe) == [(1, 2.02, 5.0)]


def test_an_aggressor_that_went_on_cleared_the_level_before_and_lacks_what_it_took_of_us_at_the_end() -> None:
    tape = market().at(1000).trade(d.ATB, 2.0, 10).trade(d.ATB, 1.99, 8).at(9000).tape()
    ours, probe = place(1, 10, "LAY", 2.02, 5), place(2, 5000, "BACK", 1.99, 50)
    assert fills(tape, 0.0, ours, probe) == [(1, 2.02, 5.0), (2, 2.0, 5.0), (2, 1.99, 12.0)]
    assert fills(tape, 1.0, ours, probe) == [(1, 2.02, 5.0), (2, 1.99, 17.0)]


def test_two_sweeps_in_one_message_are_counted_apart() -> None:
    tape = market().place(d.ATL, 2.04, 7).at(1000).trade(d.ATB, 2.0, 10).trade(d.ATL, 2.04, 7).at(9000).tape()
    assert fills(tape, 1.0, place(1, 10, "BACK", 2.04, 90)) == [(1, 2.04, 7.0)]


@pytest.mark.parametrize("appetite", [-0.1, 1.1])
def test_nobody_can_assume_an_appetite_that_is_no_share(appetite: float) -> None:
    with pytest.raises(ModelError, match="appetite"):
        resolve_simulation({"appetite": appetite})


def test_jumping_every_queue_is_a_model_for_comparison() -> None:
    tape = market().at(1000).trade(d.ATB, 2.0, 4).at(9000).tape()
    requests = pd.DataFrame([place(1, 10, "LAY", 2.0, 5)])
    fills_of = {
        queue: simcore.replay_orders(tape, requests, SIMULATION | {"queue": queue}).fills["size_pounds"].sum()
        for queue in ("none", "front")
    }
    assert fills_of == {"none": 0.0, "front": 4.0}
