"""What must hold in every market, held on every real recording there is; the oracle included."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from simcore import dtypes as d
from simcore.bench import prepare
from simcore.strategies.caf import CAF
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS, ODDS
from tests.kernels.assumed import NO_REACTION, seeded_simulation
from tests.kernels.comparing import assert_orders_agree, fills_of, kernel_orders
from tests.kernels.generated import N_USED
from tests.kernels.properties import (
    assert_bot_sees_no_future,
    assert_world_is_record,
    prefix_of,
    sides_of,
    volume_by_ms,
)
from tests.kernels.recorded import every_tape, open_messages, real_requests, touches
from tests.kernels.test_no_free_money import assert_earns_nothing, back_and_forth, frozen_book, frozen_requests
from tests.kernels.test_place_in_the_queue import assert_never_more, cumulative, with_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

AT_ONCE = {"delays": {"place_ms": 0, "cancel_ms": 0}}


@pytest.fixture(scope="module")
def tapes(recordings: Path) -> list[Tape]:
    found = every_tape(recordings)
    assert len(found) > 80
    return found


def test_without_orders_of_ours_the_world_is_every_real_record(tapes: list[Tape]) -> None:
    for tape in tapes:
        assert_world_is_record(tape)


@pytest.mark.parametrize("part", range(4))
def test_orders_get_the_same_from_kernels_and_oracle_on_every_recording(tapes: list[Tape], part: int) -> None:
    how: set[str] = set()
    for number, tape in enumerate(tapes[part::4]):
        rng = Random(100 * part + number)
        rows = real_requests(tape, rng)
        if rows:
            how |= {how for *_, how in assert_orders_agree(tape, rows, seeded_simulation(rng), number).fills}
    assert {"passive", "aggressive", "at_close"} <= how


def real_book(tape: Tape, rng: Random) -> tuple[list[tuple[int, int]], list[tuple[int, int]]] | None:
    """(tick, pence) of the levels of a runner at some time, best first; None where it is one-sided, crossed or far apart."""
    m = rng.choice(open_messages(tape) or [0])
    recorded = prepare(tape).before(int(tape.message_ms[m]) + 1).market.recorded
    busiest = np.argsort((recorded > 0).sum(axis=(1, 2)))[-3:]
    r = int(rng.choice(list(busiest)))
    back, lay = (np.flatnonzero(recorded[r, b] > 0) for b in (d.ATB, d.ATL))
    if (
        not len(back)
        or not len(lay)
        or not 0 < lay[0] - back[-1] <= N_USED // 2
        or not 3 <= back[-1] < N_TICKS - N_USED
    ):
        return None
    return [(int(t), int(recorded[r, 0, t])) for t in back[::-1]], [(int(t), int(recorded[r, 1, t])) for t in lay]


def trade_on_frozen_books(tapes: list[Tape], changed: dict[str, Any]) -> None:
    """Many orders back and forth on books of every recording, under any assumptions but for those that are `changed`."""
    books = filled = 0
    for number, tape in enumerate(tapes):
        for moment in range(4):
            rng = Random(10 * number + moment)
            book = real_book(tape, rng)
            if book is None:
                continue
            rows = frozen_requests(back_and_forth(rng), low=book[0][0][0] - 3)
            assumed = seeded_simulation(rng) | {"costs": {"minimum_stake": False}} | changed
            filled += assert_earns_nothing(frozen_book(*book), rows, assumed, number)
            books += 1
    assert books > len(tapes)
    assert filled > 3 * books


def test_no_refill_is_a_money_pump_on_a_frozen_book_of_any_recording(tapes: list[Tape]) -> None:
    trade_on_frozen_books(tapes, {"reaction": NO_REACTION})


def test_no_reaction_is_a_money_pump_on_a_frozen_book_of_any_recording(tapes: list[Tape]) -> None:
    trade_on_frozen_books(tapes, {})


def test_what_orders_get_on_every_recording_depends_on_nothing_published_later(tapes: list[Tape]) -> None:
    """Starting prices included: the cut before them is tried too."""
    for number, tape in enumerate(tapes):
        rng = Random(number)
        rows, simulation = real_requests(tape, rng), seeded_simulation(rng)
        if not rows:
            continue
        whole = fills_of(kernel_orders(tape, rows, simulation, number)[0])
        for cut in {rng.randrange(2, tape.n_messages), *first_messages(tape, d.STARTING_PRICE)}:
            before_ms = int(tape.message_ms[cut])
            part = fills_of(kernel_orders(prefix_of(tape, cut), rows, simulation, number)[0])
            assert [f for f in part if f[1] < before_ms] == [f for f in whole if f[1] < before_ms], tape.market_id


def first_messages(tape: Tape, kind: int) -> list[int]:
    """The message with the first row of a kind, if it is not the very first."""
    rows = np.flatnonzero(tape.kind == kind)
    message = int(np.searchsorted(tape.message_row, rows[0], side="right")) - 1 if len(rows) else 0
    return [message] if message > 1 else []


def test_what_a_bot_does_on_every_recording_depends_on_nothing_published_later(tapes: list[Tape]) -> None:
    """Revised start times included: the cut before each of them is tried, and one after the first advertised start."""
    seen = revised = 0
    for tape in tapes:
        if len(tape.start_ms) == 0:
            continue  # no bot looks at a market whose start nobody tells
        maker = CAF.make("imbalance", {"pick_s": 300.0, "start_s": 300.0})
        starts = np.flatnonzero(tape.kind == d.START)[1:]
        later = np.searchsorted(tape.message_row, starts, side="right") - 1
        revised += len(later)
        off = int(np.searchsorted(tape.message_ms, tape.start_ms[0]))
        for cut in {*(int(m) for m in later[-3:]), min(off, tape.n_messages - 1), tape.n_messages // 2}:
            if cut >= 2:
                seen += assert_bot_sees_no_future(tape, cut, CAF, maker, "default")
    assert seen > 0
    assert revised > 0


def test_fills_out_of_trades_and_placements_of_every_recording_never_exceed_them(tapes: list[Tape]) -> None:
    seen = 0
    for number, tape in enumerate(tapes):
        rng = Random(number)
        rows, simulation = real_requests(tape, rng), seeded_simulation(rng) | {"reaction": NO_REACTION}
        if not rows:
            continue
        sides, volume = sides_of(rows), volume_by_ms(tape)
        filled: dict[tuple[int, int, str], int] = defaultdict(int)
        for order_id, time_ms, _, pence, how in fills_of(kernel_orders(tape, rows, simulation, number)[0]):
            if how in ("passive", "unattributed"):
                filled[time_ms, sides[order_id][0], sides[order_id][1] if how == "passive" else "unknown"] += pence
        assert all(pence <= volume[key] for key, pence in filled.items()), tape.market_id
        seen += len(filled)
    assert seen > 20


def lone_orders(tape: Tape, rng: Random) -> list[tuple[int, dict[str, Any]]]:
    """(message, order) that joins the queue at the touch; it persists and is never cancelled."""
    found = []
    for message, runner, back, lay in touches(tape, rng, 3):
        side = rng.choice(("BACK", "LAY"))
        row = {"kind": "place", "order_id": "a", "time_ms": int(tape.message_ms[message]), "side": side}
        row |= {"selection_id": tape.info.runners[runner].selection_id, "persistence": "PERSIST"}
        found.append((message, row | {"odds": float(ODDS[lay if side == "BACK" else back]), "size_pounds": 5.0}))
    return found


def test_a_later_lone_order_is_never_ahead_of_an_earlier_one_on_any_recording(tapes: list[Tape]) -> None:
    behind = 0
    for number, tape in enumerate(tapes):
        rng = Random(number)
        simulation = seeded_simulation(rng) | {"reaction": NO_REACTION, "costs": {"minimum_stake": False}}
        for _, row in lone_orders(tape, rng):
            filled = [
                cumulative(tape, [row], simulation | {"delays": {"place_ms": place_ms}})
                for place_ms in (0, 2000, 20_000, 120_000)
            ]
            behind += sum(assert_never_more(*each, number) for each in pairwise(filled))
    assert behind > 40


def test_nobody_stands_ahead_who_is_not_displayed_on_any_recording(tapes: list[Tape]) -> None:
    """Our size is placed behind us, then all displayed there and our size besides is traded: that fills us whole."""
    waiting = 0
    for number, tape in enumerate(tapes):
        rng = Random(number)
        costs = {"minimum_stake": False}
        still = seeded_simulation(rng) | {"displacement": False, "unattributed": "none", "costs": costs} | AT_ONCE
        for message, row in lone_orders(tape, rng):
            later = [m for m in open_messages(tape) if m > message + 1][:400]
            if not later:
                continue
            stop, book = rng.choice(later), d.ATL if row["side"] == "BACK" else d.ATB
            runner = [info.selection_id for info in tape.info.runners].index(row["selection_id"])
            tick = int(np.argmin(abs(ODDS - row["odds"])))
            displayed = next(
                int(books[runner, book, tick]) for m, (_, books) in enumerate(tape.books()) if m == stop - 1
            )
            traded = [(d.PLACE, book, tick, 500), (d.TRADE, book, tick, 2 * (displayed + 500))]
            before = cumulative(tape, [row], still)
            after = cumulative(with_rows(tape, stop, traded, runner), [row], still)
            if before is not None and after is not None:
                assert after[stop] == 500, tape.market_id
                waiting += before[stop] < 500
    assert waiting > 10
