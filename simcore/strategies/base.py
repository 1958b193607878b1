"""What a strategy core is: a pure function from what it sees to the offers it wants, with its parameter object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore.errors import ModelError

if TYPE_CHECKING:
    from simcore.tapes.tape import MarketInfo


@dataclass(frozen=True)
class Legs:
    """What a core of two markets trades: groups of runners that belong together.

    groups : for each group the runners of the first and of the second market, as indices into `MarketInfo.runners`
    picked : one group is traded, the one of the runner that `Parameters.pick` names in the first market (in the second where no
             group has a runner of the first); False = all groups are
    """

    groups: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    picked: bool = False


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of a core's parameters: flat, typed, with units in the names; contradictions are refused on construction."""

    def window(self) -> tuple[float, float]:
        """(first, last) seconds before the advertised start between which the core is asked; first > last."""
        raise self._missing("window")

    def pick(self) -> tuple[float, int]:
        """(seconds before the advertised start, rank) of the pick the harness makes; rank 0 is the favourite."""
        raise self._missing("pick")

    def _missing(self, method: str) -> ModelError:
        return ModelError(
            f"core parameters {type(self).__name__} must define `{method}`; simcore/strategies/daf.py shows how"
        )

    def legs(self, first: MarketInfo, second: MarketInfo) -> Legs:
        """The runners a core of two markets trades, from what their first definitions say. Raises ModelError."""
        raise self._missing("legs")

    def moments(self) -> tuple[float, ...] | None:
        """Seconds before the advertised start at which the core may want something else although all but the clock is the same.

        None: it may at any time, so it is asked at every poll.
        """
        return None

    def leans_at(self) -> float:
        """What of the sizes at the best prices matters to the core: whether `view.imbalance`, or its negative, is above this.

        1: sizes do not matter at all; negative: they matter as they are. A `touch_only` core is asked again when a price has
        changed, or what of the sizes matters to it.
        """
        return -1.0

    def trades_in_play(self) -> bool:
        """Whether the core is asked in-play too."""
        return False

    def vector(self) -> NDArray[np.float64]:
        """What the compiled core reads: its parameters as numbers, in the order the core's file documents."""
        raise self._missing("vector")


@dataclass(frozen=True)
class Core:
    """A named core: its compiled function, parameter class, presets and the units of its parameters."""

    name: str
    function: Callable[..., Any]
    parameters: type[Parameters]
    presets: Mapping[str, Parameters] = field(default_factory=dict)
    scale: tuple[str, ...] = ()
    """the parameters in pounds that a capacity curve scales together"""
    touch_only: bool = False
    """of a market it reads no level behind the best where somebody else stands, no last price and no volume: no replay need
    show it more, and none asks it again while that has not changed"""
    markets: int = 1
    """2: it trades two markets of one event at once, see `simcore.replay_pair`"""

    def make(self, preset: str | None = None, values: Mapping[str, Any] | None = None) -> Parameters:
        """Parameters from a preset and overriding values. Raises ModelError naming what is wrong and where."""
        base: dict[str, Any] = {}
        if preset is not None:
            if preset not in self.presets:
                known = ", ".join(self.presets)
                raise ModelError(f"preset {preset!r} of core {self.name!r} is unknown; choose one of {known}")
            base = msgspec.to_builtins(self.presets[preset])
        try:
            return msgspec.convert({**base, **(values or {})}, self.parameters)
        except msgspec.ValidationError as error:
            raise ModelError(f"parameters of core {self.name!r}: {error}") from error
