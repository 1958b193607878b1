"""The contract of a core of two markets: what is shipped keeps it, and what breaks it is caught."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

import simcore
from simcore import dtypes as d
from simcore.errors import ModelError
from simcore.strategies import find_core
from simcore.strategies.contract import PROMISES, CoreContract
from simcore.strategies.contract.checking import trial_of
from simcore.strategies.contract.pair_practice import INFOS, pair_views, practice_pair
from simcore.strategies.view import SLOT_GONE, SLOT_GROUP, SLOT_MARKET, SLOT_OPEN, SLOT_RUNNER, TICK_COLUMN
from simcore.tapes.pairs import find_parts
from tests.commands import Sweeps
from tests.pairs.made_pairs import ended, exacta_market, ticking, win_market

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PLACED = f"{EXAMPLES / 'own_pair_core.py'}:PLACED"
WIN, EXACTA, PLACE = "1.195453611", "1.195453705", "1.195453612"


class TestArb(CoreContract):
    core = "arb"


TestWorkedExample = runpy.run_path(str(EXAMPLES / "test_own_core.py"))["TestPlaced"]

BROKEN = {
    "a runner that is not there": (
        "if two is not None",
        "if two is not None) + (((9,), (0,)),",
        "contradictions_are_refused",
        r"with WIN and PLACE its legs name runner 9 of market 1\.1, which has 4",
    ),
    "a runner twice": ("((one,), (two,))", "((one, one), (two,))", "contradictions_are_refused", "twice"),
    "no runner": (
        "tuple(((one,), (two,)) for one, two in same if two is not None)",
        "()",
        "contradictions_are_refused",
        "name no runner",
    ),
    "another error than a refusal": ("raise ModelError(", "raise KeyError(", "contradictions_are_refused", "raise KeyError"),
    "no pair it is for": ('("WIN", "PLACE")', '("WIN", "CUP")', "it_wants_something", "refuse every pair it is tried on"),
    "a slot that is not there": ("want(offers, WIN,", "want(offers, WIN + 2,", "offers_are_possible", "on slot 2, of 2"),
    "a vector shorter than it reads": ("int(parameters[1])", "int(parameters[2])", "vector_is_whole", "vector's 2 numbers"),
    "the view is written": (
        "    bare =",
        "    view.slots[PLACE, SLOT_OPEN] = 1\n    bare =",
        "it_touches_only_offers",
        r"writes into view\.slots",
    ),
}  # fmt: skip


def broken(folder: Path, name: str) -> str:
    """The worked example with one piece of its source changed, as a sweep names it."""
    replace, by, _, _ = BROKEN[name]
    source = (EXAMPLES / "own_pair_core.py").read_text()
    assert source.count(replace) == 1, name
    path = folder / "mine.py"
    path.write_text(source.replace(replace, by))
    return f"{path}:PLACED"


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_core_of_two_markets_is_caught_in_one_sentence(name: str, tmp_path: Path) -> None:
    _, _, promise, words = BROKEN[name]
    (sentence,) = PROMISES[promise](trial_of(broken(tmp_path, name)))
    assert re.search(words, sentence)
    assert re.search(r"; \w+", sentence)
    assert "\n" not in sentence


def test_legs_that_are_not_there_are_refused_by_a_replay_too(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"name runner 9 of market 1\.1, which has 4 \(from 0\); correct its `legs`"):
        simcore.replay_pair(
            practice_pair(INFOS[1], find_core(PLACED).make()), broken(tmp_path, "a runner that is not there")
        )


def test_the_contract_takes_tapes_of_the_kind_the_core_trades() -> None:
    pair = ended(ticking(win_market()), 0), ended(ticking(exacta_market()), 0)
    with pytest.raises(ModelError, match=r"must be a pair of tapes, because core 'arb' trades 2"):
        trial_of("arb", [pair[0]])
    with pytest.raises(ModelError, match=r"must be a tape, because core 'daf' trades 1"):
        trial_of("daf", [pair])
    trial = trial_of("arb", [pair])
    assert [markets[0].info.market_type for markets in trial.practice(trial.cases[0])] == ["WIN", "MATCH_ODDS", "WIN"]
    assert trial.practice(trial.cases[0])[-1] is pair


def test_the_made_pairs_are_of_one_event_and_close_with_results_that_agree() -> None:
    parameters = find_core("arb").make()
    for infos in (INFOS[0], INFOS[2]):
        parts = find_parts(*infos)
        tapes = practice_pair(infos, parameters)
        won = [set(tape.runner[(tape.kind == d.RESULT) & (tape.size == d.WINNER)].tolist()) for tape in tapes]
        assert won[0] == {0}
        assert len(won[1]) == 1
        assert won[1] <= set(parts[0])


def test_the_moments_show_what_a_replay_of_two_markets_may_show() -> None:
    """One group where one is picked, with empty slots where another is longer; suspended markets; runners gone."""
    parameters = find_core("arb").make()
    infos = INFOS[2]
    legs = parameters.legs(*infos)
    views = list(pair_views(practice_pair(infos, parameters), parameters, legs, 200))
    slots = [view.slots for view in views]
    assert {tuple(slot[:, SLOT_RUNNER].tolist()) for slot in slots} == {(0, 0, 1, 2), (1, 3, 4, -1)}
    assert all(slot[:, SLOT_MARKET].tolist() == [0, 1, 1, 1] and not slot[:, SLOT_GROUP].any() for slot in slots)
    assert {tuple(slot[:2, SLOT_OPEN].tolist()) for slot in slots} == {(1, 1), (0, 1), (1, 0)}
    assert any(slot[:, SLOT_GONE].any() for slot in slots)
    empty = [view.touch[slot] for view in views for slot in range(4) if view.slots[slot, SLOT_RUNNER] < 0]
    assert all((touch[:, :, TICK_COLUMN] == -1).all() for touch in empty)


def test_the_worked_example_lays_what_it_backed_on_a_recorded_race(race: Path) -> None:
    store = simcore.TapeStore.open(race)
    no_minimum = {"costs": {"minimum_stake": False}}  # else what is left under a pound stays open
    result = simcore.replay_pair((store.tape(WIN), store.tape(PLACE)), PLACED, None, no_minimum)
    win, place = result.legs.to_dict("records")
    assert win["selection_id"] == place["selection_id"]
    assert win["backed_pounds"] == place["laid_pounds"] == 0.0
    assert place["backed_pounds"] > 0
    assert win["contracts_pounds"] == pytest.approx(-place["contracts_pounds"], abs=0.1)


def test_the_command_checks_a_pair_of_a_store(race: Path, sweeps: Sweeps) -> None:
    code, out, err = sweeps("core", "check", PLACED, "--store", race, "--first", WIN, "--second", PLACE, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["markets"] == [WIN, PLACE]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("arb", "--store", "S", "--market", WIN),
            "core 'arb' trades two markets of one event; name them with --first",
        ),
        (("daf", "--store", "S", "--first", WIN), "core 'daf' trades one market; name it with --market"),
        (("arb", "--store", "S", "--second", EXACTA), "--second needs the --first market"),
        (("arb", "--first", WIN), "--first needs the --store it is in"),
        (("arb", "--store", "S", "--first", WIN, "--second", PLACE), "how WIN is the sum of PLACE is not known"),
        ((PLACED, "--store", "S", "--first", WIN), "trades a WIN and a PLACE market, got WIN and EXACTA; name those"),
    ],
)
def test_markets_the_core_does_not_trade_are_refused_in_one_sentence(
    race: Path, sweeps: Sweeps, arguments: tuple[str, ...], sentence: str
) -> None:
    code, out, err = sweeps("core", "check", *(str(race) if word == "S" else word for word in arguments))
    assert (code, out) == (2, "")
    assert sentence in err
    assert len(err.splitlines()) == 1
