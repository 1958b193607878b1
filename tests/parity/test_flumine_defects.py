"""Where flumine and our preset of its name part: each of flumine's defects, reproduced in a few messages, and named."""

from __future__ import annotations

import pytest

from benchmarks.parity.comparing import NEVER_HEARD, REDUCTION
from benchmarks.parity.mends import AUCTION, DELAY, GHOST, IMAGES, LAPSING, REVALUED, WHOLE_LEVELS, WITHDRAWAL
from benchmarks.parity.table import KNOWN
from tests.parity.told import Cancel, Place, Told, at, matched, opening, runner, tell

QUIET = {"id": 22, "ltp": 3.0}
BACK = Place(0, "BACK", 2.02, 10)
SUSPENDED = {"status": "SUSPENDED", "version": 2}


def parts_by(told: Told, name: str) -> bool:
    """The two disagree, by this name alone, and nothing is left unexplained."""
    return told.names == {name} and not told.unexplained and told.theirs != told.ours


def test_every_name_a_disagreement_can_get_is_explained_in_the_table() -> None:
    assert set(KNOWN) == {
        AUCTION,
        DELAY,
        GHOST,
        IMAGES,
        LAPSING,
        NEVER_HEARD,
        REDUCTION,
        REVALUED,
        WHOLE_LEVELS,
        WITHDRAWAL,
    }


def test_both_agree_on_a_queue_a_fill_a_second_order_at_the_price_and_a_cancel() -> None:
    messages = [opening(), at(500, QUIET), at(1000, {"id": 11, "atl": [[2.02, 30]], "trd": [[2.02, 113.37]]})]
    messages += [at(2000, {"id": 11, "trd": [[2.02, 200]]}), at(3000, QUIET)]
    told = tell(
        messages,
        BACK,
        Place(0, "BACK", 2.02, 4),
        Place(0, "LAY", 2.04, 100),
        Place(0, "BACK", 2.2, 50),
        Cancel(1000, 3),
    )
    assert told.theirs == told.ours
    first, second, taker, _ = matched(told.ours)
    assert [(ms, odds) for ms, odds, _ in first] == [(1000, 2.02), (2000, 2.02)]
    assert sum(pounds for _, _, pounds in first) == pytest.approx(10)
    assert second == []  # its own £40 ahead of it only began to shrink when the first was full
    assert taker == [(0, 2.02, 40.0), (0, 2.04, 60.0)]
    assert told.ours[3].cancelled_pence == 5000


def test_a_revaluation_of_traded_volume_fills_flumines_orders() -> None:
    messages = [
        opening(),
        at(500, {"id": 11, "trd": [[2.0, 500]]}),
        at(1000, {"id": 11, "trd": [[2.0, 100], [2.02, 420]]}),
    ]
    told = tell([*messages, at(2000, QUIET)], BACK, Place(0, "BACK", 2.02, 5))
    assert matched(told.theirs) == [[(1000, 2.02, 10.0)], [(1000, 2.02, 5.0)]]
    assert matched(told.ours) == [[], []]
    assert parts_by(told, REVALUED)


def test_the_starting_price_auction_fills_flumines_limit_orders() -> None:
    near = 3_599_000
    messages = [
        opening(),
        at(near, QUIET),
        at(near + 500, **SUSPENDED),
        at(near + 900, {"id": 11, "trd": [[2.02, 400]]}),
    ]
    told = tell([*messages, at(near + 2000, QUIET)], Place(0, "BACK", 2.02, 10, persist=True))
    assert matched(told.theirs) == [[(near + 900, 2.02, 10.0)]]
    assert matched(told.ours) == [[]]
    assert parts_by(told, AUCTION)


def test_volume_that_an_image_brings_fills_flumines_orders() -> None:
    image = at(90_000, {"id": 11, "atb": [[2.0, 50]], "atl": [[2.02, 40]], "trd": [[2.02, 900]]}, img=True)
    told = tell([opening(), at(500, QUIET), image, at(95_000, QUIET)], BACK)
    assert matched(told.theirs) == [[(90_000, 2.02, 10.0)]]
    assert matched(told.ours) == [[]]
    assert parts_by(told, IMAGES)


def test_a_suspension_before_the_off_ends_flumines_lapse_orders() -> None:
    messages = [opening(), at(500, QUIET), at(1000, **SUSPENDED), at(2000, version=2)]
    told = tell([*messages, at(3000, {"id": 11, "trd": [[2.02, 200]]}), at(4000, QUIET)], BACK)
    assert matched(told.theirs) == [[]]
    assert matched(told.ours) == [[(3000, 2.02, 10.0)]]
    assert parts_by(told, LAPSING)


def test_unmatched_lays_survive_a_withdrawal_in_flumine() -> None:
    gone = {"runners": [runner(11), runner(22, "REMOVED", 25.0)]}
    messages = [opening(), at(500, QUIET), at(1000, **gone), at(2000, {"id": 11, "trd": [[2.0, 200]]}), at(3000, QUIET)]
    told = tell(messages, Place(0, "LAY", 2.0, 10))
    assert matched(told.theirs) == [[(2000, 2.0, 10.0)]]
    assert matched(told.ours) == [[]]
    assert parts_by(told, WITHDRAWAL)


def test_bets_on_a_runner_withdrawn_without_a_factor_stand_in_flumine() -> None:
    gone = {"runners": [runner(11), runner(22, "REMOVED")]}
    messages = [opening(), at(500, QUIET), at(1000, **gone), at(3000, {"id": 11, "ltp": 2.0})]
    told = tell(messages, Place(0, "BACK", 3.0, 10, selection_id=22))
    assert matched(told.theirs) == [[(0, 3.0, 10.0)]]
    assert matched(told.ours) == [[]]
    assert parts_by(told, WITHDRAWAL)


@pytest.mark.parametrize(("factor", "theirs", "ours"), [(25.0, 1.5, 1.75), (3.0, 1.94, 2.0)])
def test_place_markets_are_reduced_like_win_markets_in_flumine(factor: float, theirs: float, ours: float) -> None:
    gone = {"runners": [runner(11), runner(22, "REMOVED", factor)]}
    messages = [opening(marketType="PLACE"), at(500, QUIET), at(1000, marketType="PLACE", **gone), at(3000, QUIET)]
    told = tell(messages, Place(0, "BACK", 2.0, 10))
    assert matched(told.theirs) == [[(0, theirs, 10.0)]]
    assert matched(told.ours) == [[(0, ours, 10.0)]]
    assert parts_by(told, REDUCTION)


def test_an_order_due_just_when_a_message_is_published_joins_the_book_before_it_in_flumine() -> None:
    live = {"inPlay": True, "betDelay": 5}
    messages = [opening(**live), at(5120, {"id": 11, "atl": [[2.02, 20]]}), at(6000, {"id": 11, "trd": [[2.02, 70]]})]
    told = tell([*messages, at(7000, QUIET)], BACK)
    assert matched(told.theirs) == [[]]
    assert matched(told.ours) == [[(6000, 2.02, 5.0)]]
    assert parts_by(told, DELAY)


def test_the_bet_delay_of_an_order_on_its_way_at_the_turn_in_play_is_left_out_in_flumine() -> None:
    messages = [opening(), at(100, inPlay=True, betDelay=5), at(2000, {"id": 11, "trd": [[2.02, 120]]})]
    told = tell([*messages, at(5500, QUIET), at(7000, QUIET)], BACK)
    assert matched(told.theirs) == [[(2000, 2.02, 10.0)]]
    assert matched(told.ours) == [[]]
    assert parts_by(told, DELAY)


def test_an_ended_order_whose_cancel_fails_goes_on_using_up_volume_in_flumine() -> None:
    live = {"inPlay": True, "betDelay": 0}
    messages = [
        opening(**live),
        at(500, QUIET),
        at(600, **SUSPENDED, **live),
        at(1000, QUIET),
        at(2000, version=2, **live),
    ]
    messages += [at(3000, {"id": 11, "trd": [[2.02, 60]]}), at(4000, {"id": 11, "trd": [[2.02, 110]]}), at(5000, QUIET)]
    first, second = Place(0, "BACK", 2.02, 10), Place(0, "BACK", 2.02, 7, persist=True)
    told = tell(messages, first, second, Cancel(500, 0))
    assert matched(told.theirs) == [[], []]
    assert matched(told.ours) == [[], [(4000, 2.02, 5.0)]]
    assert parts_by(told, f"{GHOST} (of another order)")


def test_a_request_whose_time_falls_behind_the_last_message_is_never_heard_in_flumine() -> None:
    told = tell([opening(), at(500, QUIET)], Place(500, "BACK", 2.0, 10))
    assert [outcome.state for outcome in told.theirs] == ["pending"]
    assert matched(told.ours) == [[(500, 2.0, 10.0)]]
    assert parts_by(told, NEVER_HEARD)


def test_a_fill_or_kill_takes_whole_levels_only_in_flumine() -> None:
    book = {"id": 11, "atb": [[2.0, 50], [1.98, 1000]]}
    told = tell(
        [opening(), at(100, book), at(500, QUIET), at(900, QUIET)], Place(100, "BACK", 1.99, 1000, least_pounds=20)
    )
    assert matched(told.theirs) == [[(100, 2.0, 50.0)]]
    assert matched(told.ours) == [[(100, 2.0, 50.0), (100, 1.98, 50.0)]]
    assert parts_by(told, WHOLE_LEVELS)


@pytest.mark.parametrize("least", [99.69, 99.70, 1000.0])
def test_both_agree_on_a_thousand_pounds_fill_or_kill_against_99_69_on_offer(least: float) -> None:
    book = {"id": 11, "atb": [[2.5, 99.69]]}
    told = tell(
        [opening(), at(100, book), at(500, QUIET), at(900, QUIET)], Place(100, "BACK", 2.5, 1000, least_pounds=least)
    )
    assert told.theirs == told.ours
    assert matched(told.ours) == [[(100, 2.5, 99.69)] if least < 99.7 else []]
