"""Small markets for every order type and for the reaction, worked out on paper."""

from __future__ import annotations

from typing import Any

from simcore import dtypes as d
from tests.kernels.scenarios import Row, Scenario, place
from tests.kernels.tapes import START_MS, TapeBuilder


def replace(order_id: str, new: str, after_ms: int, odds: float) -> Row:
    row = {"kind": "replace", "order_id": order_id, "new_order_id": new, "time_ms": START_MS + after_ms}
    return row | {"odds": odds}


def kill(order_id: str, after_ms: int, side: str, odds: float, pounds: float, least: float | None = None) -> Row:
    row = place(order_id, after_ms, side, odds, pounds) | {"time_in_force": "FILL_OR_KILL"}
    return row if least is None else row | {"min_fill_pounds": least}


def on_close(order_id: str, side: str, pounds: float, odds: float | None = None) -> Row:
    kind = "MARKET_ON_CLOSE" if odds is None else "LIMIT_ON_CLOSE"
    return place(order_id, 100, side, 2.0, pounds) | {"order_type": kind, "odds": odds, "persistence": None}


def waiting(order_id: str, side: str, odds: float, pounds: float) -> Row:
    return place(order_id, 100, side, odds, pounds) | {"persistence": "MARKET_ON_CLOSE"}


def book(**info: Any) -> TapeBuilder:
    """£100 to back at 2.0, £50 at 1.99, £400 at 1.98; £100 to lay at 2.06."""
    builder = TapeBuilder(bsp_market=True, **info).at(0).open()
    builder.place(d.ATB, 2.0, 100).place(d.ATB, 1.99, 50).place(d.ATB, 1.98, 400)
    return builder.place(d.ATL, 2.06, 100)


def starting_price(builder: TapeBuilder, hundredths: int) -> TapeBuilder:
    return builder.row(d.STARTING_PRICE, runner=0, size=hundredths)


def closed_at(hundredths: int) -> TapeBuilder:
    return starting_price(book().at(1000).status(d.SUSPENDED).at(2000), hundredths)


def in_play(delay_s: int, *, passive: bool) -> TapeBuilder:
    builder = book().at(50).row(d.IN_PLAY, size=1).row(d.BET_DELAY, size=delay_s)
    return builder.row(d.DELAY_MODEL, size=int(passive)).at(1000).trade(d.ATL, 2.06, 100).at(9000)


def reacting(severity: float, half_life_ms: int = 60_000) -> Row:
    return {"reaction": {"severity": severity, "half_life_ms": half_life_ms}}


ORDER_SCENARIOS = [
    Scenario(
        "a fill-or-kill order takes worse prices as far as its average allows",
        book().at(1000),
        [kill("a", 100, "BACK", 1.99, 250)],  # a penny of odds above for 100, so a penny below for another 100
        [("a", 2.0, 10_000, "aggressive"), ("a", 1.99, 5_000, "aggressive"), ("a", 1.98, 10_000, "aggressive")],
    ),
    Scenario(
        "a fill-or-kill order that would get a penny less than all of it gets nothing, and does not rest",
        book().at(1000).trade(d.ATB, 2.0, 100).trade(d.ATB, 1.99, 50).at(2000).place(d.ATL, 1.99, 5),
        [kill("a", 100, "BACK", 1.99, 250.01)],
        [],
    ),
    Scenario(
        "a fill-or-kill order takes what there is from its minimum on and cancels the rest",
        book().at(1000).trade(d.ATL, 2.06, 100),
        [kill("a", 100, "LAY", 2.06, 130, 99), kill("b", 200, "LAY", 2.06, 30, 1)],
        [("a", 2.06, 10_000, "aggressive")],
    ),
    Scenario(
        "a fill-or-kill order that reaches the price of an order of ours takes those ahead of it",
        # 4 at 2.02 pay for 8 at 1.99; refilled at once, those stand behind a, and 42 are left ahead
        book().place(d.ATB, 2.02, 4).at(1000).trade(d.ATB, 2.02, 4).trade(d.ATB, 2.0, 100).trade(d.ATB, 1.99, 45),
        [place("a", 100, "LAY", 1.99, 10), kill("b", 200, "BACK", 2.0, 112)],
        [
            ("b", 2.02, 400, "aggressive"),
            ("b", 2.0, 10_000, "aggressive"),
            ("b", 1.99, 800, "aggressive"),
            ("a", 1.99, 300, "passive"),
        ],
        [],
        {"refill": {"kind": "instant"}},
    ),
    Scenario(
        "a minimum fill above the size is refused",
        book().at(1000),
        [kill("a", 100, "BACK", 2.0, 10, 10.01)],
        [],
        [("a", "invalid_min_fill")],
    ),
    Scenario(
        "at the starting price a back matches its stake and a lay what its liability buys",
        closed_at(237),
        [on_close("a", "BACK", 10), on_close("b", "LAY", 10)],
        [("a", 2.37, 1000, "at_close"), ("b", 2.37, 729, "at_close")],  # 10 / 1.37 = 7.299
    ),
    Scenario(
        "a limit-on-close order wants its own price or a better one",
        closed_at(237),
        [on_close("a", "BACK", 10, 2.38), on_close("b", "LAY", 10, 2.38), on_close("c", "BACK", 10, 2.36)],
        [("b", 2.37, 729, "at_close"), ("c", 2.37, 1000, "at_close")],
    ),
    Scenario(
        "what is left of a limit order goes to the starting price, a lay by its liability",
        closed_at(300),
        [waiting("a", "BACK", 2.06, 10), waiting("b", "LAY", 1.98, 20), waiting("c", "LAY", 1.98, 10)],
        [("a", 3.0, 1000, "at_close"), ("b", 3.0, 980, "at_close")],  # 20 · 0.98 / 2; c risks 9.80 only and lapses
    ),
    Scenario(
        "the starting price may come with the message that turns in-play",
        starting_price(book().at(1000).row(d.IN_PLAY, size=1), 250),
        [on_close("a", "BACK", 10), waiting("b", "BACK", 2.06, 4)],
        [("a", 2.5, 1000, "at_close"), ("b", 2.5, 400, "at_close")],
    ),
    Scenario(
        "without a starting price an on-close order lapses at the turn in-play, and after one it is refused",
        starting_price(book().at(1000).row(d.IN_PLAY, size=1).at(2000), 250).at(3000),
        [on_close("a", "BACK", 10), on_close("b", "BACK", 10) | {"time_ms": START_MS + 2500}],
        [],
        [("b", "not_open_for_starting_price")],
    ),
    Scenario(
        "a market without starting price takes no on-close orders, and no market takes small ones",
        TapeBuilder().at(0).open().at(1000),
        [on_close("a", "BACK", 10)],
        [],
        [("a", "not_open_for_starting_price")],
    ),
    Scenario(
        "on-close orders need the minimum stake, as lay a liability of ten pounds",
        closed_at(250),
        [on_close("a", "BACK", 0.99), on_close("b", "LAY", 9.99), on_close("c", "BACK", 0.99, 100.0)],
        [],
        [("a", "minimum_stake"), ("b", "minimum_stake"), ("c", "minimum_stake")],
    ),
    Scenario(
        "a replaced order stands at the back of the queue, also at its old price",
        book().at(1000).trade(d.ATL, 2.06, 105).at(2000).place(d.ATL, 2.06, 20),
        [place("a", 100, "BACK", 2.06, 10), place("b", 200, "BACK", 2.06, 10), replace("a", "c", 300, 2.06)],
        [("b", 2.06, 500, "passive")],
        [],
        {"delays": {"place_ms": 0, "cancel_ms": 0, "replace_ms": 0}},
    ),
    Scenario(
        "13p at 1.06 is refused when an order cut to that is moved there",
        book().at(1000),
        [
            place("a", 100, "BACK", 1000.0, 1),
            {"kind": "cancel", "order_id": "a", "time_ms": START_MS + 200, "size_pounds": 0.87},
            replace("a", "b", 300, 1.06),
        ],
        [],
        [("b", "invalid_profit_ratio")],
        {"delays": {"place_ms": 0, "cancel_ms": 0, "replace_ms": 0}},
    ),
    Scenario(
        "an on-close order can be neither cancelled nor replaced",
        book().at(1000),
        [
            on_close("a", "BACK", 10),
            {"kind": "cancel", "order_id": "a", "time_ms": START_MS + 200},
            replace("a", "b", 300, 2.0),
        ],
        [],
        [("a", "bet_action_error"), ("b", "bet_action_error")],
    ),
    Scenario(
        "in-play a replace cancels at once and its placing serves the bet delay",
        in_play(3, passive=False),
        [place("a", 10, "BACK", 2.06, 10), replace("a", "b", 500, 2.0)],
        [("b", 2.0, 1000, "aggressive")],
        [],
        {"delays": {"place_ms": 0, "cancel_ms": 0, "replace_ms": 0}},
    ),
    Scenario(
        "a passive delay model exempts plain orders that nobody would match",
        in_play(3, passive=True),
        [
            place("a", 100, "LAY", 2.04, 10) | {"persistence": "LAPSE"},  # there when the next one comes
            place("b", 200, "LAY", 2.04, 10),  # persists: it waits
            place("c", 300, "BACK", 2.04, 10) | {"persistence": "LAPSE"},
        ],
        [],
        [("c", "own_cross")],
    ),
    Scenario(
        "the others walk away from an order penny by penny as it takes",
        book().at(1000),
        [place("a", 100, "BACK", 1.98, 15)],  # a tick for each £10 of payout: 5.00 at 2.0, 5.03 at 1.99
        [("a", 2.0, 500, "aggressive"), ("a", 1.99, 503, "aggressive"), ("a", 1.98, 497, "aggressive")],
        [],
        reacting(100.0),
    ),
    Scenario(
        "a fill-or-kill order sees the others walk away before it takes anything",
        book().at(1000),
        [kill("a", 100, "BACK", 2.0, 15), kill("b", 200, "BACK", 1.99, 11)],
        # 5.00 at 2.0 pays for 5.00 at 1.98, and 5.03 at 1.99 is the limit itself
        [("b", 2.0, 500, "aggressive"), ("b", 1.99, 503, "aggressive"), ("b", 1.98, 97, "aggressive")],
        [],
        reacting(100.0),
    ),
    Scenario(
        "who moves onto our price meets us at it, until that moves them on",
        # a lays 5 and they go 3.3 ticks up, from 2.0 to 2.06; a second later they are at 3.262, and 39p at 2.06 move them 0.265
        book().at(1000).place(d.ATB, 2.0, 10).trade(d.ATB, 2.0, 105).at(2000),
        [place("a", 100, "LAY", 2.0, 5), place("c", 200, "BACK", 2.06, 30)],
        [("a", 2.0, 500, "passive"), ("c", 2.06, 39, "passive")],
        [],
        reacting(330.0),
    ),
    Scenario(
        "who moves through our price meets us at it as long as they are in reach",
        # the same, but c backs at 2.04: 39p move them from 2.06 to 2.04, another 149p a tick further, out of reach
        book().at(1000).place(d.ATB, 2.0, 10).trade(d.ATB, 2.0, 105).at(2000),
        [place("a", 100, "LAY", 2.0, 5), place("c", 200, "BACK", 2.04, 30)],
        [("a", 2.0, 500, "passive"), ("c", 2.04, 39, "passive"), ("c", 2.04, 149, "passive")],
        [],
        reacting(330.0),
    ),
    Scenario(
        "who moves onto our price and is not moved by us meets us whole",
        book().at(1000).place(d.ATB, 2.0, 10).trade(d.ATB, 2.0, 105).at(2000),
        [place("a", 100, "LAY", 2.0, 5), place("c", 200, "BACK", 2.06, 0.38)],
        [("a", 2.0, 500, "passive"), ("c", 2.06, 38, "passive")],
        [],
        reacting(330.0) | {"costs": {"minimum_stake": False}},
    ),
    Scenario(
        "what the record does happens where the others moved to",
        # b backs 5.00 at 2.0, so all is a tick lower: a waits behind 5, and the trade at 2.1 goes through it
        book().place(d.ATL, 2.08, 5).place(d.ATL, 2.1, 30).at(1000).trade(d.ATL, 2.08, 5).trade(d.ATL, 2.1, 15),
        [place("b", 100, "BACK", 2.0, 5), place("a", 200, "BACK", 2.06, 30)],
        [("b", 2.0, 500, "aggressive"), ("a", 2.06, 1500, "passive")],
        [],
        reacting(100.1, 86_400_000),
    ),
    Scenario(
        "a suspension makes the others forget",
        book().at(1000).status(d.SUSPENDED).at(2000).status(d.OPEN),
        [place("a", 100, "BACK", 2.0, 5), place("b", 2500, "BACK", 2.0, 5)],
        [("a", 2.0, 500, "aggressive"), ("b", 2.0, 500, "aggressive")],
        [],
        reacting(100.0),
    ),
]
