"""Which runners of one market are the sum of which of another, as their published names tell."""

from __future__ import annotations

import bz2
import json
from pathlib import Path
from typing import Any

import pytest

from simcore.errors import ModelError
from simcore.tapes.pairs import Parts, find_parts
from simcore.tapes.tape import MarketInfo, RunnerInfo


def market(market_type: str, *names: str, winners: int = 1, event_id: str = "9") -> MarketInfo:
    runners = tuple(RunnerInfo(selection_id=i, name=name, sort_priority=i + 1) for i, name in enumerate(names))
    return MarketInfo(
        market_id=f"1.{market_type}",
        event_id=event_id,
        market_type=market_type,
        number_of_winners=winners,
        runners=runners,
    )


DOGS = ("1. Gotham Prince", "2. Bit Shakey", "3. Dolly Dagger")
EXACTA = market("EXACTA", "1 - 2", "1 - 3", "2 - 1", "2 - 3", "3 - 1", "3 - 2")
QUINELLA = market("QUINELLA", "1 - 2 / 2 - 1", "1 - 3 / 3 - 1", "2 - 3 / 3 - 2")
SCORES = ("0 - 0", "1 - 0", "0 - 1", "1 - 1")
OTHERS = ("Any Other Home Win", "Any Other Away Win", "Any Other Draw")
MATCH = market("MATCH_ODDS", "Middlesbrough", "Man City", "The Draw")
WANTED = {"MATCH_ODDS", "CORRECT_SCORE", "HALF_TIME", "HALF_TIME_FULL_TIME", "HALF_TIME_SCORE"}
HALVES = tuple(f"{a}/{b}" for a in ("Middlesbrough", "Draw", "Man City") for b in ("Middlesbrough", "Draw", "Man City"))


@pytest.mark.parametrize(
    ("first", "second", "parts"),
    [
        (market("WIN", *DOGS), EXACTA, {0: (0, 1), 1: (2, 3), 2: (4, 5)}),
        (market("WIN", *DOGS, "4. Scratched"), EXACTA, {0: (0, 1), 1: (2, 3), 2: (4, 5)}),
        (
            market("WIN", "Red Rum", "Arkle"),
            market("FORECAST", "Red Rum - Arkle", "Arkle - Red Rum"),
            {0: (0,), 1: (1,)},
        ),
        (market("PLACE", *DOGS, winners=2), QUINELLA, {0: (0, 1), 1: (0, 2), 2: (1, 2)}),
        (QUINELLA, EXACTA, {0: (0, 2), 1: (1, 4), 2: (3, 5)}),
        (
            market("MATCH_ODDS", "P Lorenzi", "S Kirchheimer"),
            market("SET_BETTING", "P Lorenzi 2-0", "P Lorenzi 2-1", "S Kirchheimer 2-0", "S Kirchheimer 2-1"),
            {0: (0, 1), 1: (2, 3)},
        ),
        (MATCH, market("CORRECT_SCORE", *SCORES, *OTHERS), {0: (1, 4), 1: (2, 5), 2: (0, 3, 6)}),
        (MATCH, market("HALF_TIME_FULL_TIME", *HALVES), {0: (0, 3, 6), 1: (2, 5, 8), 2: (1, 4, 7)}),
        (
            market("HALF_TIME", "Middlesbrough", "Man City", "The Draw"),
            market("HALF_TIME_FULL_TIME", *HALVES),
            {0: (0, 1, 2), 1: (6, 7, 8), 2: (3, 4, 5)},
        ),
    ],
)
def test_the_names_of_a_pair_tell_each_runners_parts(first: MarketInfo, second: MarketInfo, parts: Parts) -> None:
    assert find_parts(first, second) == parts


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (market("WIN", *DOGS, event_id="8"), EXACTA, "are not of one event"),
        (market("WIN", *DOGS), QUINELLA, "how WIN is the sum of QUINELLA is not known"),
        (market("", *DOGS), EXACTA, "a market without a type"),
        (market("WIN", "", "", ""), market("EXACTA", *[""] * 6), "the recording has no runner names"),
        (
            market("WIN", *DOGS),
            market("EXACTA", "1 - 2", "2 - 1", "Any other"),
            "'Any other' belongs to 0 of them, not 1",
        ),
        (market("WIN", *DOGS), market("EXACTA", "1 - 2", "1 - 3", "2 - 1"), "has 2 parts, not 1"),
        (market("PLACE", *DOGS, winners=3), QUINELLA, "pays 3 places, two are needed"),
        (MATCH, market("CORRECT_SCORE", *SCORES, "Any unquoted"), "'Any unquoted' belongs to 0 of them"),
        (MATCH, market("CORRECT_SCORE", *SCORES), "does not list Any Other Home Win, Away Win and Draw"),
        (market("WIN", *DOGS, winners=2), EXACTA, "has 2 winners"),
    ],
)
def test_a_pair_whose_names_do_not_account_for_everything_is_refused_with_the_reason(
    first: MarketInfo, second: MarketInfo, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        find_parts(first, second)


def definitions(file: Path) -> list[dict[str, Any]]:
    """The first market definition of every market in a recording."""
    found: dict[str, dict[str, Any]] = {}
    for line in bz2.decompress(file.read_bytes()).splitlines():
        for change in json.loads(line).get("mc", []):
            if "marketDefinition" in change:
                found.setdefault(change["id"], {"id": change["id"]} | change["marketDefinition"])
    return list(found.values())


def info_of(definition: dict[str, Any]) -> MarketInfo:
    runners = tuple(
        RunnerInfo(runner["id"], name=runner["name"], sort_priority=runner["sortPriority"])
        for runner in definition["runners"]
    )
    return MarketInfo(
        market_id=definition["id"],
        event_id=definition["eventId"],
        market_type=definition["marketType"],
        number_of_winners=definition["numberOfWinners"],
        runners=runners,
    )


def test_the_markets_of_a_recorded_football_match_are_found_by_their_published_names(recordings: Path) -> None:
    """A BASIC file has no ladders to replay, but its definitions are the exchange's."""
    file = recordings / "recordings" / "petermclagan__betfair-historical__football-basic-sample.bz2"
    by_type: dict[str, MarketInfo] = {}
    for definition in definitions(file):
        if definition.get("marketType") in {
            "MATCH_ODDS",
            "CORRECT_SCORE",
            "HALF_TIME",
            "HALF_TIME_FULL_TIME",
            "HALF_TIME_SCORE",
        }:
            by_type.setdefault(definition["marketType"], info_of(definition))
    match, scores = by_type["MATCH_ODDS"], by_type["CORRECT_SCORE"]
    named = {
        match.runners[whole].name: {scores.runners[part].name for part in parts}
        for whole, parts in find_parts(match, scores).items()
    }
    home = {"1 - 0", "2 - 0", "2 - 1", "3 - 0", "3 - 1", "3 - 2", "Any Other Home Win"}
    assert named["Middlesbrough"] == home
    assert named["The Draw"] == {"0 - 0", "1 - 1", "2 - 2", "3 - 3", "Any Other Draw"}
    assert len(named["Man City"]) == 7
    assert {len(parts) for parts in find_parts(match, by_type["HALF_TIME_FULL_TIME"]).values()} == {3}
    assert {len(parts) for parts in find_parts(by_type["HALF_TIME"], by_type["HALF_TIME_FULL_TIME"]).values()} == {3}
    with pytest.raises(ModelError, match="HALF_TIME is the sum of HALF_TIME_SCORE is not known"):
        find_parts(by_type["HALF_TIME"], by_type["HALF_TIME_SCORE"])
