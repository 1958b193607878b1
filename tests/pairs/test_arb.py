"""A runner against the sum of its parts: a planted mispricing is taken net of commission, nothing else is."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import simcore
from simcore import PairResult
from simcore import dtypes as d
from simcore.errors import ModelError
from simcore.tapes.tape import Tape
from tests.pairs.made_pairs import OFF_MS, ended, exacta_market, renamed, ticking, win_market

ALDER = {"favourite": 0, "pick_s": 350, "start_s": 350, "stop_s": 60, "unwind_s": 40}
FREE = {"costs": {"commission": False}}


def fair() -> tuple[Tape, Tape]:
    """Alder at 2.9/2.92, its two combinations at 5.6/6.2: backing it and laying them, or the other way, loses a few percent."""
    return ended(ticking(win_market(2.9, 2.92)), 0), ended(ticking(exacta_market(5.6, 6.2)), 0)


def cheap_whole(pounds: float = 100, rate_percent: float = 5.0) -> tuple[Tape, Tape]:
    """Alder to back at 2.98 (33.6 %), its combinations to lay at 5.0 (20 % each): 6.4 % of payout before commission."""
    first = win_market(2.98, 3.0, pounds, rate_percent)
    return ended(ticking(first), 0), ended(ticking(exacta_market(4.9, 5.0, 100, rate_percent)), 0)


def dear_whole() -> tuple[Tape, Tape]:
    """Alder to lay at 2.5 (40 %), its combinations to back at 6.0 (16.7 % each): 6.7 % of payout before commission."""
    return ended(ticking(win_market(2.48, 2.5)), 0), ended(ticking(exacta_market()), 0)


def traded(tapes: tuple[Tape, Tape], preset: str = "both", simulation: Any = "default", **values: Any) -> PairResult:
    from simcore.strategies.arb import ARB

    return simcore.replay_pair(tapes, "arb", ARB.make(preset, ALDER | values), simulation, record=True)


def legs(result: PairResult) -> dict[str, tuple[float, float]]:
    table = result.legs
    return {
        name: (back, lay)
        for name, back, lay in zip(table["name"], table["backed_pounds"], table["laid_pounds"], strict=True)
    }


def fills(result: PairResult) -> pd.DataFrame:
    assert result.first.fills is not None
    assert result.second.fills is not None
    return pd.concat([result.first.fills, result.second.fills])


@pytest.mark.parametrize("preset", ["both", "back-whole", "lay-whole"])
def test_fair_prices_are_left_alone(preset: str) -> None:
    result = traded(fair(), preset)
    assert (result.first.places, result.second.places, result.pnl_pence) == (0, 0, 0)
    assert result.first.polls > 100


def test_a_cheap_whole_is_backed_and_its_parts_are_laid_for_a_profit_whoever_wins() -> None:
    """£20 of payout: £6.72 on Alder at 2.98, £4 each against its combinations at 5.0."""
    tapes = cheap_whole()
    result = traded(tapes, max_exposure_pounds=19)
    assert legs(result) == {"1. Alder": (6.72, 0.0), "1 - 2": (0.0, 4.0), "1 - 3": (0.0, 4.0)}
    assert fills(result)["how"].eq("aggressive").all()
    assert fills(result)["time_ms"].nunique() == 1
    assert result.worst_outcome_pence >= 0.06 * 2000
    for winner in range(3):
        second = {0: 0, 1: 2, 2: 4}[winner]
        other = ended(ticking(win_market(2.98, 3.0)), winner), ended(ticking(exacta_market(4.9, 5.0)), second)
        settled = traded(other, max_exposure_pounds=19)
        assert settled.pnl_pence >= 0.01 * 2000
        assert settled.worst_outcome_pence <= settled.gross_pence <= settled.best_outcome_pence


def test_a_dear_whole_is_laid_and_its_parts_are_backed() -> None:
    result = traded(dear_whole(), max_exposure_pounds=13)
    assert legs(result) == {"1. Alder": (0.0, 8.0), "1 - 2": (3.34, 0.0), "1 - 3": (3.34, 0.0)}
    assert result.pnl_pence > 0


@pytest.mark.parametrize(("preset", "tapes"), [("lay-whole", cheap_whole()), ("back-whole", dear_whole())])
def test_a_preset_of_one_direction_leaves_the_other_alone(preset: str, tapes: tuple[Tape, Tape]) -> None:
    assert traded(tapes, preset).first.places == 0


def test_commission_in_each_market_is_weighed_before_anything_is_sent() -> None:
    """6.4 % before commission: at 8 % the winning whole costs 5.3 % of payout and 1.1 % are left, at 10 % nothing is."""
    assert traded(cheap_whole(rate_percent=8)).first.places > 0
    assert traded(cheap_whole(rate_percent=8), least_edge_percent=1.2).first.places == 0
    assert traded(cheap_whole(rate_percent=10)).first.places == 0
    assert traded(cheap_whole(rate_percent=10), simulation=FREE).first.places > 0


def test_fewer_contracts_of_the_parts_leave_commission_on_the_whole_its_share() -> None:
    """5 % of the winnings on Alder are 3.3 % of payout, of those on the combinations 2 %: with 0.985 parts both outcomes earn
    about the same after commission, more than the worse one with as many parts as wholes."""
    outcomes = {}
    for ratio in (1.0, 0.985):
        pnl = []
        for winner, combination in ((0, 0), (1, 2)):
            tapes = ended(ticking(win_market(2.98, 3.0)), winner), ended(ticking(exacta_market(4.9, 5.0)), combination)
            pnl.append(traded(tapes, parts_ratio=ratio, contracts_pounds=200, max_exposure_pounds=190).pnl_pence)
        outcomes[ratio] = pnl
    assert min(outcomes[0.985]) > min(outcomes[1.0])
    assert abs(outcomes[0.985][0] - outcomes[0.985][1]) < 100


def test_a_package_is_as_large_as_the_smallest_offer_and_no_smaller_than_asked() -> None:
    """£4 of Alder at 2.98 is £11.92 of payout; £3 is £8.94, under the least package of £10."""
    result = traded(cheap_whole(pounds=4), "both", {"refill": "never"})
    assert legs(result) == {"1. Alder": (4.0, 0.0), "1 - 2": (0.0, 2.39), "1 - 3": (0.0, 2.39)}
    assert traded(cheap_whole(pounds=3)).first.places == 0


def test_no_leg_is_carried_beyond_its_exposure() -> None:
    """Every lay of £5 of stake at 5.0 may lose £20: a limit of £60 is three packages."""
    result = traded(cheap_whole(), contracts_pounds=25, max_exposure_pounds=60)
    table = result.legs
    assert table["win_pounds"].min() >= -60.5
    assert table["lose_pounds"].min() >= -60.5
    assert table["contracts_pounds"].abs().max() == pytest.approx(75, abs=0.5)


def missed(*, returns: bool) -> tuple[Tape, Tape]:
    """Alder is backed, but what could be laid on one combination is gone before our lay arrives; it returns worse, or never."""
    second = exacta_market(4.9, 5.0)
    for after_ms in range(1000, OFF_MS, 1000):
        second.at(after_ms)
        if after_ms == 51_000:
            second.cancel(d.ATL, 5.0, 100, 1)
        if after_ms == 70_000 and returns:
            second.place(d.ATL, 5.1, 100, 1)
    first = win_market(2.98, 3.0)
    for after_ms in range(1000, OFF_MS, 1000):
        first.at(after_ms)
    return ended(first, 0), ended(second, 0)


MISS = {"poll_ms": 1000, "place_ms": 1000, "observe_ms": 0, "costs": {"commission": False}}


@pytest.mark.lane
def test_a_leg_that_missed_is_completed_where_the_package_still_bears_it() -> None:
    result = traded(missed(returns=True), "both", MISS, max_exposure_pounds=19)
    assert legs(result) == {"1. Alder": (6.72, 0.0), "1 - 2": (0.0, 4.0), "1 - 3": (0.0, 3.93)}
    assert result.worst_outcome_pence > 100


@pytest.mark.lane
def test_a_leg_that_missed_is_not_chased_beyond_the_loss_accepted_and_the_rest_is_unwound() -> None:
    """Completing at 5.1 leaves 6 % of payout: too little for one who wants 6.2 %."""
    values = {"least_edge_percent": 6.3, "accept_loss_percent": -6.2, "max_exposure_pounds": 19}
    result = traded(missed(returns=True), "both", MISS, **values)
    table = result.legs.set_index("name")
    assert table.loc["1 - 3", "laid_pounds"] == 0.0
    assert table.loc["1. Alder", "laid_pounds"] > 0
    assert table["contracts_pounds"].abs().max() < 0.5
    assert result.residual_pence < 60


@pytest.mark.lane
def test_a_leg_that_missed_and_is_held_to_settlement_is_reported_as_residual() -> None:
    result = traded(missed(returns=False), "both", MISS, unwind_s=None, max_exposure_pounds=19)
    assert legs(result) == {"1. Alder": (6.72, 0.0), "1 - 2": (0.0, 4.0), "1 - 3": (0.0, 0.0)}
    assert result.residual_pence == pytest.approx(2000, abs=10)
    assert result.best_outcome_pence - result.worst_outcome_pence == result.residual_pence


def test_joining_rests_the_whole_in_its_queue_and_crosses_the_parts_once_it_is_matched() -> None:
    """Alder 2.98 to back, 3.0 to lay: our BACK waits at 3.0 behind £10 and is matched 100 s later."""
    first = win_market(2.98, 3.0, pounds=10)
    for after_ms in range(1000, OFF_MS, 1000):
        first.at(after_ms)
        if after_ms == 150_000:
            first.trade(d.ATL, 3.0, 10).place(d.ATL, 3.0, 10)
        if after_ms in (150_100, 151_000):
            first.trade(d.ATL, 3.0, 9).place(d.ATL, 3.0, 9)
    tapes = ended(first, 0), ended(ticking(exacta_market(4.9, 5.0)), 0)
    result = traded(tapes, "both-join", max_exposure_pounds=19)
    assert result.first.fills is not None
    assert result.second.fills is not None
    assert result.first.fills["how"].eq("passive").all()
    assert result.first.fills["odds"].eq(3.0).all()
    assert result.second.fills["how"].eq("aggressive").all()
    assert result.second.fills["time_ms"].min() > result.first.fills["time_ms"].min()
    assert result.worst_outcome_pence > 0


def test_a_suspended_market_gets_no_requests_and_entries_wait_for_it() -> None:
    second = exacta_market(4.9, 5.0).at(2000).status(d.SUSPENDED)
    for after_ms in range(3000, OFF_MS, 1000):
        second.at(after_ms)
        if after_ms == 200_000:
            second.status(d.OPEN)
    tapes = ended(ticking(win_market(2.98, 3.0)), 0), ended(second, 0)
    result = traded(tapes, max_exposure_pounds=19)
    assert fills(result)["time_ms"].min() > tapes[0].message_ms[0] + 200_000
    assert sum(result.first.refusals) + sum(result.second.refusals) == 0


def test_a_runner_withdrawn_from_the_second_market_is_no_part_any_more() -> None:
    """1 - 3 is withdrawn: 1 - 2 alone is what the win of Alder, third favourite here, pays then."""
    second = exacta_market(2.9, 2.92)
    second.at(2000).row(d.REMOVED, runner=1, size=0)
    tapes = ended(ticking(win_market(3.5, 3.55)), 0), ended(ticking(second, first_second=3), 0)
    result = traded(tapes, favourite=2, max_exposure_pounds=19)
    assert legs(result)["1 - 2"][1] > 0
    assert legs(result)["1 - 3"] == (0.0, 0.0)
    assert result.worst_outcome_pence > 0


def test_every_runner_is_traded_with_its_own_parts_where_asked() -> None:
    """Alder is cheap and Cedar dear; Birch is fair."""
    first = ticking(win_market(2.98, 3.0))
    second = exacta_market(4.9, 5.0)
    tapes = ended(first, 0), ended(ticking(second), 0)
    result = traded(tapes, runners="every", max_exposure_pounds=19)
    assert set(result.legs["group"]) == {0, 1, 2}
    assert len(result.legs) == 9
    matched = result.legs[(result.legs["backed_pounds"] > 0) | (result.legs["laid_pounds"] > 0)]
    assert set(matched["group"]) == {0}


def test_parts_may_be_given_by_selection_ids_and_mistakes_in_them_are_named() -> None:
    tapes = cheap_whole()
    unnamed = tapes[0], renamed(tapes[1], *["" for _ in range(6)])
    with pytest.raises(ModelError, match="the recording has no runner names; give `parts` by selection ids"):
        traded(unnamed)
    given = traded(unnamed, parts={100: (200, 201)}, max_exposure_pounds=19)
    assert given.pnl_pence == traded(tapes, max_exposure_pounds=19).pnl_pence
    with pytest.raises(ModelError, match=r"names selection 7, which market 1\.2 \(EXACTA\) has 0 times"):
        traded(tapes, parts={100: (200, 7)})
    with pytest.raises(ModelError, match="belongs to several runners"):
        traded(tapes, parts={100: (200, 201), 101: (201, 203)})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"start_s": 400}, "`pick_s >= start_s > stop_s` must hold"),
        ({"unwind_s": 100}, "`unwind_s <= stop_s` must hold"),
        ({"least_contracts_pounds": 30}, "`least_contracts_pounds <= contracts_pounds` must hold"),
        ({"least_edge_percent": -3}, "no leg that missed would ever be completed"),
        ({"parts": {"Alder": (200,)}}, "`parts` must have selection ids as keys, got 'Alder'"),
        ({"direction": "up"}, "Invalid enum value 'up'"),
        ({"edge": 1}, "unknown field `edge`"),
    ],
)
def test_parameters_that_make_no_sense_are_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        traded(cheap_whole(), **values)
