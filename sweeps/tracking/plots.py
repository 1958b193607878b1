"""A sweep in pictures: plotly figures drawn from our own tables, pounds and units on every axis.

Every function takes plain tables and returns a figure; what a figure shows is in its title, so that it stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

BLUE, ORANGE, GREY, RED, GREEN = "#1f5f8b", "#d9822b", "#8a9199", "#b3382c", "#3a7d44"
_UNITS: Final = {
    "pounds": "£",
    "pence": "p",
    "ms": "ms",
    "s": "s",
    "seconds": "s",
    "ticks": "ticks",
    "tick": "ticks",
    "contracts": "contracts",
    "odds": "odds",
}


def label(name: str) -> str:
    """An axis title from a name that ends in its unit: `mean_pnl_pounds` → `mean PnL (£)`."""
    *words, last = name.split("_")
    if words and last in _UNITS:
        return f"{_spoken(words)} ({_UNITS[last]})"
    return _spoken([*words, last])


def _spoken(words: Sequence[str]) -> str:
    return " ".join("PnL" if word == "pnl" else word for word in words)


def histogram(pnl_pounds: NDArray[np.float64], title: str) -> go.Figure:
    """Histogram of profit per market as a density, with a Gaussian kernel density, zero and the mean."""
    figure = go.Figure()
    figure.add_histogram(
        x=pnl_pounds,
        histnorm="probability density",
        nbinsx=_bins(pnl_pounds),
        name="markets",
        marker_color=BLUE,
        opacity=0.6,
    )
    at, density = kernel_density(pnl_pounds)
    if len(at):
        figure.add_scatter(x=at, y=density, mode="lines", name="kernel density", line={"color": ORANGE, "width": 2})
    mean = float(np.mean(pnl_pounds))
    figure.add_vline(x=0, line_color=GREY, line_width=1)
    figure.add_vline(x=mean, line_color=RED, line_dash="dash", annotation_text=f"mean {signed_pounds(mean)}")
    return laid_out(figure, title, "profit per market (£)", "density (per £)")


def _bins(values: NDArray[np.float64]) -> int:
    return int(min(80, max(10, 2 * math.sqrt(len(values)))))


def kernel_density(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(points, density) of a Gaussian kernel with Silverman's width 0.9 · min(std, IQR / 1.34) · n^(−1/5).

    Empty where the values do not spread (fewer than two, or all one): there is no density to draw.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return np.empty(0), np.empty(0)
    q25, q75 = np.percentile(values, (25, 75))
    std = float(np.std(values, ddof=1))
    spread = min(std, (q75 - q25) / 1.34) or std  # half the markets untraded: the quartiles may coincide
    width = 0.9 * spread * len(values) ** -0.2
    at = np.linspace(values.min() - 3 * width, values.max() + 3 * width, 400)
    z = (at[:, None] - values[None, :]) / width
    density = np.exp(-0.5 * z * z).sum(axis=1) / (len(values) * width * math.sqrt(2 * math.pi))
    return at, density


def empirical_cdf(pnl_pounds: NDArray[np.float64], title: str) -> go.Figure:
    """Share of markets that earned at most so much, with the 5th, 50th and 95th percentile marked."""
    at = np.sort(pnl_pounds)
    share = np.arange(1, len(at) + 1) / len(at)
    figure = go.Figure()
    figure.add_scatter(x=at, y=share, mode="lines", line={"color": BLUE, "shape": "hv"}, name="markets")
    marks = np.percentile(at, (5, 50, 95))
    figure.add_scatter(
        x=marks,
        y=[0.05, 0.5, 0.95],
        mode="markers+text",
        text=[f"p{q} {signed_pounds(value)}" for q, value in zip((5, 50, 95), marks, strict=True)],
        textposition="bottom right",
        marker={"color": ORANGE, "size": 9},
        name="percentiles",
    )
    figure.add_vline(x=0, line_color=GREY, line_width=1)
    return laid_out(figure, title, "profit per market (£)", "share of markets at or below")


def history(trials: pd.DataFrame, value: str, metric: str, maximize: bool, title: str) -> go.Figure:
    """Every trial's objective in the order of the search, and the best so far of those that meet the constraints."""
    complete = trials[trials["state"] == "complete"]
    met = complete[complete["constraints_met"]]
    broken = complete[~complete["constraints_met"]]
    figure = go.Figure()
    figure.add_scatter(
        x=met["trial"], y=met[value], mode="markers", name="trial", marker={"color": BLUE, "size": 6, "opacity": 0.7}
    )
    if len(broken):
        figure.add_scatter(
            x=broken["trial"], y=broken[value], mode="markers", name="breaks a constraint",
            marker={"color": GREY, "size": 6, "symbol": "x"},
        )  # fmt: skip
    best = met[value].cummax() if maximize else met[value].cummin()
    figure.add_scatter(x=met["trial"], y=best, mode="lines", name="best so far", line={"color": ORANGE, "shape": "hv"})
    invalid = trials[trials["state"] == "invalid"]["trial"]
    for i, trial in enumerate(invalid):
        figure.add_vline(x=trial, line_color=RED, line_width=1, opacity=0.25, name="invalid", showlegend=i == 0)
    return laid_out(figure, title, "trial", label(metric))


def parallel_coordinates(
    trials: pd.DataFrame, parameters: Sequence[str], value: str, metric: str, title: str
) -> go.Figure:
    """One line a complete trial through its parameters to its objective, coloured by the objective."""
    complete = trials[trials["state"] == "complete"]
    dimensions = [_coordinate(complete[f"parameter_{name}"], label(name)) for name in parameters]
    dimensions.append({"label": label(metric), "values": complete[value]})
    line = {"color": complete[value], "colorscale": "Viridis", "showscale": True, "colorbar": {"title": label(metric)}}
    figure = go.Figure(go.Parcoords(dimensions=dimensions, line=line, labelangle=-12, labelside="top"))
    figure.update_layout(title=title, margin={"t": 150, "b": 40, "l": 90, "r": 60}, height=520, template="plotly_white")
    return figure


def _coordinate(column: pd.Series[Any], name: str) -> dict[str, Any]:
    """A parcoords axis: numbers as they are; choices, switches and parameters not in use as named positions."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and column.notna().all():
        return {"label": name, "values": column} | _few_ticks(column)
    text = column.map(choice)
    names = sorted(text.unique())
    return {"label": name, "values": text.map(names.index), "tickvals": list(range(len(names))), "ticktext": names}


def _few_ticks(column: pd.Series[Any]) -> dict[str, Any]:
    """Ticks at the values themselves where they are few: a rank 0, 1, 2 has no 0.5."""
    values = sorted(column.unique())
    return {"tickvals": values, "ticktext": [f"{value:g}" for value in values]} if len(values) <= 8 else {}


def choice(value: Any) -> str:
    """A categorical value as text; NaN is a parameter this trial did not use."""
    return "not used" if isinstance(value, float) and math.isnan(value) else str(value)


def slices(
    trials: pd.DataFrame, parameters: Sequence[str], log: Sequence[str], value: str, metric: str, title: str
) -> go.Figure:
    """The objective against each parameter alone; colour is the order of the search."""
    complete = trials[trials["state"] == "complete"]
    across = min(3, len(parameters))
    down = math.ceil(len(parameters) / across)
    figure = make_subplots(rows=down, cols=across, shared_yaxes=True, vertical_spacing=min(0.3, 0.22 / down + 0.05))
    for i, name in enumerate(parameters):
        row, column = i // across + 1, i % across + 1
        x = complete[f"parameter_{name}"]
        numeric = pd.api.types.is_numeric_dtype(x) and not pd.api.types.is_bool_dtype(x)
        ticks = _few_ticks(x) if numeric and x.notna().all() else {}
        x = x if numeric else x.map(choice)
        marker = {"color": complete["trial"], "colorscale": "Blues", "cmin": -len(trials) / 3, "size": 6}
        marker |= {"line": {"width": 0.5, "color": BLUE}}
        figure.add_scatter(x=x, y=complete[value], mode="markers", marker=marker, row=row, col=column, name=name)
        figure.update_xaxes(title=label(name), type="log" if name in log else None, **ticks, row=row, col=column)
        if column == 1:
            figure.update_yaxes(title=label(metric), row=row, col=column)
    return laid_out(figure, title, None, None, height=90 + 290 * down, legend=False)


def pareto(trials: pd.DataFrame, front: Sequence[int], metrics: Sequence[str], title: str) -> go.Figure:
    """The first two objectives against each other; the trials no other beats are marked."""
    complete = trials[trials["state"] == "complete"]
    on = complete["trial"].isin(front)
    figure = go.Figure()
    for name, part, colour in (("trial", complete[~on], GREY), ("Pareto front", complete[on], ORANGE)):
        figure.add_scatter(
            x=part["value_0"], y=part["value_1"], mode="markers", name=name, marker={"color": colour, "size": 8},
            text=[f"trial {trial}" for trial in part["trial"]],
        )  # fmt: skip
    return laid_out(figure, title, label(metrics[0]), label(metrics[1]))


def capacity(points: pd.DataFrame, parameter: str, last_useful: float | None, title: str) -> go.Figure:
    """Mean profit ± standard error, and turnover, against stake; the stake beyond which nothing is earned is marked."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.72, 0.28], vertical_spacing=0.06)
    mean, error = points["mean_pnl_pounds"], points["standard_error_pounds"]
    band_x = [*points["stake"], *points["stake"][::-1]]
    band_y = [*(mean + error), *(mean - error)[::-1]]
    figure.add_scatter(
        x=band_x, y=band_y, fill="toself", fillcolor="rgba(31,95,139,0.15)", line={"width": 0}, hoverinfo="skip", mode="lines",
        name="± one standard error", row=1, col=1,
    )  # fmt: skip
    figure.add_scatter(
        x=points["stake"], y=mean, error_y={"type": "data", "array": error}, mode="lines+markers",
        line={"color": BLUE, "width": 2}, name="mean profit", row=1, col=1,
    )  # fmt: skip
    figure.add_scatter(
        x=points["stake"], y=points["turnover_pounds"] / points["markets"], mode="lines+markers",
        line={"color": GREY}, name="turnover", row=2, col=1,
    )  # fmt: skip
    figure.add_hline(y=0, line_color=GREY, line_width=1, row=1, col=1)
    if last_useful is not None:
        figure.add_scatter(
            x=[last_useful, last_useful], y=[min(0.0, (mean - error).min()), (mean + error).max()], mode="lines",
            line={"color": RED, "dash": "dash"}, name=f"nothing more beyond {last_useful:g}", row=1, col=1,
        )  # fmt: skip
    figure.update_xaxes(type="log", tickvals=points["stake"], ticktext=points["stake"].map("{:g}".format))
    figure.update_yaxes(title="mean PnL per market (£)", row=1, col=1)
    figure.update_yaxes(title="turnover per market (£)", row=2, col=1)
    figure.update_xaxes(title=label(parameter), row=2, col=1)
    return laid_out(figure, title, None, None, height=560)


def by_group(groups: pd.DataFrame, what: str, title: str) -> go.Figure:
    """Mean profit per market ± standard error of each group (`group`, `markets`, `mean`, `error`)."""
    figure = go.Figure()
    figure.add_bar(
        x=groups["group"],
        y=groups["mean"],
        error_y={"type": "data", "array": groups["error"], "color": GREY},
        marker_color=np.where(groups["mean"] >= 0, GREEN, RED),
        customdata=groups["markets"],
        hovertemplate="%{x}: %{y:.2f} £ a market over %{customdata} markets<extra></extra>",
    )
    figure.update_xaxes(type="category")
    return laid_out(figure, title, what, "mean PnL per market (£)", legend=False)


def signed_pounds(value: float) -> str:
    """£1.23 or −£1.23."""
    return f"{'−' if round(value, 2) < 0 else ''}£{abs(value):.2f}"


def laid_out(
    figure: go.Figure, title: str, x: str | None, y: str | None, *, height: int = 430, legend: bool = True
) -> go.Figure:
    figure.update_layout(
        title=title,
        template="plotly_white",
        height=height,
        showlegend=legend,
        margin={"t": 70, "b": 60, "l": 80, "r": 40},
    )
    if x is not None:
        figure.update_xaxes(title=x)
    if y is not None:
        figure.update_yaxes(title=y)
    return figure
