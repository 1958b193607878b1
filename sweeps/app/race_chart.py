"""The race chart of one replay: odds and microprice, own quotes and fills, position and mark-to-market, over the time to
the advertised start."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from simcore.results import MarketResult
from sweeps.tracking.plots import BLUE, GREEN, GREY, ORANGE, RED


def race_chart(result: MarketResult, start_ms: int, title: str) -> go.Figure:
    """Three panels under each other; `result` was replayed with `record=True`, `start_ms` is the advertised start."""
    timeline, fills = result.timeline, result.fills
    if timeline is None or fills is None:
        raise ValueError("`result` must be of a replay with record=True")
    figure = make_subplots(
        rows=3,
        shared_xaxes=True,
        vertical_spacing=0.04,
        row_heights=[0.55, 0.22, 0.23],
        subplot_titles=("odds", "position, contracts (£ of payout)", "mark-to-market (£)"),
    )
    seconds = (timeline["time_ms"] - start_ms) / 1000
    _odds(figure, timeline, seconds)
    _fills(figure, fills, start_ms)
    figure.add_scatter(
        x=seconds, y=timeline["position_pounds"], name="position", line={"color": BLUE, "shape": "hv"}, row=2, col=1
    )
    figure.add_scatter(
        x=seconds, y=timeline["mark_pounds"], name="mark-to-market", line={"color": GREEN, "shape": "hv"}, row=3, col=1
    )
    for row in (2, 3):
        figure.add_hline(y=0, line_color=GREY, line_width=1, row=row, col=1)
    figure.update_xaxes(title_text="seconds to the advertised start", row=3, col=1)
    figure.update_layout(title=title, template="plotly_white", height=860, hovermode="x unified", legend={"y": 1.0})
    return figure


def _odds(figure: go.Figure, timeline: pd.DataFrame, seconds: pd.Series[float]) -> None:
    for column, name, colour, dash in (
        ("best_back_odds", "best available to back", BLUE, "solid"),
        ("best_lay_odds", "best available to lay", RED, "solid"),
        ("micro_odds", "microprice", GREY, "dot"),
        ("own_lay_odds", "own lay", ORANGE, "dash"),
        ("own_back_odds", "own back", GREEN, "dash"),
    ):
        line = {"color": colour, "dash": dash, "shape": "hv", "width": 1.5}
        figure.add_scatter(x=seconds, y=timeline[column], name=name, line=line, mode="lines", row=1, col=1)


def _fills(figure: go.Figure, fills: pd.DataFrame, start_ms: int) -> None:
    for side, symbol, colour in (("BACK", "triangle-up", GREEN), ("LAY", "triangle-down", ORANGE)):
        ours = fills[fills["side"] == side]
        figure.add_scatter(
            x=(ours["time_ms"] - start_ms) / 1000,
            y=ours["odds"],
            mode="markers",
            name=f"{side.lower()} matched",
            marker={"symbol": symbol, "size": 10, "color": colour, "line": {"width": 1, "color": "black"}},
            customdata=ours[["size_pounds", "how"]].to_numpy(),
            hovertemplate="£%{customdata[0]:.2f} at %{y} (%{customdata[1]})",
            row=1,
            col=1,
        )


def write_chart(figure: go.Figure, path: Path) -> None:
    """Write a chart as one HTML file that needs no network."""
    figure.write_html(path, include_plotlyjs=True, full_html=True)
