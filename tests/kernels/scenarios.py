"""Small markets with a name and an answer worked out on paper: kernels and oracle must both give it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simcore import dtypes as d
from tests.kernels.tapes import START_MS, TapeBuilder

Row = dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """fills: (order, odds, pence, how) in time; refusals: (order, reason). Requests take effect when sent."""

    name: str
    market: TapeBuilder
    requests: list[Row]
    fills: list[tuple[str, float, int, str]]
    refusals: list[tuple[str, str]] = field(default_factory=list)
    assumptions: Row = field(default_factory=dict)

    @property
    def simulation(self) -> Row:
        still = {"refill": {"kind": "never"}, "queue": {"kind": "proportional"}}
        return still | {"delays": {"place_ms": 0, "cancel_ms": 0}} | self.assumptions


def place(order_id: str, after_ms: int, side: str, odds: float, pounds: float, runner: int = 0) -> Row:
    row = {"kind": "place", "order_id": order_id, "time_ms": START_MS + after_ms, "selection_id": 101 + runner}
    return row | {"side": side, "odds": odds, "size_pounds": pounds, "persistence": "PERSIST"}


def cancel(order_id: str, after_ms: int, pounds: float | None = None) -> Row:
    return {"kind": "cancel", "order_id": order_id, "time_ms": START_MS + after_ms, "size_pounds": pounds}


def book() -> TapeBuilder:
    """£100 to back at 2.0, £100 to lay at 2.06, £50 behind each."""
    builder = TapeBuilder().at(0).open()
    builder.place(d.ATB, 2.0, 100).place(d.ATB, 1.99, 50).place(d.ATL, 2.06, 100).place(d.ATL, 2.08, 50)
    return builder


SCENARIOS = [
    Scenario(
        "a trade fills us for what it takes beyond those ahead, though more stand behind",
        book().at(1000).place(d.ATL, 2.06, 20).trade(d.ATL, 2.06, 104),
        [place("a", 100, "BACK", 2.06, 10)],
        [("a", 2.06, 400, "passive")],
    ),
    Scenario(
        "best execution takes each level at its own price",
        book().at(1000),
        [place("a", 100, "BACK", 1.99, 170)],
        [("a", 2.0, 10_000, "aggressive"), ("a", 1.99, 5_000, "aggressive")],
    ),
    Scenario(
        "what a recorded aggressor could not find rests on the other side at its worst price",
        book().at(1000).trade(d.ATL, 2.06, 100),
        [place("took", 100, "LAY", 2.06, 60), place("a", 1500, "BACK", 2.06, 80)],
        [("took", 2.06, 6_000, "aggressive"), ("a", 2.06, 6_000, "aggressive")],
    ),
    Scenario(
        "a shortfall is carried through the sweep and takes more of the next level before it rests",
        book().at(1000).trade(d.ATL, 2.06, 100).trade(d.ATL, 2.08, 10),
        [place("took", 100, "LAY", 2.06, 60), place("b", 1500, "BACK", 2.08, 70)],
        # 60 short at 2.06; at 2.08 it wants 10 + 60 of 50, so 20 rest to back at 2.08
        [("took", 2.06, 6_000, "aggressive"), ("b", 2.08, 2_000, "aggressive")],
    ),
    Scenario(
        "a recorded placement that crosses us meets us first, and only its rest can be taken",
        book().at(1000).cancel(d.ATL, 2.06, 100).place(d.ATB, 2.06, 30),
        [place("a", 100, "BACK", 2.06, 10), place("b", 1500, "BACK", 2.06, 50)],
        [("a", 2.06, 1_000, "passive"), ("b", 2.06, 2_000, "aggressive")],
    ),
    Scenario(
        "nothing matches while the market is suspended, not even a placement through our price",
        book().at(1000).status(d.SUSPENDED).cancel(d.ATL, 2.06, 100).place(d.ATB, 2.06, 30).at(2000).status(d.OPEN),
        [place("a", 100, "BACK", 2.06, 10)],
        [],
    ),
    Scenario(
        "who left while displacement decayed stands ahead no more when the level grows again",
        # b is filled at 2.02 in the place of 20 at 2.0, who are gone with the next message: 80 ahead of a, then 50 behind
        book().at(1000).trade(d.ATB, 2.0, 20).at(2000).place(d.ATB, 2.0, 50).at(3000).trade(d.ATB, 2.0, 85),
        [place("a", 100, "LAY", 2.0, 10), place("b", 200, "LAY", 2.02, 20)],
        [("b", 2.02, 2_000, "passive"), ("a", 2.0, 500, "passive")],
        [],
        {"refill": {"kind": "instant"}},
    ),
    Scenario(
        "an unattributed trade takes from those ahead first, also from fewer than we last knew of",
        book().at(1000).trade(d.ATB, 2.0, 20).at(2000).unattributed(2.0, 5).at(3000).trade(d.ATB, 2.0, 78),
        [place("a", 100, "LAY", 2.0, 10), place("b", 200, "LAY", 2.02, 20)],
        [("b", 2.02, 2_000, "passive"), ("a", 2.0, 300, "passive")],  # 80 ahead, then 75
        [],
        {"refill": {"kind": "instant"}},
    ),
    Scenario(
        "a cancel meets an order that served its bet delay until the same millisecond",
        book().at(50).row(d.IN_PLAY, size=1).row(d.BET_DELAY, size=1).at(5000),
        [place("a", 100, "BACK", 2.06, 10), cancel("a", 1100)],
        [],
    ),
    Scenario(
        "a proportional share is exact to the penny",
        # 1.50 ahead of 2.75: of a cancel of 0.55 exactly 0.30 was ahead of us (55 · (150 / 275) falls short of 30 in floats)
        TapeBuilder()
        .at(0)
        .open()
        .place(d.ATL, 2.06, 1.50)
        .at(1000)
        .place(d.ATL, 2.06, 1.25)
        .at(2000)
        .cancel(d.ATL, 2.06, 0.55)
        .at(3000)
        .trade(d.ATL, 2.06, 1.21),
        [place("a", 100, "BACK", 2.06, 10)],
        [("a", 2.06, 1, "passive")],
    ),
    Scenario(
        "a withdrawal ends our lays on the others",
        book().at(1000).row(d.REMOVED, runner=1, size=2500).at(2000).trade(d.ATB, 2.0, 100).trade(d.ATB, 1.99, 50),
        [place("a", 100, "LAY", 1.99, 10), place("b", 1500, "LAY", 1.99, 10), place("c", 1500, "BACK", 5.0, 10, 1)],
        [],  # b stands behind 50
        [("c", "runner_removed")],
    ),
    Scenario(
        "displacement may not stand through the record's other side",
        # 60 rest to back at 2.06 until the record offers to lay at 2.04: then only those remain
        book().at(1000).trade(d.ATL, 2.06, 100).at(2000).place(d.ATL, 2.04, 40).at(3000),
        [place("took", 100, "LAY", 2.06, 60), place("a", 2500, "BACK", 2.06, 80), place("b", 2600, "LAY", 2.04, 50)],
        [("took", 2.06, 6_000, "aggressive"), ("b", 2.04, 4_000, "aggressive")],
    ),
]
