"""What market definitions become: status rows when something changes, and nothing before it is known."""

from __future__ import annotations

import pytest
from made_streams import START_MS, definition, line, opening, rows_of

from simcore.errors import RecordingError
from simcore.streams import compile_lines, compile_stream
from simcore.tapes.tape import Tape

BOOK = {"id": 11, "atb": [[2.0, 100]]}


def tape_of(*lines: str) -> Tape:
    (tape,) = compile_stream(lines)
    return tape


def runners(**first: object) -> list[dict[str, object]]:
    return [{"id": 11, "status": "ACTIVE", "sortPriority": 1} | first, {"id": 22, "status": "ACTIVE"}]


def test_the_first_definition_says_everything_and_the_next_only_what_changed() -> None:
    tape = tape_of(opening(BOOK), line(1, marketDefinition=definition(status="SUSPENDED", betDelay=5)))
    kinds = [kind for kind, *_ in rows_of(tape, 0)]
    assert kinds == ["IMAGE", "START", "STATUS", "IN_PLAY", "BET_DELAY", "WINNERS", "PLACE"]
    assert rows_of(tape, 1) == [("STATUS", "-", -1, -1, 1), ("BET_DELAY", "-", -1, -1, 5)]


def test_a_revised_start_is_a_later_row_and_the_first_stays_first() -> None:
    later = definition(marketTime="2024-03-01T12:07:30.000Z")
    tape = tape_of(opening(BOOK), line(1, marketDefinition=later), line(2, marketDefinition=definition()))
    assert (tape.start_ms - START_MS).tolist() == [0, 450_000, 0]
    assert rows_of(tape, 1) == [("START", "-", -1, -1, 1)]
    assert rows_of(tape, 2) == [("START", "-", -1, -1, 2)]


def test_a_removal_carries_its_reduction_factor_in_hundredths() -> None:
    removed = definition(runners=runners(status="REMOVED", adjustmentFactor=23.981))
    tape = tape_of(opening(BOOK), line(1, marketDefinition=removed))
    assert rows_of(tape, 1) == [("REMOVED", "-", 0, -1, 2398)]


def test_the_starting_price_is_on_the_tape_only_once_it_is_reconciled() -> None:
    shown = runners(bsp=2.0900925)
    early = line(1, marketDefinition=definition(runners=shown))
    final = line(2, marketDefinition=definition(runners=shown, bspReconciled=True))
    tape = tape_of(opening(BOOK), early, final)
    assert rows_of(tape, 1) == []
    assert rows_of(tape, 2) == [("STARTING_PRICE", "-", 0, -1, 209)]


def test_starting_prices_that_are_words_are_none() -> None:
    words = [{"id": 11, "bsp": "NaN"}, {"id": 22, "bsp": "Infinity"}]
    tape = tape_of(opening(BOOK), line(1, marketDefinition=definition(runners=words, bspReconciled=True)))
    assert rows_of(tape, 1) == []


def test_the_result_is_a_row_a_runner() -> None:
    won = [{"id": 11, "status": "WINNER"}, {"id": 22, "status": "LOSER"}]
    tape = tape_of(opening(BOOK), line(1, marketDefinition=definition(status="CLOSED", runners=won)))
    assert rows_of(tape, 1)[1:] == [("RESULT", "-", 0, -1, 1), ("RESULT", "-", 1, -1, 0)]


def test_facts_come_from_the_first_definition_only() -> None:
    tape = tape_of(opening(BOOK, marketBaseRate=7.0), line(1, marketDefinition=definition(marketBaseRate=2.0)))
    assert tape.info.market_base_rate_percent == 7.0


def test_a_runner_added_later_comes_last() -> None:
    added = [{"id": 33, "status": "ACTIVE"}, *runners()]
    tape = tape_of(opening(BOOK), line(1, marketDefinition=definition(runners=added)))
    assert [runner.selection_id for runner in tape.info.runners] == [11, 22, 33]


@pytest.mark.parametrize("ladder", ["FINEST", "LINE_RANGE"])
def test_a_market_on_another_price_ladder_is_refused_by_its_name(ladder: str) -> None:
    with pytest.raises(RecordingError, match=f"1.111: its price ladder is {ladder}, only CLASSIC"):
        tape_of(opening(BOOK, priceLadderDefinition={"type": ladder}))


def test_a_displayed_price_off_the_ladder_refuses_the_market_and_not_its_neighbours() -> None:
    bad = line(0, {"id": 5, "atb": [[2.11, 4]]}, market="1.222", img=True)
    file = compile_lines("x", [opening(BOOK).encode(), bad.encode()])
    assert [market.tape.market_id for market in file.markets] == ["1.111"]
    assert file.refused_markets == {"1.222": "the displayed price 2.11 is not on the CLASSIC ladder"}


def test_a_stream_without_a_ladder_is_refused_as_basic_and_one_with_virtual_prices_only_by_that() -> None:
    with pytest.raises(RecordingError, match="BASIC: its stream holds no ladder"):
        tape_of(opening({"id": 11, "ltp": 2.0}))
    with pytest.raises(RecordingError, match="only display prices with virtual bets"):
        tape_of(opening({"id": 11, "bdatb": [[0, 2.0, 3]]}))
    with pytest.raises(RecordingError, match="only the market definition"):
        tape_of(opening())


def test_a_stream_without_any_definition_becomes_a_tape_without_facts() -> None:
    tape = tape_of(line(0, BOOK))
    assert not tape.info.has_definition
    assert len(tape.start_ms) == 0


def test_nulls_of_a_recorder_are_taken_for_what_it_does_not_know() -> None:
    silent = {"sortPriority": None, "adjustmentFactor": None, "hc": None}
    tape = tape_of(opening(BOOK, venue=None, name=None, runners=runners(**silent)))
    assert tape.info.venue == ""
    assert tape.n_runners == 2
