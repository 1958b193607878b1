"""What to try next, and Optuna's record of what was tried.

Proposals are a pure function of the configuration, the finished trials and the numbers of the trials wanted: nothing is
remembered between batches. Random, grid and quasi-random points depend on the trial's number alone, so their sequence is
the same for any batch. TPE, CMA-ES and NSGA-II look back: for each batch a study is built anew of the finished trials, in
trial order, with a sampler seeded by (sweep's seed, first trial of the batch). That is why a resumed sweep proposes what an
undisturbed one would.
"""

from __future__ import annotations

import copy
import datetime
import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from sweeps.config import SweepConfig
from sweeps.errors import ConfigError
from sweeps.objective import Objective
from sweeps.results import TrialSummary
from sweeps.space import CategoricalDimension, Space, grid_slice, point

_INVALID = "valid_parameters"
"""the constraint by which a sampler learns that the core refuses a point"""


@dataclass(frozen=True)
class Proposal:
    """A trial to be: what the search chose, and the sampler's notes on it."""

    number: int
    sampled: dict[str, Any]
    optuna: dict[str, Any] = field(default_factory=dict)


def check_search(config: SweepConfig, place: str) -> None:
    """Refuse a sampler that cannot search this space."""
    sampler, space = config.search.sampler, config.space
    if sampler == "grid":
        grid_slice(space, 0, 1)
    if sampler != "cmaes":
        return
    if len(config.objective.goals) > 1:
        raise ConfigError(f"{place}: `search.sampler` cmaes takes one objective, got several; choose tpe or nsga2")
    odd = [n for n, d in space.items() if isinstance(d, CategoricalDimension) or d.when]
    if odd or len(space) < 2:
        what = f"`space.{odd[0]}` is categorical or conditional" if odd else "there is one parameter only"
        raise ConfigError(
            f"{place}: `search.sampler` cmaes needs two or more plain int or float parameters, but {what}"
        )


class Search:
    """Proposes a sweep's trials. Keeps the finished ones as Optuna wants them, which it could make again of the trials."""

    def __init__(self, config: SweepConfig) -> None:
        self._config = config
        self._finished: list[_Finished] = []

    def propose(self, finished: Sequence[TrialSummary], first: int, count: int) -> list[Proposal]:
        """Trials first … first + count − 1, given all trials before, which begin with those of the call before; fewer where
        a grid ends."""
        search, space = self._config.search, self._config.space
        if search.sampler == "grid":
            points = grid_slice(space, first, count)
        elif search.sampler == "random":
            points = [
                point(space, np.random.default_rng([search.seed, n]).random(len(space)).tolist())
                for n in range(first, first + count)
            ]
        elif search.sampler == "qmc":
            points = [point(space, u) for u in _sobol(len(space), search.seed, first, count)]
        else:
            return self._ask(finished, count)
        return [Proposal(first + i, values) for i, values in enumerate(points)]

    def _ask(self, finished: Sequence[TrialSummary], count: int) -> list[Proposal]:
        """Trials a looking-back sampler proposes after `finished`."""
        space, objective = self._config.space, self._config.objective
        self._finished += [_frozen(t, space, objective) for t in finished[len(self._finished) :]]
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        directions = [goal.direction for goal in objective.goals]
        study = optuna.create_study(directions=directions, sampler=_sampler(self._config, len(finished)))
        study.add_trials(self._finished)
        proposals = []
        for _ in range(count):
            trial = study.ask()
            sampled = _suggest(trial, space)
            notes = dict(study.get_trials(deepcopy=False)[trial.number].system_attrs)
            proposals.append(Proposal(trial.number, sampled, notes))
        return proposals


class _Finished(FrozenTrial):
    """A trial that nobody changes any more: what Optuna copies of it on its way into a study (nearly all the time of building
    one) may share its parts."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Finished:
        return copy.copy(self)


def _sobol(dimensions: int, seed: int, first: int, count: int) -> list[list[float]]:
    """Rows first … of a scrambled Sobol sequence, (count, dimensions) in [0, 1)."""
    from scipy.stats import qmc  # the better part of two seconds, for this sampler only

    engine = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    if first > 0:  # it cannot go forward by nothing
        engine.fast_forward(first)
    with warnings.catch_warnings():
        # it wants a power of two at a time; over the whole sequence ours are in order and balanced as far as they go
        warnings.filterwarnings("ignore", message="The balance properties of Sobol", category=UserWarning)
        points: list[list[float]] = engine.random(count).tolist()
        return points


def _suggest(trial: optuna.Trial, space: Space) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for name, dimension in space.items():
        if dimension.active(chosen):
            chosen[name] = dimension.suggest(trial, name)
    return chosen


def _sampler(config: SweepConfig, first: int) -> BaseSampler:
    search = config.search
    digest = hashlib.sha256(f"{search.seed}/{first}".encode()).digest()
    seed = int.from_bytes(digest[:4], "big")
    conditional = any(dimension.when for dimension in config.space.values())
    if search.sampler == "tpe":
        with warnings.catch_warnings():
            # `group` is what lets the multivariate estimate see conditional parameters; pinned by the lock file
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=search.startup_trials, multivariate=True, group=conditional
            )
    if search.sampler == "cmaes":
        return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
    return optuna.samplers.NSGAIISampler(seed=seed, population_size=search.population)


def _frozen(trial: TrialSummary, space: Space, objective: Objective) -> _Finished:
    """A finished trial as Optuna keeps it. Invalid ones are pruned ones that break a constraint: samplers then avoid the
    region, and no objective has to be invented for them."""
    valid = trial.state == "complete"
    now = datetime.datetime.now()  # Optuna wants some time; no sampler of ours looks at it
    frozen = _Finished(
        number=trial.number,
        trial_id=trial.number,
        state=TrialState.COMPLETE if valid else TrialState.PRUNED,
        value=None,
        values=list(trial.values) if valid else None,
        datetime_start=now,
        datetime_complete=now,
        params=trial.sampled,
        distributions={name: space[name].distribution() for name in trial.sampled},
        user_attrs={},
        system_attrs=dict(trial.optuna),  # the constraints are written into it
        intermediate_values={},
    )
    for name, excess in (objective.excesses(trial.metrics) if valid else {_INVALID: 1.0}).items():
        frozen.set_constraint(name, excess)
    return frozen


class Journal:
    """The finished trials in an Optuna journal file, for Optuna's own tools. A copy: our tables are never read back from it.

    Trials enter it finished, so that none is left running by a driver that died; a last line torn by a kill is cut off, and
    what is missing is added from the tables.
    """

    def __init__(self, path: Path, name: str, config: SweepConfig) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._config = config
        _cut_torn_line(path)
        Path(f"{path}.lock").unlink(
            missing_ok=True
        )  # of a driver that was killed; the sweep's own lock keeps others out
        storage: BaseStorage = JournalStorage(JournalFileBackend(str(path)))
        self._study = optuna.create_study(
            storage=storage,
            study_name=name,
            directions=[goal.direction for goal in config.objective.goals],
            load_if_exists=True,
        )
        self._count = len(self._study.get_trials(deepcopy=False))

    def bring_up_to(self, finished: Sequence[TrialSummary]) -> None:
        """Add the trials that are not in it yet."""
        for trial in finished[self._count :]:
            self._study.add_trial(_frozen(trial, self._config.space, self._config.objective))
        self._count = max(self._count, len(finished))


def _cut_torn_line(path: Path) -> None:
    if not path.is_file():
        return
    with path.open("rb+") as handle:
        content = handle.read()
        handle.truncate(content.rfind(b"\n") + 1)
