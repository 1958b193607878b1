"""The research charts: plotly figures drawn from a `Study`. Error bars are 95 % intervals over markets (Student's t)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from simcore.research import CORRELATED_S, EDGES_S, LEAN_EDGES
from simcore.statistics import bootstrap_interval, ratio_interval, student_interval
from sweeps.app.research import DIRECTIONS, KNOWN_S, Group, Study
from sweeps.tracking.plots import BLUE, GREEN, GREY, ORANGE, RED, laid_out

Real = NDArray[np.float64]

COLOURS: Final = (BLUE, ORANGE, GREEN, RED, "#6b4c9a", "#2a9d9d", "#8c6d31", "#b5648e")
_TICKS_S: Final = (7200, 3600, 1800, 600, 300, 180, 120, 60, 30, 10, 0)
_WIDTHS: Final = np.array([np.inf, *-np.diff(np.array(EDGES_S))])
LIQUIDITY_STEPS: Final = 5


FEWEST: Final = 3
"""an interval from fewer markets says nothing and is not drawn"""


def intervals(rows: Real) -> tuple[Real, Real]:
    """(means, half widths) of each column over the markets that have a value there; no width for fewer than FEWEST."""
    pairs = [_interval(column[~np.isnan(column)]) for column in rows.T]
    return np.array([mean for mean, _ in pairs]), np.array([half for _, half in pairs])


def _interval(values: Real) -> tuple[float, float]:
    mean, half = student_interval(values)
    return mean, half if len(values) >= FEWEST else math.nan


def _resampled(rows: Real) -> tuple[Real, Real, Real]:
    """(means, down, up) as `intervals`, by resampling markets: never below the smallest, so fit for a logarithmic scale."""
    found = []
    for column in rows.T:
        values = column[~np.isnan(column)]
        mean = float(values.mean()) if len(values) else math.nan
        few = len(values) < FEWEST
        low, high = (math.nan, math.nan) if few else bootstrap_interval(values, range(len(values)), resamples=1000)
        found.append((mean, mean - low, high - mean))
    means, down, up = np.array(found).T
    return means, down, up


def _place(seconds: Real) -> Real:
    """Where a time to the off stands on the axis: logarithmic, with room for the off itself."""
    return -np.log10(1 + np.asarray(seconds, np.float64) / 10)


def _time_axis(figure: go.Figure, rows: int) -> None:
    figure.update_xaxes(tickvals=list(_place(np.array(_TICKS_S))), ticktext=[_duration(s) for s in _TICKS_S])
    figure.update_xaxes(title="time to the actual off (hindsight)", row=rows, col=1)


def _duration(seconds: float) -> str:
    if seconds == 0:
        return "off"
    return (
        f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
    )


def _line(
    name: str, x: Any, y: Real, colour: str, up: Real | None = None, down: Real | None = None, **more: Any
) -> Any:
    """A line with error bars, both ways of one width where only `up` is given; a width that is unknown draws none."""
    line: dict[str, Any] = {"x": x, "y": y, "name": name, "mode": "lines+markers", "legendgroup": name}
    line |= {"line": {"color": colour, "width": 2}, "marker": {"color": colour, "size": 5}}
    if up is not None:
        line["error_y"] = _bars(up, down, colour)
    return line | more


def _bars(up: Real, down: Real | None, colour: str) -> dict[str, Any]:
    bars = {"type": "data", "array": _known(up), "color": colour, "thickness": 1, "width": 2}
    return bars if down is None else bars | {"symmetric": False, "arrayminus": _known(down)}


def _known(widths: Real) -> list[float | None]:
    return [None if math.isnan(width) else float(width) for width in widths]


def _covered(group: Group, values: Real) -> Real:
    """Values of the windows a recording covers by half at least; nan elsewhere."""
    return np.where(group.measured("seconds") >= np.where(np.isinf(_WIDTHS), 600.0, _WIDTHS / 2), values, np.nan)


def _middles() -> Real:
    edges = _place(np.array([14_400, *EDGES_S]))
    return (edges[:-1] + edges[1:]) / 2


def volume(study: Study) -> go.Figure:
    """Pounds a second and cumulative share of the money against the time to the off, by group."""
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.5, 0.5])
    for group, colour in zip(study.groups, COLOURS, strict=False):
        seconds = group.measured("seconds")
        rate = _covered(group, group.measured("pounds") / np.where(seconds > 0, seconds, np.nan))
        mean, down, up = _resampled(rate[:, 1:])
        figure.add_scatter(**_line(group.name, _middles()[1:], mean, colour, up, down), row=1, col=1)
        share, half = intervals(100 * group.measured("share"))
        figure.add_scatter(
            **_line(group.name, _place(np.array(EDGES_S)), share, colour, half, showlegend=False), row=2, col=1
        )
    figure.add_hline(y=50, line_color=GREY, line_width=1, line_dash="dot", row=2, col=1)
    _time_axis(figure, 2)
    figure.update_yaxes(title="matched (£ a second)", type="log", dtick=1, exponentformat="none", row=1, col=1)
    figure.update_yaxes(title="matched so far (% of all before the off)", row=2, col=1, range=[0, 102])
    return laid_out(figure, "Matched volume against time to the off", None, None, height=640)


def spread(study: Study) -> go.Figure:
    """Mean spread of all runners and of the favourite against the time to the off, by group."""
    figure = make_subplots(rows=1)
    for group, colour in zip(study.groups, COLOURS, strict=False):
        mean, down, up = _resampled(_covered(group, group.measured("spread"))[:, 1:])
        figure.add_scatter(**_line(group.name, _middles()[1:], mean, colour, up, down))
        mean, _ = intervals(_covered(group, group.measured("favourite_spread"))[:, 1:])
        dotted = {"color": colour, "width": 1.5, "dash": "dot"}
        figure.add_scatter(
            x=_middles()[1:], y=mean, name=f"{group.name}, favourite", mode="lines", line=dotted, legendgroup=group.name
        )
    _time_axis(figure, 1)
    figure.update_yaxes(type="log", tickvals=[1, 2, 3, 5, 10, 20, 50, 100, 200])
    return laid_out(figure, "Spread against time to the off", None, "spread (ticks)", height=480)


def next_move(study: Study) -> go.Figure:
    """Mean change of the mid at a runner's next message, by the imbalance of its touch now."""
    figure = go.Figure()
    middles = (LEAN_EDGES[:-1] + LEAN_EDGES[1:]) / 2
    for group, colour in zip(study.groups, COLOURS, strict=False):
        ticks, messages = group.measured("lean_ticks"), group.measured("lean_messages")
        pairs = [ratio_interval(ticks[:, b], messages[:, b]) for b in range(len(middles))]
        mean, half = (np.array(part) for part in zip(*pairs, strict=True))
        figure.add_scatter(**_line(group.name, middles, mean, colour, half))
    for level in (-0.1, 0.0, 0.1):
        figure.add_hline(y=level, line_color=GREY, line_width=1, line_dash="dot" if level else "solid")
    return laid_out(
        figure,
        "Imbalance of the touch and the next message (last 10 minutes)",
        "imbalance (available to back − available to lay) / (sum)",
        "change of the mid at the runner's next message (ticks)",
        height=480,
    )


def correlation(study: Study) -> go.Figure:
    """Correlation of imbalance with the sign of the next mid move within 60 s, by span of time to the off."""
    figure = go.Figure()
    names = [f"{_duration(first)} – {_duration(last)}" for first, last in CORRELATED_S]
    for group, colour in zip(study.groups, COLOURS, strict=False):
        mean, half = intervals(group.measured("correlation"))
        figure.add_bar(x=names, y=mean, error_y=_bars(half, None, GREY), name=group.name, marker_color=colour)
    return laid_out(
        figure,
        "Imbalance and the sign of the next mid move within 60 s",
        "time to the actual off (hindsight)",
        "correlation",
        height=420,
    )


def entry_time(study: Study, group: Group) -> go.Figure:
    """Return of the drift trade against its entry time: long and short, crossing or joining the queue."""
    titles = ("long: back, then lay", "short: lay, then back", "", "")
    figure = make_subplots(
        rows=2, cols=2, shared_xaxes=True, shared_yaxes=True, vertical_spacing=0.06, horizontal_spacing=0.04,
        row_heights=[0.68, 0.32], subplot_titles=titles,
    )  # fmt: skip
    times = [_duration(seconds) for seconds in study.request.drift.entry_times_s]
    for d in range(len(DIRECTIONS)):
        for e, colour in enumerate((RED, BLUE)):
            returns = 100 * group.drift[:, d, e]
            mean, half = intervals(np.nan_to_num(returns))
            name = ("crossing the spread", "joining the queue")[e]
            figure.add_scatter(**_line(name, times, mean, colour, half, showlegend=d == 0), row=1, col=d + 1)
            matched = 100 * (~np.isnan(returns)).mean(axis=0)
            figure.add_scatter(**_line(name, times, matched, colour, showlegend=False), row=2, col=d + 1)
        figure.add_hline(y=0, line_color=GREY, line_width=1, row=1, col=d + 1)
        figure.update_xaxes(title="entry, before the advertised start", row=2, col=d + 1)
    figure.update_xaxes(type="category")
    figure.update_yaxes(title="return (% of the stake)", row=1, col=1)
    figure.update_yaxes(title="matched (% of markets)", row=2, col=1)
    figure.update_yaxes(range=[0, 103], row=2)
    return laid_out(figure, f"Entry time and return of the drift trade: {_who(group)}", None, None, height=560)


def _who(group: Group) -> str:
    return f"{group.name}, {len(group)} markets"


def by_hour(study: Study, group: Group) -> go.Figure:
    """Mean profit of each bot by UTC hour of the advertised start."""
    hours = group.known["hour"].to_numpy(int)
    present = np.unique(hours)
    names = [f"{hour:02d}<br>({(hours == hour).sum()})" for hour in present]
    figure = _panels(study, 1, ())
    _add_bots(figure, study, group, names, [hours == hour for hour in present], 1)
    figure.update_xaxes(title="UTC hour of the advertised start (markets)", row=len(study.request.bots), col=1)
    return laid_out(figure, f"Profit by hour of day: {_who(group)}", None, None, height=_tall(study), legend=False)


def by_liquidity(study: Study, group: Group) -> go.Figure:
    """Mean profit of each bot by how much was matched: at a moment known then, and in all (hindsight)."""
    known = np.array([one.known_pounds for one in group.studied])
    titles = (f"matched {KNOWN_S:g} s before the advertised start (known then)", "matched before the off (hindsight)")
    figure = _panels(study, 2, titles)
    for column, pounds in enumerate((known, group.measured("matched_pounds")), 1):
        names, parts = steps(pounds)
        _add_bots(figure, study, group, names, parts, column)
        figure.update_xaxes(title="matched, £ of one side (markets)", row=len(study.request.bots), col=column)
    return laid_out(figure, f"Profit by liquidity: {_who(group)}", None, None, height=_tall(study), legend=False)


def _tall(study: Study) -> int:
    return 170 + 130 * len(study.request.bots)


def _panels(study: Study, columns: int, titles: Sequence[str]) -> go.Figure:
    """A panel for each bot, each with its own scale: a bot that carries its position into the race dwarfs the others."""
    bots = study.request.bots
    figure = make_subplots(
        rows=len(bots), cols=columns, shared_xaxes=True, shared_yaxes="rows", vertical_spacing=0.12 / len(bots),
        horizontal_spacing=0.04, subplot_titles=[*titles, *[""] * (columns * len(bots) - len(titles))],
    )  # fmt: skip
    for row, bot in enumerate(bots, 1):
        figure.update_yaxes(title=f"{bot} (£)", row=row, col=1)
    return figure


def steps(pounds: Real) -> tuple[list[str], list[NDArray[np.bool_]]]:
    """(names, masks) of up to LIQUIDITY_STEPS parts of equal size, from least to most money; none smaller than FEWEST unless
    all markets are."""
    n = max(1, min(LIQUIDITY_STEPS, len(pounds) // FEWEST))
    rank = np.argsort(np.argsort(pounds, kind="stable"), kind="stable")
    masks = [rank * n // len(pounds) == part for part in range(n)]
    return [f"{_money(pounds[mask].min())} – {_money(pounds[mask].max())}<br>({mask.sum()})" for mask in masks], masks


def _money(pounds: float) -> str:
    return (
        f"{pounds / 1000:,.0f}k" if pounds >= 10_000 else f"{pounds / 1000:.1f}k" if pounds >= 1000 else f"{pounds:.0f}"
    )


def _add_bots(
    figure: go.Figure, study: Study, group: Group, names: list[str], parts: Sequence[NDArray[np.bool_]], column: int
) -> None:
    """A bar for each bot (a row) and part of the markets, with its interval where it has one."""
    profits, labels = group.bots, np.array(names)
    for row in range(1, len(study.request.bots) + 1):
        pairs = [_interval(profits[part, row - 1]) for part in parts]
        mean, half = (np.array(values) for values in zip(*pairs, strict=True))
        for some, bars in ((np.isnan(half), None), (~np.isnan(half), half)):  # an error bar of no width leaves a speck
            figure.add_bar(
                x=labels[some], y=mean[some], marker_color=np.where(mean[some] >= 0, GREEN, RED), opacity=0.8,
                error_y=None if bars is None else _bars(bars[some], None, "#222"),
                hovertemplate="%{x}: £%{y:.2f}<extra></extra>", row=row, col=column,
            )  # fmt: skip
        figure.add_hline(y=0, line_color=GREY, line_width=1, row=row, col=column)
        figure.update_xaxes(type="category", categoryorder="array", categoryarray=names, row=row, col=column)
    figure.update_layout(barmode="overlay")


def half_matched_s(share: Real) -> float:
    """Seconds to the off by which half of the money was matched, read off the line between two edges."""
    if math.isnan(share[-1]):
        return math.nan
    edges = np.array(EDGES_S, np.float64)
    return float(np.interp(0.5, share, edges)) if share[0] < 0.5 else math.inf
