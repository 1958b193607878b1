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


def fills(tape: Tape, appetite: float, *requests: dict[str, Any]) -> list[tuple[int, float, float]]:
    table = simcore.replay_orders(tape, pd.DataFrame(list(requests)), SIMULATION | {"appetite": appetite}).fills
    return list(zip(table["order_id"], table["odds"].round(4), table["size_pounds"].round(2), strict=True))


def market() -> TapeBuilder:
    """£10 to back at 2.0, £20 more at 1.99, nothing nearer to lay than 2.06."""
    return TapeBuilder().at(0).open().place(d.ATB, 2.0, 10).place(d.ATB, 1.99, 20).place(d.ATL, 2.06, 50)


def cleared() -> Tape:
    return market().at(1000).trade(d.ATB, 2.0, 10).at(9000).tape()


@pytest.mark.parametrize(("appetite", "filled"), [(0.0, []), (0.3, [(1, 2.0, 3.0)]), (1.0, [(1, 2.0, 5.0)])])
def test_an_order_behind_a_cleared_level_is_filled_as_far_as_the_appetite_goes(
    appetite: float, filled: list[tuple[int, float, float]]
) -> None:
    assert fills(cleared(), appetite, place(1, 10, "LAY", 2.0, 5)) == filled


def test_of_us_it_never_takes_more_than_it_took_in_the_record() -> None:
    assert fills(cleared(), 100.0, place(1, 10, "LAY", 2.0, 30)) == [(1, 2.0, 10.0)]
    behind_and_before = place(1, 10, "LAY", 2.02, 6), place(2, 20, "LAY", 2.0, 30)
    assert fills(cleared(), 100.0, *behind_and_before) == [(1, 2.02, 6.0), (2, 2.0, 4.0)]
    sweep = market().at(1000).trade(d.ATB, 2.0, 10).trade(d.ATB, 1.99, 20).at(9000).tape()
    assert fills(sweep, 100.0, place(1, 10, "LAY", 1.99, 90)) == [(1, 1.99, 30.0)]


def test_a_level_that_was_not_cleared_was_all_the_aggressor_wanted() -> None:
    tape = market().at(1000).trade(d.ATB, 2.0, 9).at(9000).tape()
    for appetite in (0.0, 1.0):
        assert fills(tape, appetite, place(1, 10, "LAY", 2.0, 5)) == []
        assert fills(tape, appetite, place(1, 10, "LAY", 2.02, 5)) == [(1, 2.02, 5.0)]


def test_an_order_in_front_leaves_nobody_waiting_whom_the_aggressor_would_have_taken() -> None:
    ours, probe = place(1, 10, "LAY", 2.02, 5), place(2, 5000, "BACK", 2.0, 50)
    assert fills(cleared(), 0.0, ours, probe) == [(1, 2.02, 5.0), (2, 2.0, 5.0)]
    assert fills(cleared(), 0.2, ours, probe) == [(1, 2.02, 5.0), (2, 2.0, 3.0)]
    assert fills(cleared(), 1.0, ours, probe) == [(1, 2.02, 5.0)]


def test_an_aggressor_that_went_on_cleared_the_level_before_and_lacks_what_it_took_of_us_at_the_end() -> None:
    tape = market().at(1000).trade(d.ATB, 2.0, 10).trade(d.ATB, 1.99, 8).at(9000).tape()
    ours, probe = place(1, 10, "LAY", 2.02, 5), place(2, 5000, "BACK", 1.99, 50)
    assert fills(tape, 0.0, ours, probe) == [(1, 2.02, 5.0), (2, 2.0, 5.0), (2, 1.99, 12.0)]
    assert fills(tape, 1.0, ours, probe) == [(1, 2.02, 5.0), (2, 1.99, 17.0)]


def test_two_sweeps_in_one_message_are_counted_apart() -> None:
    tape = market().place(d.ATL, 2.04, 7).at(1000).trade(d.ATB, 2.0, 10).trade(d.ATL, 2.04, 7).at(9000).tape()
    assert fills(tape, 100.0, place(1, 10, "BACK", 2.04, 90)) == [(1, 2.04, 7.0)]


def test_nobody_can_assume_a_negative_appetite() -> None:
    with pytest.raises(ModelError, match="appetite"):
        resolve_simulation({"appetite": -1})


def test_jumping_every_queue_is_a_model_for_comparison() -> None:
    tape = market().at(1000).trade(d.ATB, 2.0, 4).at(9000).tape()
    requests = pd.DataFrame([place(1, 10, "LAY", 2.0, 5)])
    fills_of = {
        queue: simcore.replay_orders(tape, requests, SIMULATION | {"queue": queue}).fills["size_pounds"].sum()
        for queue in ("none", "front")
    }
    assert fills_of == {"none": 0.0, "front": 4.0}
