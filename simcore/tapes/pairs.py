"""Two markets of one event: which parts of the second a runner of the first is the sum of, as their published names tell.

A *whole* is a runner of the first market, its *parts* are the runners of the second of which exactly one wins if the whole
wins, and none if it does not. What is found here is complete or it is not found: a rule that cannot account for every part says
so.

| whole × parts                    | names it reads                                                                         |
|----------------------------------|----------------------------------------------------------------------------------------|
| WIN × EXACTA, FORECAST           | "3. Dolly Dagger" or its name; "3 - 1": the first of the two                           |
| PLACE (2 places) × QUINELLA, REV_FORECAST | "3 - 1 / 1 - 3": either of the two                                            |
| QUINELLA × EXACTA, FORECAST      | "3 - 1 / 1 - 3" is "3 - 1" and "1 - 3"                                                 |
| MATCH_ODDS × SET_BETTING         | "P Lorenzi" is every "P Lorenzi 2-1"                                                   |
| MATCH_ODDS × CORRECT_SCORE       | "2 - 1" is home, draw or away by its goals; needs the three "Any Other … Win", "Draw"  |
| HALF_TIME, MATCH_ODDS × HALF_TIME_FULL_TIME | "Middlesbrough/Draw": its first, its second                                 |

Not found: HALF_TIME × HALF_TIME_SCORE and CORRECT_SCORE with "Any unquoted", which does not say who leads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from simcore.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

    from simcore.tapes.store import TapeStore
    from simcore.tapes.tape import MarketInfo

Parts = dict[int, tuple[int, ...]]
"""runner index of each whole → runner indices of its parts"""
Claims = Callable[[str, str], bool]
"""whether a whole of this name has a part of that name"""


def _names(info: MarketInfo) -> list[str]:
    return [" ".join(runner.name.split()).casefold() for runner in info.runners]


def _items(name: str) -> list[str]:
    """The finishers a combination names: "3 - 1 / 1 - 3" is 3 and 1."""
    return [item.strip() for item in name.split(" / ")[0].split(" - ")]


def _is_finisher(whole: str, item: str) -> bool:
    """Whether a runner of a race is what a combination calls it: its number, or its name with or without one."""
    numbered = re.fullmatch(r"(\d+)\.\s*(.*)", whole)
    return item in ((whole, *numbered.groups()) if numbered else (whole,))


def _comes_first(whole: str, part: str) -> bool:
    return len(_items(part)) == 2 and _is_finisher(whole, _items(part)[0])


def _is_placed(whole: str, part: str) -> bool:
    return len(_items(part)) == 2 and any(_is_finisher(whole, item) for item in _items(part))


def _same_two(whole: str, part: str) -> bool:
    return len(_items(part)) == 2 and set(_items(whole)) == set(_items(part))


def _wins_sets(whole: str, part: str) -> bool:
    return re.fullmatch(re.escape(whole) + r" \d ?- ?\d", part) is not None


def _side(whole: str) -> str:
    return "draw" if whole == "the draw" else whole


def _half(place: int) -> Claims:
    def claims(whole: str, part: str) -> bool:
        halves = [half.strip() for half in part.split("/")]
        return len(halves) == 2 and _side(halves[place]) == _side(whole)

    return claims


def _score(home: str, away: str) -> Claims:
    """Who a score is for; `home` is the first team in the order of the exchange."""
    others = {"any other home win": home, "any other away win": away, "any other draw": "the draw"}

    def claims(whole: str, part: str) -> bool:
        score = re.fullmatch(r"(\d+) - (\d+)", part)
        if not score:
            return others.get(part) == whole
        ours, theirs = int(score[1]), int(score[2])
        return (home if ours > theirs else away if ours < theirs else "the draw") == whole

    return claims


_RACES = ("EXACTA", "FORECAST")
_RULES: dict[tuple[str, str], Claims] = (
    {("WIN", parts): _comes_first for parts in _RACES}
    | {("QUINELLA", parts): _same_two for parts in _RACES}
    | {("PLACE", parts): _is_placed for parts in ("QUINELLA", "REV_FORECAST")}
    | {
        ("MATCH_ODDS", "SET_BETTING"): _wins_sets,
        ("HALF_TIME", "HALF_TIME_FULL_TIME"): _half(0),
        ("MATCH_ODDS", "HALF_TIME_FULL_TIME"): _half(1),
    }
)
KINDS = (*_RULES, ("MATCH_ODDS", "CORRECT_SCORE"))
"""(type of the whole's market, type of the parts' market) whose names are understood"""


def find_parts(first: MarketInfo, second: MarketInfo) -> Parts:
    """Wholes of `first` with their parts in `second`, from the names in their first definitions.

    Raises ModelError where the markets are not of one event, their types are not understood, or the names do not account for
    every part.
    """
    if first.event_id != second.event_id:
        raise ModelError(
            f"markets {first.market_id} and {second.market_id} are not of one event ({first.event_id!r}, {second.event_id!r}); "
            f"name two of one event, or give `parts` by selection ids"
        )
    wholes, parts = _names(first), _names(second)
    claims = _rule(first, second, wholes)
    found = {w: tuple(p for p, part in enumerate(parts) if claims(whole, part)) for w, whole in enumerate(wholes)}
    found = {w: its for w, its in found.items() if its}
    problem = _problem(first, second, found)
    if problem:
        raise ModelError(
            f"the names do not tell which runners of {second.market_id} ({second.market_type}) are parts of which of "
            f"{first.market_id} ({first.market_type}): {problem}; give `parts` by selection ids"
        )
    return found


def _rule(first: MarketInfo, second: MarketInfo, wholes: list[str]) -> Claims:
    kinds = (first.market_type, second.market_type)
    if kinds not in KINDS:
        known = ", ".join(f"{a} × {b}" for a, b in KINDS)
        raise ModelError(
            f"how {kinds[0] or 'a market without a type'} is the sum of {kinds[1] or 'a market without a type'} is not known "
            f"(known: {known}); give `parts` by selection ids"
        )
    if kinds == ("MATCH_ODDS", "CORRECT_SCORE"):
        by_priority = sorted(zip(first.runners, wholes, strict=True), key=lambda pair: pair[0].sort_priority)
        teams = [name for _, name in by_priority if name != "the draw"]
        return _score(teams[0], teams[1]) if len(teams) == 2 else lambda whole, part: False
    return _RULES[kinds]


def _problem(first: MarketInfo, second: MarketInfo, found: Parts) -> str:
    """Why what was found is no complete account; empty where it is."""
    if not any(_names(second)):
        return "the recording has no runner names"
    if first.number_of_winners not in (0, 1) and first.market_type != "PLACE":
        return f"{first.market_id} has {first.number_of_winners} winners"
    if first.market_type == "PLACE" and first.number_of_winners != 2:
        return f"{first.market_id} pays {first.number_of_winners} places, two are needed"
    claimed = [0] * len(second.runners)
    for its in found.values():
        for part in its:
            claimed[part] += 1
    times = 2 if first.market_type == "PLACE" else 1
    for part, count in enumerate(claimed):
        if count != times:
            return f"{second.runners[part].name.strip()!r} belongs to {count} of them, not {times}"
    needed = {"WIN": len(found) - 1, "PLACE": len(found) - 1, "QUINELLA": 2}.get(first.market_type)
    for whole, its in found.items():
        if needed is not None and len(its) != needed:
            return f"{first.runners[whole].name!r} has {len(its)} parts, not {needed}"
    if second.market_type == "CORRECT_SCORE" and sum("any other" in name for name in _names(second)) != 3:
        return "it does not list Any Other Home Win, Away Win and Draw"
    return ""


def pairs(store: TapeStore) -> pd.DataFrame:
    """All pairs of replayable markets of a store whose parts the names tell, one row each, by advertised start.

    Columns: whole, parts (market ids), whole_type, parts_type, event_name, advertised_off, wholes (runners with parts).
    """
    import pandas as pd

    rows = []
    table = store.markets(replayable=True)
    for (_, off), markets in table[table["event_id"] != ""].groupby(["event_id", "advertised_off"], sort=True):
        kinds = list(zip(markets["market_id"], markets["market_type"], strict=True))
        for whole, whole_type in kinds:
            for part, part_type in kinds:
                if (whole_type, part_type) not in KINDS:
                    continue
                first, second = store.tape(whole).info, store.tape(part).info
                try:
                    found = find_parts(first, second)
                except ModelError:
                    continue  # of the right types, but not told by its names: `find_parts` of the two says why
                rows.append((whole, part, whole_type, part_type, first.event_name, off, len(found)))
    columns = ["whole", "parts", "whole_type", "parts_type", "event_name", "advertised_off", "wholes"]
    return pd.DataFrame(rows, columns=columns).sort_values(["advertised_off", "whole", "parts"], ignore_index=True)
