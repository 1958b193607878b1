"""The figures are those of the measurements: on real recordings they reproduce them, and the exchange comes close to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_markets import made

from simcore.streams import compile_stream
from simcore.synthetic.figures import Figures, averaged, figures_of
from simcore.synthetic.scan import distance_class
from simcore.synthetic.targets import TARGETS
from sweeps.app.figures import compare, counts


def share_close(figures: Figures, group: str) -> tuple[float, float]:
    """(close, far) as shares of the figures that can be compared, windows the markets do not cover left out."""
    rows = [row for row in compare(figures, TARGETS[group]) if row.window not in (">60m", "60-30m", "after")]
    tally = counts(rows)
    total = sum(tally.values())
    return tally["close"] / total, tally["far"] / total


def test_on_real_greyhound_recordings_the_figures_are_the_measured_ones(
    recordings: Path, recordings_catalogue: list[dict[str, Any]]
) -> None:
    figures = []
    for entry in recordings_catalogue:
        [market] = entry["markets"] if len(entry["markets"]) == 1 else [{}]
        group = (market.get("event_type_id"), market.get("market_type"), market.get("country"))
        if group == ("4339", "WIN", "AU") and market["usable_for_replay"]:
            figures += [figures_of(tape) for tape in compile_stream(recordings / entry["file"])]
        if len(figures) == 6:
            break
    close, far = share_close(averaged(figures), "greyhounds_au")
    assert close > 0.8
    assert far < 0.08


def test_synthetic_greyhounds_look_like_the_measured_ones() -> None:
    close, far = share_close(averaged(figures_of(tape) for _, _, tape in made("greyhounds", 10)), "greyhounds")
    assert close > 0.75
    assert far < 0.10


def test_synthetic_horses_look_like_the_measured_ones() -> None:
    close, far = share_close(averaged(figures_of(tape) for _, _, tape in made("horses", 2)), "horses")
    assert close > 0.55
    assert far < 0.20


def test_a_comparison_notices_figures_of_another_kind_of_market() -> None:
    close, _ = share_close(averaged(figures_of(tape) for _, _, tape in made("greyhounds", 10)), "horses")
    assert close < 0.5


@pytest.mark.parametrize(
    ("ticks", "group"), [(-3, 0), (0, 1), (1, 2), (2, 3), (3, 4), (5, 4), (6, 5), (15, 5), (16, 6)]
)
def test_distances_are_grouped_as_in_the_measurements(ticks: int, group: int) -> None:
    assert distance_class(ticks) == group
