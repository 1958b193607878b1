"""Assumptions from a preset, a mapping or short forms: one object, and one sentence for what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from simcore.errors import ModelError
from simcore.models.queue import QueueBackBiased, QueueNone, QueueProportional
from simcore.models.refill import RefillHalfLife, RefillInstant, RefillNever
from simcore.models.simulation import PRESETS, Simulation, resolve_simulation


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"queue": "none"}, Simulation(queue=QueueNone())),
        ({"queue": "proportional"}, Simulation(queue=QueueProportional())),
        ({"queue": "back_biased(2.5)"}, Simulation(queue=QueueBackBiased(k=2.5))),
        ({"queue": {"k": 3}}, Simulation(queue=QueueBackBiased(k=3.0))),
        ({"refill": "never"}, Simulation(refill=RefillNever())),
        ({"refill_ms": 0}, Simulation(refill=RefillInstant())),
        ({"refill_ms": 500}, Simulation(refill=RefillHalfLife(ms=500))),
        ({"refill_ms": float("inf")}, Simulation(refill=RefillNever())),
        ({"place_ms": 5, "delays": {"cancel_ms": 6}}, {"delays": {"place_ms": 5, "cancel_ms": 6}}),
    ],
)
def test_short_forms_mean_what_they_are_short_for(given: dict[str, Any], expected: Any) -> None:
    assert resolve_simulation(given) == resolve_simulation(expected)


def test_a_mapping_starts_from_its_preset_and_keeps_the_rest() -> None:
    changed = resolve_simulation({"preset": "pessimistic", "poll_ms": 50})
    assert (changed.refill, changed.unattributed, changed.poll_ms) == (RefillNever(), "none", 50)
    assert resolve_simulation("pessimistic") == PRESETS["pessimistic"]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"queue": "fair"}, "fair"),
        ({"queue": {"kind": "back_biased", "k": -1}}, "$.queue.k"),
        ({"refill_ms": -5}, "$.refill.ms"),
        ({"polling": 5}, "polling"),
        ({"unattributed": "behind"}, "$.unattributed"),
        ({"preset": "rosy"}, "rosy"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_place(given: dict[str, Any], place: str) -> None:
    with pytest.raises(ModelError, match=place.replace("$", r"\$")):
        resolve_simulation(given)
