"""The contract of a core, for its author's own tests: every promise of `promises` is a test.

    from simcore.strategies.contract import CoreContract

    class TestMine(CoreContract):
        core = "bots/mine.py:MINE"

`tapes` puts it to markets of one's own besides the made one. `sweeps core check bots/mine.py:MINE` asks the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from simcore.errors import ModelError
from simcore.strategies import Core, find_core
from simcore.strategies.contract.pair_trial import PairTrial
from simcore.strategies.contract.promises import PROMISES
from simcore.strategies.contract.trial import Trial
from simcore.tapes.tape import Tape

Tapes = Sequence[Tape] | Sequence[tuple[Tape, Tape]]
"""markets, or for a core of two markets pairs of one event"""


@dataclass(frozen=True)
class Breach:
    """A promise that is not kept, and how that was seen."""

    promise: str
    sentence: str


def breaches_of(core: str | Core, tapes: Tapes = ()) -> list[Breach]:
    """Every breach of the contract, in the order of PROMISES. Raises ModelError for a core that is not there."""
    trial = trial_of(core, tapes)
    return [Breach(promise, sentence) for promise, check in PROMISES.items() for sentence in check(trial)]


def trial_of(core: str | Core, tapes: Tapes = ()) -> Trial:
    """A trial of a core of one market or of two. Raises ModelError for a core that is not there, or tapes of the other kind."""
    found = find_core(core)
    markets = [(each,) if isinstance(each, Tape) else tuple(each) for each in tapes]
    if any(len(each) != found.markets for each in markets):
        kind = "a tape" if found.markets == 1 else "a pair of tapes"
        raise ModelError(f"each of `tapes` must be {kind}, because core {found.name!r} trades {found.markets}")
    return Trial(found, markets) if found.markets == 1 else PairTrial(found, markets)


class CoreContract:
    """Subclass, name the core (`file.py:NAME`, a shipped core's name or the Core itself), and let pytest find it."""

    core: ClassVar[str | Core]
    tapes: ClassVar[Tapes] = ()
    _trial: ClassVar[Trial | None] = None

    @classmethod
    def _on_trial(cls) -> Trial:
        """One trial for all tests of a class."""
        if "_trial" not in cls.__dict__ or cls._trial is None:
            cls._trial = trial_of(cls.core, cls.tapes)
        return cls._trial

    def _keeps(self, promise: str) -> None:
        if not hasattr(self, "core"):
            raise ModelError(f"{type(self).__name__} must name its `core`, such as core = 'bots/mine.py:MINE'")
        broken = list(PROMISES[promise](self._on_trial()))
        assert not broken, "; ".join(broken)

    def test_it_compiles(self) -> None:
        self._keeps("compiles")

    def test_its_parameters_are_frozen_and_refuse_unknown_keys(self) -> None:
        self._keeps("parameters_are_frozen")

    def test_its_presets_are_valid(self) -> None:
        self._keeps("presets_are_valid")

    def test_its_parameters_refuse_contradictions(self) -> None:
        self._keeps("contradictions_are_refused")

    def test_its_vector_is_finite_and_as_long_as_it_reads(self) -> None:
        self._keeps("vector_is_whole")

    def test_its_offers_can_stand(self) -> None:
        self._keeps("offers_are_possible")

    def test_it_wants_something_somewhere(self) -> None:
        self._keeps("it_wants_something")

    def test_compiled_and_as_plain_python_it_wants_the_same(self) -> None:
        self._keeps("compiled_is_as_written")

    def test_it_keeps_nothing_between_calls(self) -> None:
        self._keeps("it_keeps_nothing")

    def test_it_touches_nothing_but_its_offers(self) -> None:
        self._keeps("it_touches_only_offers")

    def test_between_its_moments_it_wants_the_same(self) -> None:
        self._keeps("it_names_its_moments")

    def test_it_reads_no_level_it_says_it_does_not(self) -> None:
        self._keeps("it_reads_the_touch_only")

    def test_it_leans_where_it_says(self) -> None:
        self._keeps("it_leans_where_it_says")

    def test_a_replay_of_the_first_part_is_the_first_part_of_the_replay(self) -> None:
        self._keeps("it_does_not_look_ahead")
