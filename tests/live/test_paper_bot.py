"""What a paper bot does on a market whose every message is known."""

from __future__ import annotations

from typing import Any

import pytest

from simcore.dtypes import BACK, LAY
from simcore.streams.messages import Message
from sweeps.export import Export
from sweeps.live.paper import Event, PaperBot
from tests.live.conftest import NO_DELAYS, MakeExport
from tests.live.stream import FAVOURITE, OUTSIDER, START_MS, definition, ladder, message, opening


@pytest.fixture
def export(make_export: MakeExport) -> Export:
    """Backs £5 of the favourite from 180 s to 60 s, leaves at 20 s; no delays, looks at every message."""
    return make_export("daf", "long", delays=NO_DELAYS, poll_ms=0)


def play(export: Export, *messages: Message) -> tuple[PaperBot, list[Event]]:
    bot = PaperBot(export, "1.1")
    events: list[Event] = []
    for each in messages:
        events += bot.receive(each.mc or [], each.pt or 0)
    return bot, events


def brief(events: list[Event]) -> list[tuple[Any, ...]]:
    """(seconds before the start, what, side, odds, pounds)"""
    return [((START_MS - e.published_ms) / 1000, e.what, e.side, e.odds, e.pounds) for e in events]


def test_the_favourite_is_picked_at_its_time_and_its_queue_joined_in_the_window(export: Export) -> None:
    bot, events = play(export, opening(), message(299), message(181), message(180))
    assert brief(events) == [(299.0, "pick", 0, 0.0, 0.0), (180.0, "place", BACK, 2.02, 5.0)]
    assert {event.runner for event in events} == {(FAVOURITE, 0.0)}
    assert [(order.pence, order.rests_in) for order in bot.orders] == [(500, 1)]


def test_a_withdrawn_favourite_is_not_picked(export: Export) -> None:
    gone = message(350, marketDefinition=definition(removed=(FAVOURITE,)))
    _, events = play(export, opening(), gone, message(299))
    assert [event.runner for event in events] == [(OUTSIDER, 0.0)]


def test_a_quote_follows_the_market_cancel_first_then_place(export: Export) -> None:
    moved = message(100, ladder(FAVOURITE, [[2.0, 50]], [[2.02, 0], [2.04, 50]]))
    _, events = play(export, opening(), message(180), moved, message(99))
    assert brief(events)[1:] == [
        (180.0, "place", BACK, 2.02, 5.0),
        (100.0, "cancel", BACK, 2.02, 5.0),
        (99.0, "place", BACK, 2.04, 5.0),
    ]


def test_a_resting_order_fills_at_its_own_price_when_the_other_side_comes_to_it(export: Export) -> None:
    through = message(100, ladder(FAVOURITE, [[2.0, 50], [2.02, 0], [2.04, 3]], [[2.02, 0], [2.06, 50]]))
    bot, events = play(export, opening(), message(180), through)
    assert brief(events)[2] == (100.0, "fill", BACK, 2.02, 3.0)
    assert bot.profit_pounds() == pytest.approx((3 * 1.02, -3.0))


def test_the_same_money_fills_once_and_new_money_again(export: Export) -> None:
    through = message(100, ladder(FAVOURITE, [[2.02, 3]], []))
    unchanged = message(99, ladder(FAVOURITE, [], [[2.08, 50]]))
    more = message(98, ladder(FAVOURITE, [[2.02, 4]], []))
    bot, events = play(export, opening(), message(180), through, unchanged, more)
    fills = [(e.pounds, (START_MS - e.published_ms) / 1000) for e in events if e.what == "fill"]
    assert fills == [(3.0, 100.0), (2.0, 98.0)]
    assert bot.position.lose == -5_00 * 100


def test_the_position_is_left_by_crossing_at_the_exit_time(export: Export) -> None:
    through = message(100, ladder(FAVOURITE, [[2.02, 50]], [[2.02, 0], [2.04, 50]]))
    bot, events = play(export, opening(), message(180), through, message(20), message(19))
    assert brief(events)[-2:] == [(20.0, "place", LAY, 2.04, 4.95), (20.0, "fill", LAY, 2.04, 4.95)]
    assert bot.profit_pounds() == pytest.approx((5 * 1.02 - 4.95 * 1.04, -5 + 4.95))


def test_an_order_on_its_way_neither_stands_nor_is_sent_twice(make_export: MakeExport) -> None:
    slow = make_export("daf", "long", delays={**NO_DELAYS, "place_ms": 500, "ack_ms": 500}, poll_ms=0)
    through = message(179.9, ladder(FAVOURITE, [[2.02, 50]], [[2.02, 0], [2.04, 50]]))
    back = message(179.8, ladder(FAVOURITE, [[2.02, 0]], [[2.02, 50]]))
    bot, events = play(slow, opening(), message(180), through, back, message(179.5))
    assert [event.what for event in events] == ["pick", "place"]
    assert [order.pence for order in bot.orders] == [500]


def test_a_cancel_that_comes_too_late_does_not_undo_the_fill(make_export: MakeExport) -> None:
    slow = make_export("daf", "long", delays={**NO_DELAYS, "cancel_ms": 500}, poll_ms=0)
    moved = message(100, ladder(FAVOURITE, [], [[2.02, 0], [2.04, 50]]))
    through = message(99.8, ladder(FAVOURITE, [[2.02, 50]], []))
    bot, events = play(slow, opening(), message(180), moved, through, message(99))
    assert [event.what for event in events] == ["pick", "place", "cancel", "fill"]
    assert bot.position.lose == -5_00 * 100
    assert not bot.orders


def test_nothing_is_asked_or_filled_while_the_market_is_suspended(export: Export) -> None:
    halt = message(170, marketDefinition=definition("SUSPENDED"))
    through = message(165, ladder(FAVOURITE, [[2.02, 50]], [[2.02, 0]]))
    _, events = play(export, opening(), message(180), halt, through)
    assert [event.what for event in events] == ["pick", "place"]


def test_in_play_ends_the_bot_and_what_stands_lapses(export: Export) -> None:
    bot, events = play(
        export, opening(), message(180), message(-5, marketDefinition=definition(in_play=True)), message(-6)
    )
    assert brief(events)[2:] == [(-5.0, "cancel", BACK, 2.02, 5.0), (-5.0, "stop", 0, 0.0, 0.0)]
    assert bot.stopped
    assert not bot.orders


@pytest.mark.parametrize(("stake", "placed"), [(0.99, False), (1.0, True)])
def test_a_stake_below_the_exchanges_minimum_is_not_sent(stake: float, placed: bool, make_export: MakeExport) -> None:
    small = make_export("daf", "long", {"stake_pounds": stake}, delays=NO_DELAYS, poll_ms=0)
    _, events = play(small, opening(), message(180))
    assert ("place" in [event.what for event in events]) is placed


def test_the_minimum_stake_is_that_of_the_markets_own_day(make_export: MakeExport) -> None:
    export = make_export("daf", "long", {"stake_pounds": 1.0}, delays=NO_DELAYS, poll_ms=0)
    bot, days = PaperBot(export, "1.1"), 1_098
    told = message(350, marketDefinition=definition() | {"marketTime": "2021-02-27T12:00:00.000Z"})
    events: list[Event] = []
    for each in (opening(), told, message(180)):
        events += bot.receive(each.mc or [], (each.pt or 0) - days * 86_400_000)
    assert bot.market.published_ms == (bot.market.start_ms or 0) - 180_000
    assert [event.what for event in events] == ["pick"]


def test_the_poll_interval_is_kept(make_export: MakeExport) -> None:
    lazy = make_export("daf", "long", delays=NO_DELAYS, poll_ms=10_000)
    moved = message(179, ladder(FAVOURITE, [], [[2.02, 0], [2.04, 50]]))
    _, events = play(lazy, opening(), message(180), moved, message(171), message(170))
    assert [(e.what, (START_MS - e.published_ms) / 1000) for e in events[1:]] == [("place", 180.0), ("cancel", 170.0)]


def test_events_read_as_a_line() -> None:
    event = Event(START_MS, "place", (FAVOURITE, 0.0), LAY, 2.02, 5.0)
    assert str(event) == "12:00:00.000 place  11 LAY  £5.00 at 2.02"
