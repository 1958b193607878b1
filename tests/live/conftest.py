"""Exports for bots: whole ones, made as a sweep's export is, for a core and parameters of the test's choice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

from simcore.models.simulation import resolve_simulation
from simcore.strategies import resolve_core
from sweeps.config import Filter
from sweeps.export import Export
from sweeps.export.build import limits_of, strategy_of, timing_of
from sweeps.export.document import Distribution, Expected, Provenance

MakeExport = Callable[..., Export]
NO_DELAYS = dict.fromkeys(("place_ms", "cancel_ms", "replace_ms", "observe_ms", "ack_ms", "order_stream_ms"), 0)


@pytest.fixture(scope="session")
def make_export() -> MakeExport:
    """make_export("daf", "long", {"exit_s": 10}, simulation={...}) -> Export"""

    def make(name: str, preset: str | None = None, values: dict[str, Any] | None = None, **simulation: Any) -> Export:
        core = resolve_core(name)
        parameters = core.make(preset, values)
        assumed = resolve_simulation(simulation)
        numbers = dict.fromkeys(Distribution.__struct_fields__, 0)
        nothing = msgspec.convert(numbers, Distribution)
        return Export(
            format="furlong-export",
            version=1,
            strategy=strategy_of(name, core, parameters),
            market_filter=Filter(),
            timing=timing_of(parameters),
            limits=limits_of(assumed, core, parameters, 0),
            simulation=assumed,
            provenance=Provenance(
                sweep="test", sweep_id="0", config_hash="0", data_manifest="0", code_version="0", trial=0, trials=1, seed=1,
                first_day=date(2024, 3, 1), last_day=date(2024, 3, 1),
            ),
            expected=Expected(searched=nothing, holdout=None),
            markets=(),
            checksum="0" * 64,
        )  # fmt: skip

    return make
