"""All assumptions of a replay in one frozen object, and their named presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from simcore.errors import ModelError
from simcore.models.appetite import Appetite
from simcore.models.base import Model
from simcore.models.costs import Costs
from simcore.models.latency import Delays
from simcore.models.matching import Matching
from simcore.models.queue import Queue, QueueBackBiased, QueueNone, QueueProportional
from simcore.models.reaction import Reaction
from simcore.models.refill import Refill, RefillHalfLife, RefillInstant, RefillNever


class Simulation(Model, frozen=True):
    """Assumptions of a replay.

    poll_ms            the harness looks every so often (0 = at each message)
    cancel_then_place  sequential: cancels are answered before places are sent; parallel: both at once
    appetite           share of the aggressors that cleared their last level and would have taken as much again
    unattributed       a trade of unknown side at exactly our price: `front` takes from the front of the queue, `none` nothing
    settlement         result: settle on the result, marked to market where the recording has none (the result row says so);
                       mark: always marked to market at the off
    displacement       False: nothing we do changes the world, prices included (for comparison only)
    below_minimum      a closing stake under the minimum: leave it, or place_cut_replace (three requests)
    matching           record: trades meet the world; flumine: that framework's rule (for comparison only), which knows no
                       queue model, refill, displacement, nor a trade whose side is unknown
    """

    queue: Queue = QueueBackBiased()
    refill: Refill = RefillHalfLife()
    reaction: Reaction = Reaction()
    appetite: Appetite = 0.6
    unattributed: Literal["front", "none"] = "front"
    displacement: bool = True
    delays: Delays = Delays()
    poll_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 100
    cancel_then_place: Literal["sequential", "parallel"] = "sequential"
    below_minimum: Literal["leave", "place_cut_replace"] = "leave"
    costs: Costs = Costs()
    settlement: Literal["result", "mark"] = "result"
    matching: Matching = "record"


FLUMINE = Simulation(
    matching="flumine",
    appetite=0.0,
    queue=QueueNone(),
    refill=RefillInstant(),
    displacement=False,
    delays=Delays(place_ms=120, cancel_ms=170, replace_ms=280, observe_ms=0, ack_ms=0, order_stream_ms=0),
    poll_ms=0,
    cancel_then_place="parallel",
    costs=Costs(funds_pounds=10_000_000.0, transaction_charge=False),
)
"""flumine's simulation as it comes: its matching and latencies, a look at each message, no limit on funds."""

PRESETS: dict[str, Simulation] = {
    "default": Simulation(),
    "optimistic": Simulation(queue=QueueProportional(), refill=RefillInstant(), appetite=1.0),
    "pessimistic": Simulation(queue=QueueBackBiased(k=4.0), refill=RefillNever(), appetite=0.0, unattributed="none"),
    "flumine": FLUMINE,
}


def resolve_simulation(choice: str | Mapping[str, Any] | Simulation) -> Simulation:
    """A preset's name, a mapping of the YAML's `simulation` keys (with an optional `preset` to start from) or the object.

    Raises ModelError with the place of what is wrong.
    """
    if isinstance(choice, Simulation):
        return choice
    if isinstance(choice, str):
        return _preset(choice)
    given = _lengthened(choice)
    base = msgspec.to_builtins(_preset(given.pop("preset", "default")))
    for key, value in given.items():
        partial = isinstance(value, Mapping) and isinstance(base.get(key), dict) and "kind" not in value
        base[key] = {**base[key], **value} if partial else value
    try:
        return msgspec.convert(base, Simulation)
    except msgspec.ValidationError as error:
        raise ModelError(f"simulation: {error}; see docs/simulator.md for the keys") from error


def _lengthened(choice: Mapping[str, Any]) -> dict[str, Any]:
    """The short forms written out: `queue: proportional`, `queue: back_biased(2)`, `refill: never`, `refill_ms: 5000` (0 =
    instant, infinity = never), and each delay by its own name."""
    given = dict(choice)
    for name in Delays.__struct_fields__:
        if name in given:
            given["delays"] = {**given.get("delays", {}), name: given.pop(name)}
    if "refill_ms" in given:
        ms = given.pop("refill_ms")
        named = {0: "instant", float("inf"): "never"}.get(ms)
        given["refill"] = {"kind": named} if named else {"kind": "half_life", "ms": ms}
    for key in ("queue", "refill"):
        if isinstance(given.get(key), str):
            kind, _, k = given[key].rstrip(")").partition("(")
            given[key] = {"kind": kind, "k": float(k)} if k.replace(".", "", 1).isdigit() else {"kind": given[key]}
    return given


def _preset(name: object) -> Simulation:
    if not isinstance(name, str) or name not in PRESETS:
        raise ModelError(f"simulation preset {name!r} is unknown; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
