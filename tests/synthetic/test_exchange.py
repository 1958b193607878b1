"""Price, then time; nothing lost, nothing used twice: the exchange against a book of plain Python lists."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import pytest

from simcore.dtypes import ATB, ATL, BACK, LAY
from simcore.synthetic.exchange import (
    CANCELLED_PENCE,
    FULL,
    LEFT,
    MATCH_PENCE,
    MATCH_RESTING,
    MATCH_TICK,
    MATCHED,
    MATCHED_PENCE,
    N_MATCHES,
    N_ORDERS,
    NOBODY,
    PLACED_PENCE,
    Exchange,
    cancel,
    open_exchange,
    place,
)
from simcore.units import N_TICKS

pytestmark = pytest.mark.lane


@dataclass
class PlainBook:
    """The obvious exchange of one runner: a list of (tick, order, pence) a book, sorted by price, then time."""

    resting: dict[int, list[list[int]]] = field(default_factory=lambda: {ATB: [], ATL: []})
    matches: list[tuple[int, int, int]] = field(default_factory=list)

    def place(self, order: int, side: int, tick: int, pence: int, rests: bool) -> None:
        taken, stood = (ATB, ATL) if side == BACK else (ATL, ATB)
        self.resting[taken].sort(key=lambda entry: (-side * entry[0], entry[1]))
        while pence and self.resting[taken] and (self.resting[taken][0][0] - tick) * side >= 0:
            best = self.resting[taken][0]
            share = min(pence, best[2])
            self.matches.append((best[1], best[0], share))
            pence -= share
            best[2] -= share
            if not best[2]:
                self.resting[taken].pop(0)
        if pence and rests:
            self.resting[stood].append([tick, order, pence])

    def cancel(self, order: int, pence: int) -> int:
        for entries in self.resting.values():
            for entry in entries:
                if entry[1] == order:
                    cut = min(pence, entry[2])
                    entry[2] -= cut
                    if not entry[2]:
                        entries.remove(entry)
                    return cut
        return 0

    def level(self, book: int) -> np.ndarray:
        shown = np.zeros(N_TICKS, np.int64)
        for tick, _, pence in self.resting[book]:
            shown[tick] += pence
        return shown


def random_session(seed: int, steps: int) -> tuple[Exchange, list[PlainBook]]:
    draw = random.Random(seed)
    x, plain = open_exchange(2, 4000), [PlainBook(), PlainBook()]
    of_runner: list[int] = []
    for now in range(steps):
        if of_runner and draw.random() < 0.4:
            order, pence = draw.randrange(len(of_runner)), draw.choice((50, 10_000))
            assert cancel(x, order, pence) == plain[of_runner[order]].cancel(order, pence)
            continue
        runner, side = draw.randrange(2), draw.choice((BACK, LAY))
        tick, pence, rests = 100 + draw.randrange(12), draw.randrange(1, 500), draw.random() < 0.9
        order = place(x, now, 0, runner, side, tick, pence, rests)
        assert order == len(of_runner)
        of_runner.append(runner)
        plain[runner].place(order, side, tick, pence, rests)
    return x, plain


@pytest.mark.parametrize("seed", range(4))
def test_matches_and_ladders_are_those_of_the_obvious_exchange(seed: int) -> None:
    x, plain = random_session(seed, 600)
    for runner, book in enumerate(plain):
        for side in (ATB, ATL):
            assert x.level[runner, side].tolist() == book.level(side).tolist()
    made = x.matches[: x.tally[N_MATCHES]]
    mine = [tuple(row) for row in made[:, [MATCH_RESTING, MATCH_TICK, MATCH_PENCE]].tolist()]
    assert sorted(mine) == sorted(match for book in plain for match in book.matches)
    assert len(mine) > 100


def test_every_penny_placed_is_matched_cancelled_or_still_stands() -> None:
    x, _ = random_session(9, 800)
    standing = int(x.level.sum())
    matched_as_resting_and_incoming = 2 * int(x.tally[MATCHED_PENCE])
    assert x.tally[PLACED_PENCE] == matched_as_resting_and_incoming + x.tally[CANCELLED_PENCE] + standing
    orders = x.orders[: x.tally[N_ORDERS]]
    assert orders[:, LEFT].sum() == standing
    assert orders[:, MATCHED].sum() == matched_as_resting_and_incoming
    assert x.traded.sum() == matched_as_resting_and_incoming


def test_the_older_of_two_orders_at_a_price_is_matched_first_and_a_cut_keeps_its_place() -> None:
    x = open_exchange(1, 100)
    first = place(x, 0, 1, 0, LAY, 150, 1000, True)
    second = place(x, 1, 2, 0, LAY, 150, 1000, True)
    assert cancel(x, first, 400) == 400
    place(x, 2, 3, 0, BACK, 150, 700, True)
    assert x.orders[first, LEFT] == 0
    assert x.orders[second, LEFT] == 900


def test_an_aggressor_gets_the_best_price_first_and_rests_at_its_limit() -> None:
    x = open_exchange(1, 100)
    for tick in (148, 150, 149):
        place(x, 0, 1, 0, LAY, tick, 100, True)
    order = place(x, 1, 2, 0, BACK, 149, 500, True)
    assert x.matches[:2, MATCH_TICK].tolist() == [150, 149]
    assert x.orders[order, LEFT] == 300
    assert x.best[0].tolist() == [148, 149]


def test_a_full_exchange_refuses_and_says_so() -> None:
    x = open_exchange(1, 1)
    for _ in range(5):
        place(x, 0, 1, 0, LAY, 100, 10, True)
    assert x.tally[FULL] == 1
    assert place(x, 0, 1, 0, LAY, 100, 10, True) == NOBODY
    assert cancel(x, NOBODY, 10) == 0
    assert cancel(x, 0, 10) == 10
