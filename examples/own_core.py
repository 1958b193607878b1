"""A core of one's own: keep one lay offer at the touch of the second favourite, and be flat a minute before the off.

Replay it:  sweeps replay --store DIR --market ID --strategy examples/own_core.py:PATIENT --set stake_pounds=4
Sweep it:   name `core: examples/own_core.py:PATIENT` in a sweep's YAML
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, LAY
from simcore.kernels.compiling import Real1, kernel
from simcore.strategies import Core, Parameters
from simcore.strategies.view import TO_START_MS, Offers, View, best_tick, contracts, want, want_flat
from simcore.units import pence_of


class Patient(Parameters, frozen=True):
    """Seconds are before the advertised start."""

    start_s: Annotated[float, msgspec.Meta(gt=60.0, le=3600.0)] = 300.0
    stake_pounds: Annotated[float, msgspec.Meta(gt=0.0, le=10_000.0)] = 5.0

    def window(self) -> tuple[float, float]:
        return (self.start_s, -600.0)

    def pick(self) -> tuple[float, int]:
        return (self.start_s, 1)

    def moments(self) -> tuple[float, ...]:
        return (self.start_s, 60.0)

    def vector(self) -> NDArray[np.float64]:
        return np.array([pence_of(self.stake_pounds)], np.float64)


@kernel
def patient(view: View, parameters: Real1, offers: Offers) -> None:
    """Wanted offers: a lay at the best price to back while nothing is matched, then nothing; at last the way out."""
    if view.clock[TO_START_MS] <= 60_000:
        want_flat(view, 0, offers)
    elif contracts(view, 0) == 0:
        want(offers, 0, LAY, best_tick(view, 0, ATB), int(parameters[0]))


PATIENT = Core(name="patient", function=patient, parameters=Patient, scale=("stake_pounds",), touch_only=True)
