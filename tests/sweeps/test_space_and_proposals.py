"""Points of a search space, and what each sampler proposes: by the trial's number alone, or by the finished trials alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import optuna
import pytest

from sweeps.config import SweepConfig, parse_config
from sweeps.errors import ConfigError
from sweeps.results import TrialSummary
from sweeps.space import FloatDimension, IntDimension, check_space, grid, point
from sweeps.study import Journal, Proposal, Search, check_search

SPACE = """
strategy: {core: daf}
space:
  favourite: {kind: int, low: 0, high: 2}
  entry: {kind: categorical, choices: [passive, cross]}
  max_spread_ticks: {kind: int, low: 1, high: 100, log: true, when: {entry: passive}}
  exit_s: {kind: float, low: 0, high: 1, step: 0.1}
"""
NUMBERS_ONLY = """
strategy: {core: daf}
space:
  entry_end_s: {kind: float, low: 10, high: 90}
  exit_s: {kind: float, low: 0, high: 1, step: 0.1}
"""


def config(*overrides: str, text: str = SPACE) -> SweepConfig:
    return parse_config(text, "test.yaml", overrides)


def told(asked: Proposal, wanted: SweepConfig) -> TrialSummary:
    """A finished trial with a made-up value; every seventh is one the core refuses."""
    if asked.number % 7 == 6:
        return TrialSummary(asked.number, "invalid", asked.sampled, {}, reason="refused", optuna=asked.optuna)
    value = float(asked.sampled["exit_s"]) + float(asked.sampled.get("favourite", 0))
    values = tuple(value if i == 0 else -value * value for i in range(len(wanted.objective.goals)))
    metrics = {"mean_pnl_pounds": value, "worst_market_pounds": -value}
    return TrialSummary(asked.number, "complete", asked.sampled, {}, values, metrics, optuna=asked.optuna)


def searched(wanted: SweepConfig, trials: int, *, forget_after: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Run a whole search; after the batches in `forget_after` everything is written to text and read back."""
    finished: list[TrialSummary] = []
    search = Search(wanted)
    while len(finished) < trials:
        count = min(wanted.search.next_count(len(finished)), trials - len(finished))
        finished += [told(p, wanted) for p in search.propose(finished, len(finished), count)]
        if len(finished) in forget_after:
            search = Search(wanted)
            facts = json.loads(json.dumps([[t.sampled, t.optuna, t.values, t.metrics] for t in finished]))
            finished = [
                TrialSummary(t.number, t.state, f[0], {}, tuple(f[2]), f[3], reason=t.reason, optuna=f[1])
                for t, f in zip(finished, facts, strict=True)
            ]
    return [t.sampled for t in finished]


def ends_of_batches(*overrides: str, text: str = SPACE) -> list[int]:
    """Trials finished after each batch of a whole sweep."""
    search, ends = config(*overrides, text=text).search, [0]
    while count := search.next_count(ends[-1]):
        ends.append(ends[-1] + count)
    return ends[1:]


def test_a_batch_is_a_tenth_of_the_trials_so_far_once_that_is_more() -> None:
    ends = ends_of_batches("search.trials=1000")
    assert ends[:15] == [*range(10, 111, 10), 121, 133, 146, 160]
    assert ends[-2:] == [958, 1000]
    assert ends_of_batches("search.trials=35", "search.batch=20", "search.growth=1") == [20, 35]


def test_a_batch_grows_to_ten_times_its_size_at_most() -> None:
    ends = ends_of_batches("search.trials=20000", "search.batch=7", "search.growth=0.5")
    assert max(b - a for a, b in pairwise(ends)) == 70


@pytest.mark.parametrize("fixed", ["search.growth=0", "search.sampler=cmaes", "search.sampler=nsga2"])
def test_a_batch_that_does_not_grow(fixed: str) -> None:
    assert ends_of_batches("search.trials=305", fixed, text=NUMBERS_ONLY) == [*range(10, 301, 10), 305]


def test_a_sweep_that_is_extended_ends_the_batch_it_had_begun() -> None:
    assert config("search.trials=115").search.next_count(110) == 5
    assert config("search.trials=200").search.next_count(115) == 6
    assert config("search.trials=100").search.next_count(120) == 0


@pytest.mark.parametrize("sampler", ["random", "grid", "qmc"])
def test_the_sequence_is_the_same_for_any_batch(sampler: str) -> None:
    wanted = config(f"search.sampler={sampler}")
    whole = [p.sampled for p in Search(wanted).propose([], 0, 30)]
    for batch in (1, 7, 30):
        parts = [Search(wanted).propose([], first, min(batch, 30 - first)) for first in range(0, 30, batch)]
        assert [p.sampled for part in parts for p in part] == whole
    assert [p.number for p in Search(wanted).propose([], 11, 3)] == [11, 12, 13]


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_another_seed_is_another_sequence(sampler: str) -> None:
    one, other = (
        Search(config(f"search.sampler={sampler}", f"search.seed={seed}")).propose([], 0, 8) for seed in (1, 2)
    )
    assert [p.sampled for p in one] != [p.sampled for p in other]


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "nsga2"])
def test_a_search_that_was_interrupted_proposes_what_an_undisturbed_one_would(sampler: str) -> None:
    wanted = config(f"search.sampler={sampler}", "search.batch=5", "search.population=8", text=NUMBERS_ONLY)
    undisturbed = searched(wanted, 40)
    assert searched(wanted, 40, forget_after=(5, 20, 35)) == undisturbed
    assert len({str(s) for s in undisturbed}) > 30


def test_tpe_goes_where_the_values_are() -> None:
    wanted = config("search.batch=5")
    late = searched(wanted, 80)[50:]
    assert sum(s["favourite"] == 2 for s in late) > len(late) * 0.6


def test_tpe_takes_several_objectives_and_points_the_core_refused() -> None:
    wanted = config("objective.kind=several", "objective.several=[{metric: p5_pounds}, {metric: p95_pounds}]")
    assert len(searched(wanted, 30)) == 30


def test_tpe_is_told_of_broken_constraints() -> None:
    # value and constraint pull apart: exit_s + favourite is the value, anything above 1.5 breaks the constraint
    bound = "objective.constraints=[{metric: worst_market_pounds, at_least: -1.5}]"
    free, bounded = (searched(config("search.batch=5", *extra), 60)[30:] for extra in ((), (bound,)))
    broken = [sum(s["exit_s"] + s["favourite"] > 1.5 for s in late) for late in (free, bounded)]
    assert broken[1] < broken[0] * 0.7


def test_a_grid_visits_every_combination_once_and_leaves_out_what_is_inactive() -> None:
    text = SPACE.replace("log: true, ", "step: 50, ")
    points = [p.sampled for p in Search(config("search.sampler=grid", text=text)).propose([], 0, 1000)]
    # 3 favourites × (2 spreads when passive + 1 without when crossing) × 11 exits
    assert len(points) == 3 * (2 + 1) * 11
    assert len({json.dumps(p) for p in points}) == len(points)
    assert all(("max_spread_ticks" in p) == (p["entry"] == "passive") for p in points)


def test_a_grid_is_never_laid_out_in_memory() -> None:
    huge = {f"x{i}": IntDimension(low=0, high=999) for i in range(20)}
    assert next(grid(huge)) == dict.fromkeys(huge, 0)


def test_steps_are_decimal_numbers() -> None:
    tenths = FloatDimension(low=0.0, high=1.0, step=0.1)
    assert list(tenths.values("")) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert {tenths.at(i / 1000) for i in range(1000)} == set(tenths.values(""))


def test_a_high_that_is_no_step_is_never_passed() -> None:
    assert list(FloatDimension(low=0.0, high=0.95, step=0.25).values("")) == [0.0, 0.25, 0.5, 0.75]
    assert list(IntDimension(low=1, high=10, step=4).values("")) == [1, 5, 9]
    assert IntDimension(low=1, high=10, step=4).distribution().high == 9


def test_log_dimensions_reach_both_ends_and_spend_as_much_on_each_decade() -> None:
    log = IntDimension(low=1, high=100, log=True)
    values = [log.at(i / 10_000) for i in range(10_000)]
    assert (min(values), max(values)) == (1, 100)
    assert 0.4 < sum(v <= 10 for v in values) / len(values) < 0.65
    assert FloatDimension(low=0.01, high=100.0, log=True).at(0.5) == pytest.approx(1.0)


def test_a_point_of_the_cube_leaves_out_inactive_dimensions() -> None:
    space = config().space
    assert "max_spread_ticks" in point(space, [0.0, 0.0, 0.5, 0.0])
    assert "max_spread_ticks" not in point(space, [0.0, 0.9, 0.5, 0.0])


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("space.exit_s={kind: float, low: 2, high: 1}", "`low` must not be above `high`"),
        ("space.exit_s={kind: float, low: 0, high: 1, log: true}", "`low` must be above 0 with `log`"),
        ("space.exit_s={kind: float, low: 1, high: 2, log: true, step: 1}", "exclude each other"),
        ("space.favourite={kind: int, low: 0, high: 2, step: 0}", "`step` must be above 0"),
        ("space.entry={kind: categorical, choices: []}", "must not be empty"),
        ("space.entry={kind: categorical, choices: [cross, cross]}", "must differ"),
        ("space.favourite={kind: int, low: 0, high: 2, when: {exit_s: 1.0}}", "list it first"),
        ("space.exit_s={kind: float, low: 0, high: .inf}", "must be finite"),
    ],
)
def test_a_dimension_that_cannot_be_is_refused_with_its_place(override: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as refused:
        check_space(config(override).space, "test.yaml")
    assert "`space." in str(refused.value)


def test_samplers_refuse_spaces_they_cannot_search() -> None:
    with pytest.raises(ConfigError, match="cmaes needs two or more plain"):
        check_search(config("search.sampler=cmaes"), "test.yaml")
    endless = NUMBERS_ONLY.replace("step: 0.1", "")
    with pytest.raises(ConfigError, match="a grid needs a `step`"):
        check_search(config("search.sampler=grid", text=endless), "test.yaml")
    several = "objective.several=[{metric: p5_pounds}, {metric: p95_pounds}]"
    with pytest.raises(ConfigError, match="one objective"):
        check_search(config("search.sampler=cmaes", "objective.kind=several", several, text=NUMBERS_ONLY), "test.yaml")


def test_the_journal_holds_every_trial_once_even_after_its_last_line_was_torn(tmp_path: Path) -> None:
    wanted = config("search.batch=5")
    finished = [told(p, wanted) for p in Search(wanted).propose([], 0, 10)]
    path = tmp_path / "study.journal"
    Journal(path, "mine", wanted).bring_up_to(finished[:7])
    path.write_bytes(path.read_bytes()[:-9])
    (tmp_path / "study.journal.lock").symlink_to(path)  # as a killed driver leaves it
    Journal(path, "mine", wanted).bring_up_to(finished)

    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    trials = optuna.load_study(study_name="mine", storage=storage).trials
    assert [t.params for t in trials] == [t.sampled for t in finished]
    assert [t.value for t in trials] == [t.values[0] if t.values else None for t in finished]
    assert not any(t.state == optuna.trial.TrialState.RUNNING for t in trials)
