"""Assumptions that hypothesis or a seed makes up: every model in every combination."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as hs

Row = dict[str, Any]

QUEUES = (
    {"kind": "none"},
    {"kind": "proportional"},
    {"kind": "back_biased", "k": 4.0},
    {"kind": "back_biased"},
    {"kind": "sampled"},
    {"kind": "front"},
)
REFILLS = (
    {"kind": "instant"},
    {"kind": "half_life", "ms": 400},
    {"kind": "half_life", "ms": 400, "least_pence": 0},
    {"kind": "half_life", "ms": 1500, "least_pence": 777},
    {"kind": "half_life"},
    {"kind": "never"},
)
NO_REACTION = {"severity": 0.0, "half_life_ms": 60_000}
REACTIONS = (
    NO_REACTION,
    NO_REACTION,
    {"severity": 20.0, "half_life_ms": 60_000},
    {"severity": 100.0, "half_life_ms": 300},
    {"severity": 333.3, "half_life_ms": 2000},
    {"severity": 1000.0, "half_life_ms": 2000},
)
DRAWN_DELAYS = ({"median_ms": 100, "sigma": 0.8}, {"median_ms": 40, "sigma": 0.0})
DELAYS = {
    "place_ms": (0, 1, 120, 120, *DRAWN_DELAYS),
    "cancel_ms": (0, 50, 120, 120, *DRAWN_DELAYS),
    "replace_ms": (0, 30, 280, *DRAWN_DELAYS),
}
HEARING = {
    "observe_ms": (0, 60, 150),
    "ack_ms": (0, 70, 70, *DRAWN_DELAYS),
    "order_stream_ms": (0, 80, 500, *DRAWN_DELAYS),
}
MATCHING: dict[str, tuple[Any, ...]] = {
    "queue": QUEUES,
    "refill": REFILLS,
    "reaction": REACTIONS,
    "appetite": (0.0, 0.0, 0.3, 0.5, 1.0),
    "unattributed": ("front", "none"),
    "displacement": (True, True, True, True, False),
}
COSTS = {"funds_pounds": (10_000.0, 10_000.0, 25.0), "minimum_stake": (True, True, True, False)}
LOOKING = {
    "poll_ms": (0, 0, 30, 100, 250),
    "cancel_then_place": ("sequential", "parallel"),
    "settlement": ("result", "result", "mark"),
    "below_minimum": ("leave", "place_cut_replace"),
}


def _of(choices: dict[str, tuple[Any, ...]]) -> hs.SearchStrategy[Row]:
    return hs.fixed_dictionaries({name: hs.sampled_from(options) for name, options in choices.items()})


def simulations() -> hs.SearchStrategy[Row]:
    """Every combination of the matching's assumptions."""
    return hs.builds(
        lambda matching, delays, costs: matching | {"delays": delays, "costs": costs},
        _of(MATCHING),
        _of(DELAYS),
        _of(COSTS),
    )


def _chosen(rng: Random, choices: dict[str, tuple[Any, ...]]) -> Row:
    return {name: rng.choice(options) for name, options in choices.items()}


def seeded_simulation(rng: Random) -> Row:
    """The matching's assumptions from a seed."""
    return _chosen(rng, MATCHING) | {"delays": _chosen(rng, DELAYS), "costs": _chosen(rng, COSTS)}


def looking(rng: Random, simulation: Row) -> Row:
    """The same, and how a bot looks and hears."""
    return simulation | _chosen(rng, LOOKING) | {"delays": simulation["delays"] | _chosen(rng, HEARING)}
