"""What is measured on a tape: markets made by hand have known answers, real ones the articles' figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_books import OFF_DELAY_S, book, line, market

from simcore.errors import SimulationError
from simcore.research import EDGES_S, LEAN_EDGES, matched_by, measures_of
from simcore.streams import compile_stream


def window(seconds: int) -> int:
    """The window that ends at `seconds` before the off."""
    return EDGES_S.index(seconds)


def test_volume_is_one_sided_pounds_by_time_to_the_actual_off() -> None:
    opening = [book(1, 2.0, 2.02, (500, 500), trd=[[2.0, 200.0]])]  # £100 a side before the recording
    lines = [
        line(1700, {"id": 1, "atb": [[2.0, 490]], "trd": [[2.0, 220.0]]}),
        line(65, {"id": 1, "atb": [[2.0, 460]], "trd": [[2.0, 280.0]]}),
        line(4, {"id": 1, "atb": [[2.0, 400]], "trd": [[2.0, 400.0]]}),
    ]
    tape = market(2000, opening, lines)
    found = measures_of(tape)
    traded = {1200: 10.0, 60: 30.0, 0: 60.0}
    assert found.pounds.tolist() == [traded.get(edge, 0.0) for edge in EDGES_S]
    assert found.share[[window(2400), window(1800), window(1200), window(60), window(0)]].tolist() == [
        0,
        0.5,
        0.55,
        0.7,
        1,
    ]
    assert (found.matched_pounds, found.off_delay_s) == (200.0, OFF_DELAY_S)
    assert found.seconds[[window(2400), window(1800), window(0)]].tolist() == [0, 200, 5]


def test_liquidity_known_before_the_start_counts_what_was_told_by_then() -> None:
    opening = [book(1, 2.0, 2.02, (500, 500), trd=[[2.0, 200.0]])]
    lines = [
        line(OFF_DELAY_S + 60, {"id": 1, "atb": [[2.0, 490]], "trd": [[2.0, 220.0]]}),
        line(OFF_DELAY_S + 59, {"id": 1, "atb": [[2.0, 460]], "trd": [[2.0, 280.0]]}),
    ]
    tape = market(2000, opening, lines)
    assert [matched_by(tape, seconds) for seconds in (3000.0, 60.0, 59.0)] == [0.0, 110.0, 140.0]


def test_spread_is_the_mean_over_runners_and_the_longest_are_left_out() -> None:
    opening = [book(1, 2.0, 2.02), book(2, 3.0, 3.25), book(3, 50.0, 100.0)]
    widened = line(30, {"id": 1, "atl": [[2.02, 0], [2.06, 10]]})
    found = measures_of(market(700, opening, [line(500, {"id": 3, "atl": [[100.0, 20]]}), widened]))
    assert found.spread[window(60)] == (1 + 5) / 2
    assert found.favourite_spread[window(60)] == 1
    assert found.spread[window(10)] == (3 + 5) / 2
    assert found.favourite_spread[window(10)] == 3
    assert np.isnan(found.spread[: window(900) + 1]).all()


def swings(cycles: int, first_s: float, up: str = "heavy") -> list[str]:
    """A book that steps a tick up after it was heavy to back (0.8) and down after it was light (−0.6), or the other way."""
    heavy, light = ((90.0, 10.0), (20.0, 80.0)) if up == "heavy" else ((20.0, 80.0), (90.0, 10.0))
    lines = []
    for cycle in range(cycles):
        at_s = first_s - 2 * cycle
        high = {"id": 1, "atb": [[2.0, 0], [2.02, light[0]]], "atl": [[2.02, 0], [2.04, light[1]]]}
        low = {"id": 1, "atb": [[2.02, 0], [2.0, heavy[0]]], "atl": [[2.04, 0], [2.02, heavy[1]]]}
        lines += [line(at_s, high), line(at_s - 1, low)]
    return lines


def test_the_next_message_after_each_imbalance_is_counted_in_its_bucket() -> None:
    quiet = [line(590, {"id": 2, "atl": [[3.1, 11.0]]})]  # another runner's message is not the next one of this runner
    early = swings(20, 1000, up="light")
    lines = [*early, line(650, book(1, 2.0, 2.02, (90.0, 10.0))), *quiet, *swings(30, 580)]
    found = measures_of(market(1100, [book(1, 2.0, 2.02, (20.0, 80.0)), book(2, 3.0, 3.1)], lines))
    heavy, light = (int(np.flatnonzero(np.isclose(LEAN_EDGES, lean))[0]) for lean in (0.8, -0.6))
    assert (found.lean_messages[light], found.lean_ticks[light]) == (30, -30)
    assert (found.lean_messages[heavy], found.lean_ticks[heavy]) == (29, 29)
    assert found.lean_messages.sum() == 59, "nothing of before the last 10 minutes counts"


def test_a_new_image_closes_what_was_observed_before_it() -> None:
    lines = swings(10, 580)
    image = line(575.5, book(1, 2.5, 2.52), img=True)
    found = measures_of(market(700, [book(1, 2.0, 2.02, (90.0, 10.0))], [*lines[:5], image]))
    assert np.abs(found.lean_ticks).sum() == 4
    assert found.lean_messages.sum() == 4


def test_imbalance_that_always_tells_the_next_move_is_correlated_with_it() -> None:
    found = measures_of(market(1100, [book(1, 2.0, 2.02, (90.0, 10.0))], swings(90, 299)))
    assert found.correlation[1:4].tolist()[1] == pytest.approx(1.0)


def test_a_market_without_an_off_is_refused_by_name() -> None:
    tape = market(100, [book(1, 2.0, 2.02)], [])
    (unfinished,) = compile_stream([line(100, book(1, 2.0, 2.02), img=True, marketDefinition={"eventId": "9"})])
    assert measures_of(tape).market_id == "1.5"
    with pytest.raises(SimulationError, match=r"market 1\.5 neither turns in-play nor closes"):
        measures_of(unfinished)


def test_on_real_british_horses_the_articles_figures_are_recognised(
    recordings: Path, recordings_catalogue: list[dict[str, Any]]
) -> None:
    found = []
    for entry in recordings_catalogue:
        [about] = entry["markets"] if len(entry["markets"]) == 1 else [{}]
        kind = (about.get("event_type_id"), about.get("market_type"), about.get("country"))
        if kind == ("7", "WIN", "GB") and about["usable_for_replay"]:
            found += [measures_of(tape) for tape in compile_stream(recordings / entry["file"])]
        if len(found) == 2:
            break
    ticks = np.sum([one.lean_ticks for one in found], axis=0)
    messages = np.sum([one.lean_messages for one in found], axis=0)
    above, below = ticks[15:].sum() / messages[15:].sum(), ticks[:5].sum() / messages[:5].sum()
    assert 0.05 < above < 0.2, "about a tenth of a tick up where there is more to back"
    assert -0.2 < below < -0.05
    spread = np.nanmean([one.spread[window(60)] for one in found])
    assert 1.0 <= spread < 1.5, "about one tick"
