"""What a change of the book and of traded volume must have been: the rules of the tape, one by one."""

from __future__ import annotations

from made_streams import START_MS, definition, line, opening, rows_of

from simcore.streams import compile_lines, compile_stream
from simcore.tapes.tape import Tape


def tape_of(*lines: str) -> Tape:
    (tape,) = compile_stream(lines)
    return tape


BOOK = {"id": 11, "atb": [[2.0, 100], [1.99, 50]], "atl": [[2.02, 80], [2.04, 40]]}


def test_the_side_that_fell_was_hit_and_half_of_the_volume_left_it() -> None:
    tape = tape_of(opening(BOOK), line(1, {"id": 11, "atb": [[2.0, 90]], "trd": [[2.0, 20]]}))
    assert rows_of(tape, 1) == [("TRADE", "ATB", 0, 200, 2000)]


def test_entries_of_one_runner_in_one_message_are_read_together() -> None:
    apart = line(1, {"id": 11, "atl": [[2.02, 75]]}, {"id": 22, "ltp": 3.0}, {"id": 11, "trd": [[2.02, 10]]})
    tape = tape_of(opening(BOOK), apart)
    assert ("TRADE", "ATL", 0, 202, 1000) in rows_of(tape, 1)
    assert not any(kind in ("CANCEL", "TRADE_UNATTRIBUTED") for kind, *_ in rows_of(tape, 1))


def test_more_traded_than_displayed_was_placed_before_the_trade() -> None:
    tape = tape_of(opening(BOOK), line(1, {"id": 11, "atb": [[2.0, 0]], "trd": [[2.0, 300]]}))
    assert rows_of(tape, 1) == [("PLACE", "ATB", 0, 200, 5000), ("TRADE", "ATB", 0, 200, 30000)]


def test_what_the_trade_does_not_explain_is_cancelled_or_placed() -> None:
    less = tape_of(opening(BOOK), line(1, {"id": 11, "atb": [[2.0, 60]], "trd": [[2.0, 20]]}))
    assert rows_of(less, 1) == [("TRADE", "ATB", 0, 200, 2000), ("CANCEL", "ATB", 0, 200, 3000)]
    more = tape_of(opening(BOOK), line(1, {"id": 11, "atb": [[2.0, 95]], "trd": [[2.0, 20]]}))
    assert rows_of(more, 1) == [("TRADE", "ATB", 0, 200, 2000), ("PLACE", "ATB", 0, 200, 500)]


def test_a_sweep_is_one_run_of_trades_best_price_first() -> None:
    swept = line(1, {"id": 11, "trd": [[2.04, 20], [2.02, 160]], "atl": [[2.04, 30], [2.02, 0]]})
    tape = tape_of(opening(BOOK), swept)
    assert rows_of(tape, 1) == [("TRADE", "ATL", 0, 202, 16000), ("TRADE", "ATL", 0, 204, 2000)]
    down = line(1, {"id": 11, "trd": [[1.99, 20], [2.0, 200]], "atb": [[1.99, 40], [2.0, 0]]})
    assert rows_of(tape_of(opening(BOOK), down), 1) == [("TRADE", "ATB", 0, 200, 20000), ("TRADE", "ATB", 0, 199, 2000)]


def test_both_sides_hit_are_two_aggressors_the_backer_first() -> None:
    both = line(1, {"id": 11, "atb": [[2.0, 90]], "atl": [[2.02, 70]], "trd": [[2.02, 20], [2.0, 20]]})
    tape = tape_of(opening(BOOK), both)
    assert rows_of(tape, 1) == [("TRADE", "ATB", 0, 200, 2000), ("TRADE", "ATL", 0, 202, 2000)]
    (file,) = [compile_lines("x", [opening(BOOK).encode(), both.encode()])]
    assert file.markets[0].facts["both_sides"] == 1


def test_a_refilled_level_is_told_by_the_touch_before_the_message() -> None:
    at_back = tape_of(opening(BOOK), line(1, {"id": 11, "trd": [[2.0, 20]]}))
    assert rows_of(at_back, 1) == [("TRADE", "ATB", 0, 200, 2000), ("PLACE", "ATB", 0, 200, 1000)]
    beyond = tape_of(opening(BOOK), line(1, {"id": 11, "trd": [[2.06, 20]]}))
    assert rows_of(beyond, 1) == [("PLACE", "ATL", 0, 206, 1000), ("TRADE", "ATL", 0, 206, 2000)]


def test_a_trade_inside_the_spread_is_unattributed_and_takes_nothing() -> None:
    wide = {"id": 11, "atb": [[2.0, 100]], "atl": [[2.2, 80]]}
    tape = tape_of(opening(wide), line(1, {"id": 11, "trd": [[2.1, 21]]}))
    assert rows_of(tape, 1) == [("TRADE_UNATTRIBUTED", "-", 0, 210, 2100)]


def test_odd_pence_stay_two_sided_and_the_book_loses_the_whole_half() -> None:
    tape = tape_of(opening(BOOK), line(1, {"id": 11, "atb": [[2.0, 99.5]], "trd": [[2.0, 1.01]]}))
    assert rows_of(tape, 1) == [("TRADE", "ATB", 0, 200, 101)]
    assert tape.book_at(int(tape.message_ms[-1]))[11].available_to_back[0] == (2.0, 99.5)


def test_traded_volume_of_the_first_image_is_history() -> None:
    tape = tape_of(opening(BOOK | {"trd": [[2.0, 500]]}))
    assert ("HISTORY", "-", 0, 200, 50000) in rows_of(tape, 0)


def test_volume_across_an_image_fills_nobody_and_what_the_image_leaves_out_is_gone() -> None:
    image = line(9, {"id": 11, "atb": [[2.0, 100]], "trd": [[2.0, 60]]}, img=True, marketDefinition=definition())
    tape = tape_of(opening(BOOK, {"id": 22, "atb": [[3.0, 5]]}), line(1, {"id": 11, "trd": [[2.0, 20]]}), image)
    rows = rows_of(tape, 2)
    assert rows[0] == ("IMAGE", "-", -1, -1, 0)
    assert ("HISTORY", "-", 0, 200, 4000) in rows
    assert ("CANCEL", "ATB", 1, 300, 500) in rows
    assert not any(kind == "TRADE" for kind, *_ in rows)
    assert tape.book_at(int(tape.message_ms[-1]))[11].available_to_lay == []


def test_volume_after_a_lost_line_or_a_new_subscription_fills_nobody() -> None:
    trade = line(5, {"id": 11, "atb": [[2.0, 90]], "trd": [[2.0, 20]]})
    damaged = tape_of(opening(BOOK), '{"op":"mcm","pt":17', trade)
    assert ("HISTORY", "-", 0, 200, 2000) in rows_of(damaged, 1)
    again = trade.replace('"op": "mcm"', '"op": "mcm", "ct": "RESUB_DELTA"')
    assert ("HISTORY", "-", 0, 200, 2000) in rows_of(tape_of(opening(BOOK), again), 1)
    assert ("TRADE", "ATB", 0, 200, 2000) in rows_of(tape_of(opening(BOOK), trade), 1)


def test_a_stream_that_begins_in_the_middle_takes_the_first_sight_of_a_price_for_history() -> None:
    begin = line(0, marketDefinition=definition())
    first = line(1, {"id": 11, "atb": [[2.0, 100]]})
    sight = line(2, {"id": 11, "atb": [[2.0, 90]], "trd": [[2.0, 900]]})
    later = line(3, {"id": 11, "atb": [[2.0, 80]], "trd": [[2.0, 920]]})
    tape = tape_of(begin, first, sight, later)
    assert ("HISTORY", "-", 0, 200, 90000) in rows_of(tape, 2)
    assert rows_of(tape, 3) == [("TRADE", "ATB", 0, 200, 2000)]


def test_an_official_file_begins_with_the_market_so_its_first_volume_was_traded() -> None:
    lines = [line(0, marketDefinition=definition()), line(1, {"id": 11, "atb": [[2.0, 100]]})]
    lines.append(line(2, {"id": 11, "atb": [[2.0, 90]], "trd": [[2.0, 20]]}))
    tape = tape_of(*(text.replace('"AAA"', '"4402"') for text in lines))
    assert rows_of(tape, 2) == [("TRADE", "ATB", 0, 200, 2000)]


def test_rises_balanced_by_falls_of_the_same_runner_are_no_trades() -> None:
    before = opening(BOOK | {"trd": [[2.0, 100], [2.5, 60]]})
    moved = line(1, {"id": 11, "trd": [[2.0, 160], [2.5, 0]]})
    tape = tape_of(before, moved)
    assert sorted(rows_of(tape, 1)) == [("REPRICED", "-", 0, 200, 6000), ("TRADED_FALL", "-", 0, 250, 6000)]


def test_a_small_fall_reprices_only_as_much_as_fell() -> None:
    before = opening(BOOK | {"trd": [[3.0, 1]]})
    tape = tape_of(before, line(1, {"id": 11, "atb": [[2.0, 90]], "trd": [[2.0, 20], [3.0, 0.98]]}))
    assert ("TRADE", "ATB", 0, 200, 1998) in rows_of(tape, 1)
    assert ("REPRICED", "-", 0, 200, 2) in rows_of(tape, 1)


def test_volume_at_a_price_off_the_ladder_is_repriced() -> None:
    tape = tape_of(opening(BOOK), line(1, {"id": 11, "trd": [[8.46, 900]]}))
    assert rows_of(tape, 1) == [("REPRICED", "-", 0, -1, 90000)]


def suspended(pt: int, *entries: dict[str, object], **changes: object) -> str:
    return line(pt, *entries, marketDefinition=definition(status="SUSPENDED", **changes))


OFF = 3_600_000


def test_volume_that_appears_in_the_suspension_at_the_off_is_the_starting_price_reconciliation() -> None:
    tape = tape_of(opening(BOOK), suspended(OFF, {"id": 11, "trd": [[2.02, 300]]}))
    assert rows_of(tape, 1)[-1] == ("RECONCILED", "-", 0, 202, 30000)
    later = tape_of(opening(BOOK), suspended(OFF), line(OFF + 50, {"id": 11, "trd": [[2.02, 300]]}))
    assert rows_of(later, 2) == [("RECONCILED", "-", 0, 202, 30000)]


def test_volume_while_suspended_long_before_the_off_or_in_play_or_without_bsp_is_repriced() -> None:
    volume = {"id": 11, "trd": [[2.02, 300]]}
    early = tape_of(opening(BOOK), suspended(10), line(20, volume))
    assert rows_of(early, 2) == [("REPRICED", "-", 0, 202, 30000)]
    in_play = tape_of(opening(BOOK), suspended(OFF, inPlay=True), line(OFF + 20, volume))
    assert rows_of(in_play, 2) == [("REPRICED", "-", 0, 202, 30000)]
    no_bsp = tape_of(opening(BOOK, bspMarket=False), suspended(OFF, bspMarket=False), line(OFF + 20, volume))
    assert rows_of(no_bsp, 2) == [("REPRICED", "-", 0, 202, 30000)]


def test_a_suspension_for_a_removal_near_the_off_reprices_everybody() -> None:
    moved = line(OFF + 5, {"id": 11, "trd": [[1.9, 40], [2.0, 0]]}, {"id": 22, "trd": [[3.0, 10]]})
    tape = tape_of(opening(BOOK | {"trd": [[2.0, 40]]}), suspended(OFF), moved)
    assert ("REPRICED", "-", 1, 300, 1000) in rows_of(tape, 2)
    assert not any(kind == "RECONCILED" for kind, *_ in rows_of(tape, 2))


def test_an_empty_list_of_traded_volume_clears_it() -> None:
    tape = tape_of(opening(BOOK | {"trd": [[2.0, 40], [1.9, 3]]}), line(1, {"id": 11, "trd": []}))
    assert sorted(rows_of(tape, 1)) == [("TRADED_FALL", "-", 0, 190, 300), ("TRADED_FALL", "-", 0, 200, 4000)]


def test_volume_after_a_fall_counts_from_what_is_left() -> None:
    lines = [opening(BOOK | {"trd": [[2.0, 40]]}), line(1, {"id": 11, "trd": [[2.0, 30]]})]
    tape = tape_of(*lines, line(2, {"id": 11, "atb": [[2.0, 95]], "trd": [[2.0, 40]]}))
    assert rows_of(tape, 2) == [("TRADE", "ATB", 0, 200, 1000)]


def test_best_offers_by_level_become_the_ladder_and_virtual_ones_never_do() -> None:
    first = {"id": 11, "batb": [[0, 2.0, 10], [1, 1.99, 20]], "batl": [[0, 2.02, 5]], "bdatb": [[0, 2.01, 99]]}
    moved = {"id": 11, "batb": [[0, 2.02, 7], [1, 2.0, 10]]}
    tape = tape_of(opening(first), line(1, moved))
    book = tape.book_at(int(tape.message_ms[1]))[11]
    assert book.available_to_back == [(2.02, 7.0), (2.0, 10.0)]
    assert book.available_to_lay == [(2.02, 5.0)]


def test_a_full_ladder_wins_over_best_offers_in_the_same_stream() -> None:
    both = {"id": 11, "atb": [[2.0, 10], [1.5, 3]], "batb": [[0, 2.0, 10]]}
    tape = tape_of(opening(both), line(1, {"id": 11, "batb": [[0, 2.0, 77]]}))
    assert tape.book_at(int(tape.message_ms[1]))[11].available_to_back == [(2.0, 10.0), (1.5, 3.0)]


def test_a_full_ladder_that_shows_up_later_replaces_the_best_offers() -> None:
    tape = tape_of(opening({"id": 11, "batb": [[0, 2.0, 10]]}), line(1, {"id": 11, "atb": [[1.9, 3]]}))
    assert tape.book_at(int(tape.message_ms[1]))[11].available_to_back == [(1.9, 3.0)]


def test_runners_with_one_selection_id_and_two_handicaps_are_two_runners() -> None:
    lines = [line(0, {"id": 11, "hc": -1.5, "atb": [[2.0, 1]]}, {"id": 11, "hc": 1.5, "atb": [[3.0, 2]]}, img=True)]
    tape = tape_of(*lines)
    books = tape.book_at(int(tape.message_ms[0]))
    assert books[(11, -1.5)].available_to_back == [(2.0, 1.0)]
    assert books[(11, 1.5)].available_to_back == [(3.0, 2.0)]


def test_publication_that_goes_back_is_held_and_counted() -> None:
    lines = [opening(BOOK), line(50, {"id": 11, "ltp": 2.0}), line(20, {"id": 11, "ltp": 2.02})]
    file = compile_lines("x", [text.encode() for text in lines])
    tape = file.markets[0].tape
    assert (tape.message_ms - START_MS + 3_600_000).tolist() == [0, 50, 50]
    assert file.markets[0].facts["clock_back"] == 1


def test_a_size_beyond_one_row_becomes_several() -> None:
    tape = tape_of(opening({"id": 11, "atb": [[1.01, 50_000_000]]}), line(1, {"id": 11, "ltp": 1.01}))
    assert tape.book_at(int(tape.message_ms[1]))[11].available_to_back == [(1.01, 50_000_000.0)]
    assert (tape.kind == 0).sum() == 3
    assert rows_of(tape, 1) == [("LAST_TRADED", "-", 0, 101, 0)]
