"""A core on trial: its configurations, the markets and moments it is put to, and what it wants there."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec
import numba
import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from simcore.engine import replay
from simcore.errors import ModelError
from simcore.kernels.compiling import compile_kernel
from simcore.results import MarketResult
from simcore.strategies.base import Core, Parameters
from simcore.strategies.contract.practice import practice_tape, practice_views, variations
from simcore.strategies.view import MAX_OFFERS, N_SEEN_ORDERS, TO_START_MS, View, contracts, new_offers
from simcore.tapes.tape import Tape

VIEWS: Final = 120
"""moments of a market a configuration is asked about"""
SIMULATION: Final = {"poll_ms": 0}
"""how replays are checked: asked at each message"""
Rows = list[tuple[int, ...]]
Markets = tuple[Tape, ...]
"""what one replay is of: a market, or two of one event"""
Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """A configuration of the core: what to call it, and its parameters."""

    name: str
    parameters: Parameters


class Replayed(NamedTuple):
    """What came of a replay: its row, and (time_ms, market_id, order, side, odds, pounds) of each fill."""

    row: dict[str, Any]
    fills: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Trial:
    """A core with the practice it is put to; `tapes` besides the made market are the user's own."""

    core: Core
    tapes: Sequence[Markets] = ()
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

    def unfit(self, parameters: Parameters) -> str:
        """What of the parameters makes no sense; empty = nothing."""
        return misplaced(parameters)

    def practice(self, case: Case) -> list[Markets]:
        """What a configuration is tried on."""
        return [(practice_tape(case.parameters),), *self.tapes]

    def moments(self, case: Case, markets: Markets, count: int, seed: int) -> Iterator[View]:
        """Moments of one of those as the core could see it."""
        yield from practice_views(markets[0], case.parameters, count, seed)

    def views(self, case: Case, count: int = VIEWS) -> list[View]:
        """Moments of all of them."""
        if case.name not in self._views:
            practice = self.practice(case)
            each = -(-count // max(1, len(practice)))
            self._views[case.name] = [
                view for seed, markets in enumerate(practice) for view in self.moments(case, markets, each, seed)
            ]
        return self._views[case.name]

    def some_views(self, case: Case) -> list[View]:
        """A few moments that a configuration at the limits is asked about."""
        return self.views(self.cases[0])[::12]

    def replayed(self, case: Case, markets: Markets) -> Replayed:
        """What comes of a replay of one of those it is tried on."""
        result = replay(markets[0], self.core, case.parameters, SIMULATION, record=True)
        return Replayed(result.row(), fills_of(result))

    @property
    def untried(self) -> str:
        """Why there is nothing it can be tried on; empty = there is."""
        return ""

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


def fills_of(result: MarketResult) -> list[tuple[Any, ...]]:
    assert result.fills is not None
    columns = result.fills[["time_ms", "order", "side", "odds", "size_pounds"]].assign(market_id=result.market_id)
    return list(columns.itertuples(index=False, name=None))


def room_for(view: View) -> int:
    """How many offers a core may want at once."""
    return max(MAX_OFFERS, 2 * view.slots.shape[0])


def wanted(function: Function, view: View, vector: NDArray[np.float64]) -> Rows:
    """The offers a core wants, row by row; whatever it raises comes through, overflow included."""
    offers = new_offers(room_for(view))
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        function(view, vector, offers)
    n, room = int(offers.n[0]), len(offers.rows)
    return [tuple(row) for row in offers.rows[: max(0, min(n, room))].tolist()] + [()] * max(0, n - room)


def moment(view: View) -> str:
    """A view in words."""
    seconds, orders = view.clock[TO_START_MS] / 1000, int(view.clock[N_SEEN_ORDERS])
    held = " and ".join(f"£{contracts(view, slot) / 100:.2f}" for slot in range(min(3, len(view.slots))))
    more = " …" if len(view.slots) > 3 else ""
    return f"{seconds:.3f} s before the start, {held}{more} of contracts, {orders} own orders"


def copied(view: View) -> View:
    return View(*(part.copy() for part in view))


def failures(trial: Trial, case: Case, views: Sequence[View]) -> Iterator[tuple[View, Exception]]:
    for view in views:
        try:
            wanted(trial.plain, copied(view), case.parameters.vector())
        except Exception as error:
            yield view, error
