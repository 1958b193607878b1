"""A core of two markets on trial: what is different from a trial in one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from simcore.errors import ModelError
from simcore.pair import legs_problem, replay_pair
from simcore.strategies.base import Legs, Parameters
from simcore.strategies.contract.pair_practice import INFOS, Infos, pair_views, practice_pair
from simcore.strategies.contract.trial import SIMULATION, Case, Markets, Replayed, Trial, fills_of, misplaced
from simcore.strategies.view import View


@dataclass(frozen=True)
class PairTrial(Trial):
    """`tapes` besides the made pairs are the user's own pairs; those its legs refuse are left out."""

    def unfit(self, parameters: Parameters) -> str:
        return misplaced(parameters) or next(
            (told for infos in self._infos if (told := _misnamed(parameters, infos))), ""
        )

    def practice(self, case: Case) -> list[Markets]:
        made = [practice_pair(infos, case.parameters) for infos in INFOS if _legs(case.parameters, infos)]
        own = [tapes for tapes in self.tapes if _legs(case.parameters, (tapes[0].info, tapes[1].info))]
        return [*made, *own]

    def moments(self, case: Case, markets: Markets, count: int, seed: int) -> Iterator[View]:
        first, second = markets
        legs = _legs(case.parameters, (first.info, second.info))
        assert legs is not None  # or it would not be practised there
        return pair_views((first, second), case.parameters, legs, count, seed)

    def some_views(self, case: Case) -> list[View]:
        if all(_legs(case.parameters, infos) == _legs(self.cases[0].parameters, infos) for infos in self._infos):
            return super().some_views(case)
        return self.views(case, count=12)

    def replayed(self, case: Case, markets: Markets) -> Replayed:
        first, second = markets
        result = replay_pair((first, second), self.core, case.parameters, SIMULATION, record=True)
        return Replayed(result.row(), fills_of(result.first) + fills_of(result.second))

    @cached_property
    def untried(self) -> str:
        if any(self.practice(case) for case in self.cases):
            return ""
        told = next((_refusal(case.parameters, infos) for case in self.cases for infos in self._infos), "")
        return f"its legs refuse every pair it is tried on ({told}); try it on one it is for, with --store and --first"

    @cached_property
    def _infos(self) -> list[Infos]:
        return [*INFOS, *((tapes[0].info, tapes[1].info) for tapes in self.tapes)]


def _refusal(parameters: Parameters, infos: Infos) -> str:
    """Why its legs refuse a pair; empty = they do not."""
    try:
        parameters.legs(*infos)
    except ModelError as error:
        return str(error)
    except Exception:  # `_misnamed` says so
        return ""
    return ""


def _misnamed(parameters: Parameters, infos: Infos) -> str:
    """What is wrong with its legs in a pair; empty = nothing, or they refuse the pair as they should."""
    where = f"with {infos[0].market_type} and {infos[1].market_type}"
    try:
        legs = parameters.legs(*infos)
    except ModelError:
        return ""
    except Exception as error:
        return f"{where} its legs raise {type(error).__name__} ({error}) where they should refuse with a ModelError"
    if not isinstance(legs, Legs):
        return f"{where} its legs are a {type(legs).__name__}, not Legs"
    problem = legs_problem(legs, *infos)
    return f"{where} {problem}" if problem else ""


def _legs(parameters: Parameters, infos: Infos) -> Legs | None:
    """Its legs in a pair; None where it refuses the pair, or names what is not there."""
    if _refusal(parameters, infos) or _misnamed(parameters, infos):
        return None
    return parameters.legs(*infos)
