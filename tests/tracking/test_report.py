"""The plots and the report page, against what we did not write: scipy, numpy, and the page's own text."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_sweeps import CONFIG, MadeSweep

import simcore
from sweeps.home import Home
from sweeps.tracking import plots
from sweeps.tracking.artifacts import summary_metrics, write_artifacts
from sweeps.tracking.report import figures, findings, page


def made(tmp_path: Path, trials: int = 20, **named: Any) -> MadeSweep:
    sweep = MadeSweep.create(Home(tmp_path), **named)
    sweep.add_batch(0, trials)
    return sweep


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("mean_pnl_pounds", "mean PnL (£)"),
        ("exit_s", "exit (s)"),
        ("place_ms", "place (ms)"),
        ("sharpe_per_market", "sharpe per market"),
        ("s", "s"),
    ],
)
def test_units_in_names_become_units_on_axes(name: str, spoken: str) -> None:
    assert plots.label(name) == spoken


def test_kernel_density_is_scipys_with_the_same_width() -> None:
    from scipy.stats import gaussian_kde

    values = np.random.default_rng(1).standard_t(4, 300)
    at, density = plots.kernel_density(values)
    std = values.std(ddof=1)
    q25, q75 = np.percentile(values, (25, 75))
    width = 0.9 * min(std, (q75 - q25) / 1.34) * 300**-0.2
    assert density == pytest.approx(gaussian_kde(values, bw_method=width / std)(at))
    assert np.trapezoid(density, at) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0]])
def test_profits_without_spread_have_no_density(values: list[float]) -> None:
    at, density = plots.kernel_density(np.array(values))
    assert len(at) == len(density) == 0


def test_untraded_markets_do_not_make_the_density_vanish() -> None:
    values = np.concatenate([np.zeros(90), np.linspace(-2, 3, 10)])  # both quartiles are 0
    at, density = plots.kernel_density(values)
    assert np.trapezoid(density, at) == pytest.approx(1.0, abs=0.01)


def test_the_empirical_cdf_ends_at_one_and_counts_ties() -> None:
    figure = plots.empirical_cdf(np.array([1.0, -1.0, 1.0, 3.0]), "profits")
    line = figure.data[0]
    assert (list(line.x), list(line.y)) == ([-1.0, 1.0, 1.0, 3.0], [0.25, 0.5, 0.75, 1.0])


@pytest.mark.parametrize("maximize", [True, False])
def test_history_follows_the_best_of_what_meets_the_constraints(maximize: bool) -> None:
    trials = pd.DataFrame(
        {
            "trial": [0, 1, 2, 3, 4],
            "state": ["complete", "complete", "invalid", "complete", "complete"],
            "constraints_met": [True, False, True, True, True],
            "value": [1.0, 9.0, np.nan, 3.0, 2.0],
        }
    )
    figure = plots.history(trials, "value", "mean_pnl_pounds", maximize, "history")
    best = next(trace for trace in figure.data if trace.name == "best so far")
    assert list(best.x) == [0, 3, 4]
    assert list(best.y) == ([1.0, 3.0, 3.0] if maximize else [1.0, 1.0, 1.0])


def test_choices_and_unused_parameters_have_named_places_on_their_axis() -> None:
    trials = pd.DataFrame(
        {
            "state": ["complete"] * 3,
            "value": [1.0, 2.0, 3.0],
            "parameter_side": ["long", "short", "long"],
            "parameter_levels": [1.0, np.nan, 3.0],
        }
    )
    figure = plots.parallel_coordinates(trials, ["side", "levels"], "value", "mean_pnl_pounds", "all")
    side, levels, value = figure.data[0].dimensions
    assert (list(side.ticktext), list(side.values)) == (["long", "short"], [0, 1, 0])
    assert list(levels.ticktext) == ["1.0", "3.0", "not used"]
    assert value.label == "mean PnL (£)"


def test_a_sweep_has_every_plot_and_each_names_its_axes(tmp_path: Path) -> None:
    sweep = made(tmp_path)
    sweep.add_capacity()
    drawn = figures(sweep.folder)
    assert list(drawn) == [
        "capacity", "pnl-histogram", "pnl-cdf", "pnl-by-day", "history", "parallel-coordinates", "slices",
    ]  # fmt: skip
    for name, figure in drawn.items():
        assert figure.layout.title.text, name
        if name != "parallel-coordinates":
            assert any(axis.title.text for axis in figure.select_xaxes()), name
            assert "£" in " ".join(str(axis.title.text) for axis in (*figure.select_yaxes(), *figure.select_xaxes())), (
                name
            )


def test_ranks_have_ticks_at_ranks_alone() -> None:
    trials = pd.DataFrame(
        {"trial": range(9), "state": "complete", "value": range(9), "parameter_favourite": [0, 1, 2] * 3,
         "parameter_exit_s": [float(i) for i in range(9)]}
    )  # fmt: skip
    figure = plots.slices(trials, ["favourite", "exit_s"], [], "value", "mean_pnl_pounds", "slices")
    assert list(figure.layout.xaxis.tickvals) == [0, 1, 2]
    assert figure.layout.xaxis2.tickvals is None


def test_profit_by_day_venue_and_hour_adds_up_to_the_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = made(tmp_path, config=CONFIG + "data: {store: somewhere}\n")
    catalogue = pd.DataFrame({"market_id": sweep.folder.markets[::-1], "hour": [i % 3 + 9 for i in range(40)]})
    catalogue["venue"] = ["Romford", "Hove", None, ""] * 10
    store = SimpleNamespace(markets=lambda: catalogue)
    monkeypatch.setattr(simcore.TapeStore, "open", lambda path: store)
    drawn, best = figures(sweep.folder), sweep.folder.best()
    assert best is not None
    for name, groups in (("day", 5), ("venue", 3), ("hour", 3)):
        bars = drawn[f"pnl-by-{name}"].data[0]
        assert len(bars.x) == groups
        mean = np.average(bars.y, weights=bars.customdata)
        assert mean == pytest.approx(best.metrics["mean_pnl_pounds"]), name
    assert list(drawn["pnl-by-venue"].data[0].x) == ["Hove", "Romford", "unknown"]


def test_a_store_that_is_gone_leaves_the_days(tmp_path: Path) -> None:
    sweep = made(tmp_path, config=CONFIG + f"data: {{store: {tmp_path / 'gone'}}}\n")
    assert [name for name in figures(sweep.folder) if name.startswith("pnl-by")] == ["pnl-by-day"]


def test_several_objectives_add_their_front(tmp_path: Path) -> None:
    several = "objective: {kind: several, several: [{metric: mean_pnl_pounds}, {metric: worst_market_pounds}]}\n"
    sweep = MadeSweep.create(Home(tmp_path), config=CONFIG + several)
    sweep.add_batch(0, 12)
    front = figures(sweep.folder)["pareto"].data[1]
    assert [f"trial {number}" for number in sweep.folder.pareto_front()] == list(front.text)


def test_the_page_is_whole_in_itself_and_asks_no_other_host(tmp_path: Path) -> None:
    sweep = made(tmp_path)
    sweep.add_capacity()
    text = page(sweep.folder)
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*\s(?:src|href)=", text)
    assert "Beyond stake_pounds = 50 another pound earns nothing" in text
    assert "exit before entry; swap them" in text
    assert "Infinity" not in text.split("</script>")[-1]


def test_the_page_of_a_sweep_that_found_nothing_says_so(tmp_path: Path) -> None:
    sweep = MadeSweep.create(Home(tmp_path))
    assert "0 trials" in page(sweep.folder)
    sweep.add_batch(6, 1)
    assert findings(sweep.folder)[-1] == "No trial is complete and within the constraints."
    assert figures(sweep.folder) == {}
    assert summary_metrics(sweep.folder) == []


def test_names_cannot_smuggle_markup_into_the_page(tmp_path: Path) -> None:
    sweep = made(tmp_path, config=CONFIG.replace("core: daf", 'core: daf, preset: "<b>bold</b>"'))
    text = page(sweep.folder)
    assert "&lt;b&gt;bold" in text
    assert "<b>bold" not in text


def test_artifacts_hold_the_same_table_as_the_sweep(tmp_path: Path) -> None:
    sweep = made(tmp_path)
    into = tmp_path / "artifacts"
    into.mkdir()
    write_artifacts(sweep.folder, into)
    pd.testing.assert_frame_equal(pd.read_parquet(into / "tables" / "trials.parquet"), sweep.folder.trials())
    best = sweep.folder.best()
    assert best is not None
    markets = pd.read_parquet(into / "tables" / "best_markets.parquet")
    assert markets["pnl_pence"].sum() / 100 / 40 == pytest.approx(best.metrics["mean_pnl_pounds"])


def test_stakes_that_are_no_whole_pounds_are_drawn_in_hundredths(tmp_path: Path) -> None:
    sweep = made(tmp_path)
    curve = sweep.add_capacity()
    curve.rows["stake"] = curve.rows["stake"].replace(2.0, 2.5)
    from sweeps import capacity

    capacity.write(sweep.folder, curve)
    steps = [
        step for name, _, step in summary_metrics(sweep.folder) if name == "capacity/mean_pnl_pounds_by_stake_x100"
    ]
    assert steps == [250, 500, 1000, 2000, 5000, 10000]
