"""Many configurations in one call give what each gives alone, whatever the others are."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pyarrow as pa
import pytest

import simcore
from simcore import engine
from simcore.bench import Bench, prepare
from simcore.configurations import configurations
from simcore.errors import ModelError
from simcore.models.simulation import resolve_simulation
from simcore.outcome import Sheet, blank_sheet
from simcore.strategies import Core, Parameters
from simcore.strategies.caf import CAF
from simcore.strategies.daf import DAF, Daf
from sweeps.runners.base import MARKET_ROWS, market_rows
from tests.kernels.properties import seed_ranges
from tests.kernels.recorded import RECORDINGS, real_tape
from tests.kernels.seeded import seeded_bot


def others(core: Core, parameters: Parameters, rng: Random, count: int) -> list[Parameters]:
    """Configurations beside this one: other times, other picks, other stakes, some without an end."""
    found = []
    for _ in range(count):
        earlier = rng.choice((0.0, 0.0, 0.7, 2.1))
        values: dict[str, Any] = {"favourite": rng.choice((0, 0, 1)), "pick_s": 20.0 + rng.choice((0.0, 0.0, 4.2))}
        if core is CAF:
            values |= {"start_s": 19.5 - earlier, "contracts_pounds": rng.choice((3.0, 20.0, 200.0))}
            values |= {"levels": rng.choice((1, 3)), "unload_s": rng.choice((None, 4.0, -2.0))}
        else:
            values |= {"entry_start_s": 19.5 - earlier, "direction": rng.choice(("long", "short"))}
            values |= {"stake_pounds": rng.choice((2.0, 10.0, 500.0))}
        found.append(msgspec.structs.replace(parameters, **values))
    return found


@seed_ranges
def test_a_batch_is_its_configurations_one_by_one(seeds: range) -> None:
    traded = 0
    for seed in seeds:
        tape, core, parameters, simulation, _ = seeded_bot(seed)
        many = [parameters, *others(core, parameters, Random(seed), 5)]
        batch = simcore.replay_batch(tape, core, many, simulation, seed=seed)
        alone = [simcore.replay(tape, core, each, simulation, seed=seed) for each in many]
        assert list(batch) == alone
        assert batch[-1] == alone[-1]
        traded += sum(result.entry_matched for result in alone)
    assert traded > 0


def test_arrays_that_earlier_markets_left_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made, jobs = [], []
    for seed in range(80):
        tape, core, parameters, simulation, _ = seeded_bot(seed)
        given = configurations([parameters, *others(core, parameters, Random(seed), 2)])
        jobs += [(tape, core, given, assumed) for assumed in (simulation, "flumine", "default", {"poll_ms": 0})]
    fresh = []
    for job in jobs:
        engine._rooms.clear()
        fresh.append(list(simcore.replay_batch(*job)))
    new_room = engine.new_room
    monkeypatch.setattr(engine, "new_room", lambda size: made.append(size) or new_room(size))
    for i in Random(1).sample(range(len(jobs)), len(jobs)):
        assert list(simcore.replay_batch(*jobs[i])) == fresh[i]
    assert len(made) < len(jobs) // 2
    assert any(result.entry_matched for results in fresh for result in results)


def real_configurations() -> list[Parameters]:
    """Makers that begin and end at many times, on two favourites, of small stakes and large."""
    made: list[Parameters] = []
    for start_s, pick_s in ((900.0, 900.0), (300.0, 900.0), (61.337, 300.0), (600.0, 900.0), (300.0, 300.0)):
        for name, unload_s in (("v2", 3.333), ("naive", None)):
            values = {"pick_s": pick_s, "start_s": start_s, "stop_s": 30.0 + len(made), "unload_s": unload_s}
            made.append(CAF.make(name, values | {"favourite": len(made) % 2, "contracts_pounds": 5.0 * 3 ** len(made)}))
    return made


@pytest.mark.parametrize("name", RECORDINGS)
def test_on_a_real_market_too_in_any_order_and_on_a_market_used_before(recordings: Path, name: str) -> None:
    tape, many = real_tape(recordings, name), real_configurations()
    alone = [simcore.replay(tape, CAF, each, seed=7) for each in many]
    assert any(result.entry_matched for result in alone)
    bench, shuffled = prepare(tape), Random(1).sample(range(len(many)), len(many))
    simcore.replay_batch(bench, DAF, [DAF.make("short-cross")] * 3)
    laid_out = configurations([many[i] for i in shuffled])
    for _ in range(2):
        again = simcore.replay_batch(bench, CAF, laid_out, seed=7)
        assert list(again) == [alone[i] for i in shuffled]
    assert list(again[2:5]) == [alone[i] for i in shuffled[2:5]]


def test_markets_at_a_stretch_are_what_each_is_alone(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FIRST_CAPACITY", 64)  # too little for some, so that rooms grow between markets
    laid_out, assumed = configurations(real_configurations()), resolve_simulation("default")
    markets = [(prepare(real_tape(recordings, name)), 7 + i) for i, name in enumerate((*RECORDINGS, *RECORDINGS[::-1]))]
    together = engine.replay_markets(markets, CAF, laid_out, assumed)
    alone = [simcore.replay_batch(bench.tape, CAF, laid_out, assumed, seed=seed) for bench, seed in markets]
    assert [list(each) for each in together] == [list(each) for each in alone]
    assert [each.market_id for each in together] == [bench.tape.market_id for bench, _ in markets]


def test_a_configuration_that_needs_more_room_is_begun_anew(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape, many = real_tape(recordings, RECORDINGS[2]), real_configurations()
    roomy = list(simcore.replay_batch(tape, CAF, many))
    assert max(result.places for result in roomy) > 16
    monkeypatch.setattr(engine, "FIRST_CAPACITY", 1)
    assert list(simcore.replay_batch(tape, CAF, many)) == roomy


def test_transactions_in_hours_that_nobody_expected_find_room(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape, many = real_tape(recordings, RECORDINGS[2]), real_configurations()
    roomy = list(simcore.replay_batch(tape, CAF, many))

    def narrow(bench: Bench, n: int) -> Sheet:
        sheet = blank_sheet(bench, n)
        return Sheet(sheet.numbers, sheet.hours[:, :1].copy(), sheet.first_hour - 3)

    assert any(result.transaction_hours for result in roomy)
    monkeypatch.setattr(engine, "blank_sheet", narrow)
    assert list(simcore.replay_batch(tape, CAF, many)) == roomy


def test_no_configurations_give_no_results(recordings: Path) -> None:
    assert list(simcore.replay_batch(real_tape(recordings, RECORDINGS[2]), CAF, [])) == []


def test_a_table_of_results_is_their_rows(recordings: Path) -> None:
    many = real_configurations()
    batches = [simcore.replay_batch(real_tape(recordings, name), CAF, many) for name in RECORDINGS[1:]]
    trials = list(range(70, 70 + len(many)))
    rows = [{"trial": trial, **result.row()} for batch in batches for trial, result in zip(trials, batch, strict=True)]
    assert market_rows(trials, batches).equals(pa.Table.from_pylist(rows, schema=MARKET_ROWS))


class Longer(Daf):
    """Parameters whose vector is as long as the trader's stake is high."""

    def vector(self) -> Any:
        return super().vector()[: int(self.stake_pounds)]


def test_parameters_that_say_more_than_each_other_are_refused_in_one_sentence() -> None:
    with pytest.raises(
        ModelError, match=r"`vector` of Longer must be as long for all parameters, got shapes \(2,\), \(5,\)"
    ):
        configurations([Longer(stake_pounds=2.0), Longer(stake_pounds=5.0)])
