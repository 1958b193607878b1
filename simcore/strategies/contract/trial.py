"""A core on trial: its configurations, the markets and moments it is put to, and what it wants there."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import msgspec
import numba
import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from simcore.errors import ModelError
from simcore.kernels.compiling import compile_kernel
from simcore.strategies.base import Core, Parameters
from simcore.strategies.contract.practice import practice_tape, practice_views, variations
from simcore.strategies.view import MAX_OFFERS, N_SEEN_ORDERS, TO_START_MS, View, contracts, new_offers
from simcore.tapes.tape import Tape

VIEWS: Final = 120
"""moments of a market a configuration is asked about"""
Rows = list[tuple[int, ...]]
Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """A configuration of the core: what to call it, and its parameters."""

    name: str
    parameters: Parameters


@dataclass(frozen=True)
class Trial:
    """A core with the practice it is put to; `tapes` besides the made market are the user's own."""

    core: Core
    tapes: Sequence[Tape] = ()
    _views: dict[str, list[View]] = field(default_factory=dict)

    @property
    def plain(self) -> Function:
        """The core's function as plain Python, as a live bot runs it."""
        function: Function = getattr(self.core.function, "py_func", self.core.function)
        return function

    @cached_property
    def cannot_be_compiled(self) -> str:
        """Why not; empty = it can be, and is."""
        if numba.config.DISABLE_JIT:
            return "cannot be judged while NUMBA_DISABLE_JIT is set; unset it"
        if not hasattr(self.core.function, "py_func"):
            return "is a plain function; put @kernel of simcore.kernels.compiling above it"
        try:
            compile_kernel(self.core.function)
        except (NumbaError, KeyError, TypeError, NameError) as error:
            said = textwrap.shorten(str(error), 240, placeholder=" …")
            return f"cannot be compiled ({type(error).__name__}: {said}); annotate it as the worked example is"
        return ""

    @cached_property
    def cases(self) -> list[Case]:
        """The core's defaults, where it has any, and its presets."""
        found: list[Case] = []
        if not issubclass(self.core.parameters, Parameters):
            return found
        for name in (None, *self.core.presets):
            made, _ = make(self.core, name, {})
            if made is not None and not misplaced(made):
                found.append(Case("its defaults" if name is None else f"preset {name!r}", made))
        return found

    @cached_property
    def accepted(self) -> list[Case]:
        """Configurations at the limits of the parameters that the core does not refuse."""
        if not self.cases:
            return []
        start = msgspec.to_builtins(self.cases[0].parameters)
        found = []
        for values in variations(self.core.parameters, start):
            made, _ = make(self.core, None, values)
            if made is not None:
                changed = ", ".join(f"{name}={value!r}" for name, value in values.items() if start[name] != value)
                found.append(Case(changed or "its defaults", made))
        return found

    def practice(self, case: Case) -> list[Tape]:
        """The markets a configuration is tried on."""
        return [practice_tape(case.parameters), *self.tapes]

    def views(self, case: Case) -> list[View]:
        """Moments of those markets."""
        if case.name not in self._views:
            tapes = self.practice(case)
            each = -(-VIEWS // len(tapes))
            self._views[case.name] = [
                view for seed, tape in enumerate(tapes) for view in practice_views(tape, case.parameters, each, seed)
            ]
        return self._views[case.name]

    @cached_property
    def sound(self) -> list[Case]:
        """The cases with a vector that can be read and an answer to every view: those the other checks can ask."""
        whole = [case for case in self.cases if not vector_fault(case.parameters)]
        return [case for case in whole if not any(failures(self, case, self.views(case)))]


def make(core: Core, preset: str | None, values: dict[str, Any]) -> tuple[Parameters | None, str]:
    """Parameters, or None and what the core raised instead of refusing (empty: it refused them as it should)."""
    try:
        return core.make(preset, values), ""
    except ModelError:
        return None, ""
    except Exception as error:
        return None, f"{type(error).__name__} ({error})"


def misplaced(parameters: Parameters) -> str:
    """What is wrong with window or pick; empty = nothing."""
    try:
        (first, last), (pick_s, rank) = parameters.window(), parameters.pick()
    except Exception as error:
        return f"its window or pick raises {type(error).__name__}: {error}"
    if not all(np.isfinite(value) for value in (first, last, pick_s)) or not first > last:
        return f"its window is ({first!r}, {last!r}), which must be finite seconds with first > last"
    if not isinstance(rank, int) or rank < 0 or pick_s < last:
        return f"its pick is ({pick_s!r}, {rank!r}), which must be seconds before the window ends and a rank from 0"
    return ""


def vector_fault(parameters: Parameters) -> str:
    """What is wrong with the vector; empty = nothing."""
    try:
        vector = parameters.vector()
    except Exception as error:
        return f"the vector raises {type(error).__name__}: {error}; mend it"
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float64 or vector.ndim != 1:
        return f"the vector must be a float64 array of one dimension, got {vector!r:.80}; make it so"
    off = np.flatnonzero(np.isnan(vector) | (vector == np.inf))
    return f"vector[{off[0]}] is {vector[off[0]]}; refuse such values or write a number" if len(off) else ""


def wanted(function: Function, view: View, vector: NDArray[np.float64]) -> Rows:
    """The offers a core wants, row by row; whatever it raises comes through, overflow included."""
    offers = new_offers()
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        function(view, vector, offers)
    n = int(offers.n[0])
    return [tuple(row) for row in offers.rows[: max(0, min(n, MAX_OFFERS))].tolist()] + [()] * max(0, n - MAX_OFFERS)


def moment(view: View) -> str:
    """A view in words."""
    seconds, orders = view.clock[TO_START_MS] / 1000, int(view.clock[N_SEEN_ORDERS])
    return f"{seconds:.3f} s before the start, £{contracts(view, 0) / 100:.2f} of contracts, {orders} own orders"


def copied(view: View) -> View:
    return View(*(part.copy() for part in view))


def failures(trial: Trial, case: Case, views: Sequence[View]) -> Iterator[tuple[View, Exception]]:
    for view in views:
        try:
            wanted(trial.plain, copied(view), case.parameters.vector())
        except Exception as error:
            yield view, error
