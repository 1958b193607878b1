"""What tests of properties share: which seeds they try, one order of ours, and what is asked of several kinds of market."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import simcore
from simcore import dtypes as d
from simcore.tapes.tape import Tape
from tests.kernels.comparing import kernel_orders
from tests.kernels.tapes import START_MS

seed_ranges = pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(5), marks=pytest.mark.lane),
        range(5, 60),
        pytest.param(range(60, 1500), marks=pytest.mark.slow),
    ],
    ids=str,
)


def order(side: str, odds: float, pounds: float, after_ms: int = 0) -> dict[str, Any]:
    row = {"kind": "place", "order_id": "a", "time_ms": START_MS + after_ms, "selection_id": 101}
    return row | {"side": side, "odds": odds, "size_pounds": pounds, "persistence": "PERSIST"}


def sides_of(rows: list[dict[str, Any]]) -> dict[Any, tuple[int, str]]:
    """(selection, side) of every order, those that took another's place included."""
    sides: dict[Any, tuple[int, str]] = {}
    for row in rows:
        if row["kind"] == "place":
            sides[row["order_id"]] = (row["selection_id"], row["side"])
        elif row["kind"] == "replace":
            sides[row["new_order_id"]] = sides[row["order_id"]]
    return sides


def prefix_of(tape: Tape, n_messages: int) -> Tape:
    """The market as it was known after its first messages."""
    end = int(tape.message_row[n_messages])
    columns = {name: getattr(tape, name)[:end] for name in ("kind", "book", "runner", "tick", "size")}
    heads = {"message_ms": tape.message_ms[:n_messages], "message_row": tape.message_row[: n_messages + 1]}
    return replace(tape, **heads, **columns)


def assert_world_is_record(tape: Tape) -> None:
    """An order that is refused at the end keeps the kernels going until then and changes nothing."""
    last_ms = int(tape.message_ms[-1])
    never = order("BACK", 2.015, 10.0) | {"time_ms": last_ms, "selection_id": tape.info.runners[0].selection_id}
    still = {"refill": {"kind": "never"}, "delays": {"place_ms": 0}}
    result, sim = kernel_orders(tape, [never], still)
    assert list(result.refusals["reason"]) in (["invalid_price"], ["market_suspended"], ["runner_removed"])
    assert not sim.displaced.any()
    (*_, (_, books)) = tape.books()
    np.testing.assert_array_equal(sim.recorded, books)


def assert_bot_sees_no_future(tape: Tape, cut: int, *how: Any) -> int:
    """Same fills before the last message of the prefix; returns how many."""
    before_ms = int(tape.message_ms[cut - 1])
    tables = [simcore.replay(each, *how, record=True).fills for each in (tape, prefix_of(tape, cut))]
    whole, part = (table[table["time_ms"] < before_ms].to_dict("records") for table in tables if table is not None)
    assert whole == part, cut
    return len(whole)


def volume_by_ms(tape: Tape) -> dict[tuple[int, int, str], int]:
    """(time, selection, side of ours that it can fill or 'unknown') -> pence traded, or placed through, then."""
    volume: dict[tuple[int, int, str], int] = defaultdict(int)
    for m, time_ms in enumerate(tape.message_ms):
        for row in range(tape.message_row[m], tape.message_row[m + 1]):
            kind, size = int(tape.kind[row]), int(tape.size[row])
            selection_id = tape.info.runners[int(tape.runner[row])].selection_id
            hits_atl = tape.book[row] == d.ATL
            if kind == d.TRADE:
                volume[int(time_ms), selection_id, "BACK" if hits_atl else "LAY"] += size // 2
            elif kind == d.PLACE:
                volume[int(time_ms), selection_id, "LAY" if hits_atl else "BACK"] += size
            elif kind == d.TRADE_UNATTRIBUTED:
                volume[int(time_ms), selection_id, "unknown"] += size // 2
    return volume
