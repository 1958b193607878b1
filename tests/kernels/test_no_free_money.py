"""On a record that does not move, nothing we do earns: no pound is taken twice, no refill and no reaction is a money pump."""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as hs

from simcore import dtypes as d
from simcore.tapes.tape import Tape
from simcore.units import ODDS
from tests.kernels.assumed import seeded_simulation, simulations
from tests.kernels.comparing import fills_of, kernel_orders
from tests.kernels.generated import LOW_TICK, N_USED, SIZES
from tests.kernels.properties import seed_ranges, sides_of
from tests.kernels.requested import Row, request_table, requests
from tests.kernels.tapes import TapeBuilder

unhurried = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

Ladder = list[tuple[int, int]]
"""(ticks from the level before, pence), best first"""
ladders = hs.lists(hs.tuples(hs.sampled_from((1, 1, 1, 2, 4)), hs.sampled_from(SIZES)), min_size=1, max_size=6)
LOWS = (LOW_TICK, LOW_TICK, 24, 160, 209, 300, 322)
"""odds of 2, of 1.25, and of 5.1, 12, 200 and 500, where ticks are wide and a penny is a large payout"""
cases = hs.tuples(ladders, ladders, requests(), simulations(), hs.integers(0, 3), hs.sampled_from(LOWS))


def levels(ladder: Ladder, best: int, step: int) -> list[tuple[int, int]]:
    """(tick, pence) of each level."""
    ticks = accumulate((step * gap for gap, _ in ladder[1:]), initial=best)
    return [(tick, pence) for tick, (_, pence) in zip(ticks, ladder, strict=True)]


def frozen_market(atb: Ladder, atl: Ladder, low: int) -> Tape:
    """A made book that does not move."""
    return frozen_book(levels(atb, low + 3, -1), levels(atl, low + 4, 1))


def frozen_book(atb: list[tuple[int, int]], atl: list[tuple[int, int]]) -> Tape:
    """The first runner's book, (tick, pence) of each level, then messages that change nothing."""
    builder = TapeBuilder().at(0).open()
    for book, ladder in ((d.ATB, atb), (d.ATL, atl)):
        for tick, pence in ladder:
            builder.row(d.PLACE, book, 0, tick, pence)
    for after_ms in range(100, 5000, 100):
        builder.at(after_ms).row(d.LAST_TRADED, runner=0, tick=LOW_TICK)
    return builder.tape()


def frozen_requests(drawn: list[tuple[Any, ...]], low: int) -> list[Row]:
    """Orders of every kind but those for the starting price, which is no price of this book."""
    rows = request_table(drawn, low)
    for row in rows:
        row.pop("order_type", None)
        row["persistence"] = "PERSIST"
        row["odds"] = row.get("odds") or float(ODDS[low + 4])
    return rows


def profit_if(rows: list[Row], fills: list[tuple[Any, int, float, int, str]]) -> tuple[float, float]:
    """What the fills earn if the runner wins and if it loses, pence."""
    sides = sides_of(rows)
    if_wins = if_loses = 0.0
    for order_id, _, odds, pence, _ in fills:
        stake = pence if sides[order_id][1] == "BACK" else -pence
        if_wins, if_loses = if_wins + stake * (odds - 1), if_loses - stake
    return if_wins, if_loses


def assert_nothing_is_locked_in(
    atb: Ladder, atl: Ladder, drawn: list[tuple[Any, ...]], simulation: Row, seed: int, low: int
) -> int:
    return assert_earns_nothing(frozen_market(atb, atl, low), frozen_requests(drawn, low), simulation, seed)


def assert_earns_nothing(tape: Tape, rows: list[Row], simulation: Row, seed: int) -> int:
    """A flat position earns the same whoever wins, so earning nothing at worst covers every sequence that ends flat."""
    fills = fills_of(kernel_orders(tape, rows, simulation, seed)[0])
    assert min(profit_if(rows, fills)) <= 1e-6, (seed, fills)
    return len(fills)


def assert_no_displayed_pound_is_taken_twice(
    atb: Ladder, atl: Ladder, drawn: list[tuple[Any, ...]], simulation: Row, seed: int, low: int
) -> None:
    """Wherever the others move: who was there to be backed, or laid, is matched once when nothing refills."""
    rows = frozen_requests(drawn, low)
    still = simulation | {"refill": {"kind": "never"}, "displacement": True}
    sides, taken = sides_of(rows), defaultdict(int)
    for order_id, _, _, pence, _ in fills_of(kernel_orders(frozen_market(atb, atl, low), rows, still, seed)[0]):
        taken[sides[order_id][1]] += pence
    assert taken["BACK"] <= sum(pence for _, pence in atb)
    assert taken["LAY"] <= sum(pence for _, pence in atl)


@given(cases)
@settings(unhurried, max_examples=60)
def test_no_displayed_pound_is_taken_twice_when_nothing_refills(case: tuple[Any, ...]) -> None:
    assert_no_displayed_pound_is_taken_twice(*case)


@given(cases)
@settings(unhurried, max_examples=60)
def test_no_sequence_of_orders_locks_in_a_profit(case: tuple[Any, ...]) -> None:
    assert_nothing_is_locked_in(*case)


@pytest.mark.slow
@given(cases)
@settings(unhurried, max_examples=4000)
def test_no_sequence_of_many_more_locks_in_a_profit_or_takes_a_pound_twice(case: tuple[Any, ...]) -> None:
    assert_nothing_is_locked_in(*case)
    assert_no_displayed_pound_is_taken_twice(*case)


def back_and_forth(rng: Random) -> list[tuple[Any, ...]]:
    """Many orders on both sides, most of them taking, some left to rest, cut, cancelled or moved."""
    drawn: list[tuple[Any, ...]] = []
    for number in range(rng.randint(24, 60)):
        after_ms = rng.randrange(4500)
        if number > 0 and rng.random() < 0.15:
            drawn.append(("cancel", after_ms, rng.randrange(20), rng.choice((0, 87))))
        elif number > 0 and rng.random() < 0.15:
            drawn.append(("replace", after_ms, rng.randrange(20), rng.randrange(N_USED)))
        else:
            stake, kind = rng.choice((100, 101, 250, 777, 2000, 5000)), rng.choice(("plain", "plain", "kill_some"))
            side, price = rng.choice(("BACK", "LAY")), rng.randrange(N_USED)
            drawn.append(("place", after_ms, 0, side, price, stake, "PERSIST", kind))
    return drawn


@seed_ranges
def test_no_trading_back_and_forth_locks_in_a_profit(seeds: range) -> None:
    filled = 0
    for seed in seeds:
        rng = Random(seed)
        atb, atl = ([(rng.choice((1, 1, 2)), rng.choice(SIZES)) for _ in range(6)] for _ in range(2))
        simulation = seeded_simulation(rng) | {"costs": {"minimum_stake": False}}
        for low in LOWS[1:]:
            filled += assert_nothing_is_locked_in(atb, atl, back_and_forth(rng), simulation, seed, low)
    assert filled > 3 * len(seeds) * len(LOWS[1:])


@pytest.mark.parametrize("severity", [60.0, 333.3, 1000.0])
def test_pence_back_and_forth_at_long_odds_earn_nothing_whoever_wins(severity: float) -> None:
    """Where severity · payout of a penny would be ticks, a round trip of a penny would jump over them."""
    ladder, low = [(1, 400)] * 6, 330
    kinds = ("BACK", "LAY") * 40
    drawn = [
        ("place", 20 * n, 0, side, 0 if side == "BACK" else N_USED - 1, 1, "PERSIST", "plain")
        for n, side in enumerate(kinds)
    ]
    simulation = {
        "reaction": {"severity": severity, "half_life_ms": 60_000},
        "refill": {"kind": "never"},
        "costs": {"minimum_stake": False},
    }
    rows = frozen_requests(drawn, low)
    fills = fills_of(kernel_orders(frozen_market(ladder, ladder, low), rows, simulation, 0)[0])
    assert len(fills) > 10
    assert max(profit_if(rows, fills)) <= 1e-6
