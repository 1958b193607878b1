"""An order that waits alone: what puts it further back never fills it sooner."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np

from simcore import dtypes as d
from simcore.tapes.tape import Tape
from simcore.units import ODDS, tick_of
from tests.kernels.assumed import QUEUES, REFILLS
from tests.kernels.comparing import fills_of, kernel_orders
from tests.kernels.generated import LOW_TICK, Message, Operation, tape_of
from tests.kernels.properties import order, seed_ranges
from tests.kernels.tapes import START_MS

PLACES = (("BACK", 4), ("BACK", 4), ("BACK", 5), ("LAY", 3), ("LAY", 3), ("LAY", 2))


def traded_away(rng: Random) -> list[Message]:
    """What happens around the touch of one runner: mostly small cancels, placements and trades, a queue wearing down."""
    names = ("cancel", "cancel", "cancel", "trade", "trade", "place", "place", "sweep", "unattributed")

    def operation() -> Operation:
        return rng.choice(names), 0, rng.randrange(2), rng.choice((2, 3, 3, 4, 4, 5)), rng.choice((7, 50, 99, 150, 250))

    return [(rng.choice((10, 50, 100)), [operation() for _ in range(rng.randint(1, 3))]) for _ in range(40)]


def lone(rng: Random, after_ms: int) -> dict[str, Any]:
    side, offset = rng.choice(PLACES)
    return order(side, float(ODDS[LOW_TICK + offset]), rng.choice((2.5, 7.77, 20.0)), after_ms)


def assumptions(rng: Random) -> dict[str, Any]:
    choices = {"queue": QUEUES, "refill": REFILLS, "unattributed": ("front", "none"), "displacement": (True, False)}
    return {name: rng.choice(options) for name, options in choices.items()} | {
        "delays": {"place_ms": 0, "cancel_ms": 0}
    }


def cumulative(tape: Tape, rows: list[dict[str, Any]], simulation: dict[str, Any]) -> list[int] | None:
    """Pence filled by the end of each message of a lone order; None where it was refused or marketable."""
    result, _ = kernel_orders(tape, rows, simulation)
    fills = fills_of(result)
    if (result.refusals["reason"] != "bet_taken_or_lapsed").any() or any(how == "aggressive" for *_, how in fills):
        return None
    return [sum(pence for _, at_ms, _, pence, _ in fills if at_ms <= time_ms) for time_ms in tape.message_ms]


def assert_never_more(better: list[int] | None, worse: list[int] | None, seed: int) -> bool:
    """The worse place is never ahead of the better one at any message; whether it was behind at some."""
    if better is None or worse is None:
        return False
    assert all(less <= more for less, more in zip(worse, better, strict=True)), seed
    return worse != better


@seed_ranges
def test_a_later_lone_order_is_never_ahead_of_an_earlier_one(seeds: range) -> None:
    behind = 0
    for seed in seeds:
        rng = Random(seed)
        tape, row, simulation = tape_of(traded_away(rng)), lone(rng, 50), assumptions(rng)
        filled = [
            cumulative(tape, [row], simulation | {"delays": {"place_ms": place_ms}}) for place_ms in (0, 100, 300, 700)
        ]
        behind += sum(assert_never_more(*each, seed) for each in pairwise(filled))
    assert behind > len(seeds) // 3


@seed_ranges
def test_a_lone_order_with_more_ahead_is_never_filled_sooner(seeds: range) -> None:
    behind = 0
    for seed in seeds:
        rng = Random(seed)
        told, row, simulation = traded_away(rng), lone(rng, 115), assumptions(rng)
        book, offset = (d.ATL if row["side"] == "BACK" else d.ATB), tick_of(row["odds"]) - LOW_TICK
        more: Operation = ("place", 0, book, offset, rng.choice((7, 99, 250)))
        ahead: list[Message] = [(10, [more]), (10, [])]  # the order arrives between the two
        after: list[Message] = [(10, []), (10, [more])]
        filled = [cumulative(tape_of([*first, *told]), [row], simulation) for first in (after, ahead)]
        behind += assert_never_more(filled[0], filled[1], seed)
    assert behind > len(seeds) // 5


@seed_ranges
def test_a_later_cancel_never_fills_less(seeds: range) -> None:
    more = 0
    for seed in seeds:
        rng = Random(seed)
        tape, row, simulation = tape_of(traded_away(rng)), lone(rng, 0), assumptions(rng)
        gone = {"kind": "cancel", "order_id": "a", "size_pounds": None}
        filled = [
            cumulative(tape, [row, gone | {"time_ms": START_MS + after_ms}], simulation)
            for after_ms in (3000, 1500, 700, 300, 100)
        ]
        more += sum(assert_never_more(*each, seed) for each in pairwise(filled))
    assert more > len(seeds) // 3


@seed_ranges
def test_nobody_stands_ahead_who_is_not_displayed(seeds: range) -> None:
    """Our size is placed behind us, then all displayed there and our size besides is traded: that fills us whole."""
    waiting = 0
    for seed in seeds:
        rng = Random(seed)
        told, row = traded_away(rng), lone(rng, 50)
        still = assumptions(rng) | {"displacement": False, "unattributed": "none"}
        book, tick, pence = (d.ATL if row["side"] == "BACK" else d.ATB), tick_of(row["odds"]), row["size_pounds"] * 100
        tape = tape_of([*told, (1, [])])
        stop = tape.n_messages - 2
        displayed = next(int(books[0, book, tick]) for m, (_, books) in enumerate(tape.books()) if m == stop - 1)
        before = cumulative(tape, [row], still)
        rows = [(d.PLACE, book, tick, round(pence)), (d.TRADE, book, tick, 2 * (displayed + round(pence)))]
        after = cumulative(with_rows(tape, stop, rows), [row], still)
        if before is None or after is None:
            continue
        assert after[-1] == round(pence), seed
        waiting += before[-1] < after[-1]
    assert waiting > len(seeds) // 4


def with_rows(tape: Tape, message: int, rows: list[tuple[int, int, int, int]], runner: int = 0) -> Tape:
    """The tape with rows of one runner put before those of a message, one message earlier."""
    at = int(tape.message_row[message])
    kind, book, tick, size = (list(column) for column in zip(*rows, strict=True))
    values = {"kind": kind, "book": book, "tick": tick, "size": size, "runner": [runner] * len(rows)}
    columns = {name: np.insert(getattr(tape, name), at, new) for name, new in values.items()}
    message_row = tape.message_row.copy()
    message_row[message:] += len(rows)
    return replace(tape, message_row=message_row, **columns)
