"""The compiled kernels against a slow simulator in plain Python that shares nothing with them: fill for fill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as hs

from simcore.strategies import resolve_core
from simcore.streams import compile_stream
from simcore.tapes.tape import Tape
from tests.kernels.assumed import simulations
from tests.kernels.comparing import assert_orders_agree, assert_replays_agree
from tests.kernels.generated import HIGHEST, LOW_TICK, LOWEST, messages, tape_of
from tests.kernels.requested import request_table, requests
from tests.kernels.scenarios import SCENARIOS, Scenario
from tests.kernels.scenarios_of_orders import ORDER_SCENARIOS
from tests.kernels.seeded import seeded, seeded_bot
from tests.oracles.book_of_orders import FILLS

unhurried = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

MAKER = {
    "pick_s": 300.0,
    "start_s": 300.0,
    "stop_s": 30.0,
    "unload_s": 25.0,
    "levels": 3,
    "skew_contracts_pounds": 20.0,
}
DRIFT = {"pick_s": 300.0, "entry_start_s": 240.0, "entry_end_s": 60.0, "exit_s": 20.0, "stake_pounds": 20.0}
GREYHOUNDS = "betfair-down-under__autoHubTutorials__1.195395445.bz2"
FAKENHAM = "KelvinVail__Betfair__MarketStream.txt.bz2"
WIN_AND_PLACE = (GREYHOUNDS, "betfair-down-under__autoHubTutorials__1.195453610.bz2")


@pytest.mark.lane
@pytest.mark.parametrize("scenario", SCENARIOS + ORDER_SCENARIOS, ids=lambda scenario: scenario.name)
def test_kernels_and_oracle_give_the_answer_worked_out_on_paper(scenario: Scenario) -> None:
    oracle = assert_orders_agree(scenario.market.tape(), scenario.requests, scenario.simulation)
    assert [(order, odds, pence, how) for order, _, odds, pence, how in oracle.fills] == scenario.fills
    assert [(order, reason) for order, _, reason in oracle.refusals] == scenario.refusals


markets = hs.fixed_dictionaries(
    {
        "uncrossed": hs.booleans(),
        "low": hs.sampled_from((LOW_TICK, LOW_TICK, LOWEST, HIGHEST)),
        "bsp_market": hs.sampled_from((True, True, True, False)),
    }
)
cases = hs.tuples(messages(news=True), requests(), simulations(), markets, hs.integers(0, 3))


def assert_orders_get_the_same(
    told: list[Any], drawn: list[Any], simulation: dict[str, Any], market: dict[str, Any], seed: int
) -> None:
    assert_orders_agree(tape_of(told, **market), request_table(drawn, market["low"]), simulation, seed)


@given(cases)
@settings(unhurried, max_examples=60)
def test_orders_get_the_same_in_any_market_under_any_assumptions(case: tuple[Any, ...]) -> None:
    assert_orders_get_the_same(*case)


@pytest.mark.slow
@given(cases)
@settings(unhurried, max_examples=2000)
def test_orders_get_the_same_in_many_more_markets(case: tuple[Any, ...]) -> None:
    assert_orders_get_the_same(*case)


@pytest.mark.lane
@pytest.mark.parametrize("seeds", [range(10)], ids=str)
def test_orders_get_the_same_in_a_few_busy_markets(seeds: range) -> None:
    for seed in seeds:
        assert_orders_agree(*seeded(seed))


@pytest.mark.parametrize("seeds", [range(10, 200), pytest.param(range(200, 6000), marks=pytest.mark.slow)], ids=str)
def test_orders_get_the_same_in_busy_markets(seeds: range) -> None:
    _busy_markets(seeds)


def _busy_markets(seeds: range) -> None:
    """Every seed agrees, and together they see every kind of fill: else the comparison would say little."""
    how = {how for seed in seeds for *_, how in assert_orders_agree(*seeded(seed)).fills}
    assert how == set(FILLS)


@pytest.mark.lane
@pytest.mark.parametrize("seeds", [range(6)], ids=str)
def test_bots_get_the_same_in_a_few_busy_markets(seeds: range) -> None:
    _bots(seeds)


@pytest.mark.parametrize("seeds", [range(6, 100), pytest.param(range(100, 1500), marks=pytest.mark.slow)], ids=str)
def test_bots_get_the_same_in_busy_markets(seeds: range) -> None:
    _bots(seeds)


def _bots(seeds: range) -> None:
    oracles = [assert_replays_agree(*seeded_bot(seed)) for seed in seeds]
    assert sum(bool(oracle.fills) for oracle in oracles) > len(seeds) // 4


def _market(recordings: Path, name: str) -> Tape:
    (tape,) = compile_stream(recordings / "recordings" / name)
    return tape


@pytest.mark.parametrize(
    ("name", "core", "values", "simulation"),
    [
        (GREYHOUNDS, "caf", MAKER, "default"),
        (GREYHOUNDS, "daf", DRIFT, "pessimistic"),
        (FAKENHAM, "daf", DRIFT | {"direction": "short"}, "optimistic"),
    ],
)
def test_bots_get_the_same_on_real_recordings(
    recordings: Path, name: str, core: str, values: dict[str, Any], simulation: str
) -> None:
    chosen = resolve_core(core)
    oracle = assert_replays_agree(_market(recordings, name), chosen, chosen.make(values=values), simulation)
    assert oracle.fills


@pytest.mark.slow
@pytest.mark.parametrize("name", [*WIN_AND_PLACE, FAKENHAM])
@pytest.mark.parametrize("core", ["caf", "daf"])
@pytest.mark.parametrize("simulation", ["default", "optimistic", "pessimistic"])
def test_every_preset_gets_the_same_on_real_recordings(recordings: Path, name: str, core: str, simulation: str) -> None:
    chosen, tape = resolve_core(core), _market(recordings, name)
    times = MAKER if core == "caf" else DRIFT
    own_times = {key: times[key] for key in times if key.endswith("_s")}
    for preset in chosen.presets:
        assert_replays_agree(tape, chosen, chosen.make(preset, own_times), {"preset": simulation, "poll_ms": 500})
