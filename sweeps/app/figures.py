"""Use-case: a store's microstructure beside what was measured on real recordings, as one HTML page."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simcore.synthetic.figures import BY_WINDOW, OVERALL, WINDOWS, Figures, averaged, figures_of
from simcore.synthetic.targets import TARGETS, Target
from simcore.tapes.store import TapeStore
from sweeps.errors import ConfigError

ABSOLUTE = {"imbalance": 0.15, "imbalance_30m": 0.15, "side_autocorrelation": 0.15}
"""figures that are compared by difference, not by ratio: what still counts as close"""
EXCESS = ("back_book", "lay_book")
"""figures of which only the distance from 1 means something"""
SMALL = {"spread": 0.5, "percent": 2.0, "_per_s": 0.1, "pounds": 0.05, "per_placement": 0.03, "per_minute": 1.0}
"""differences below these are close whatever the ratio, by part of the figure's name: the targets are rounded"""
CLOSE, FAR = 1.5, 2.0

_STYLE = """body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;margin:1em 0}
td,th{padding:3px 8px;border:1px solid #ccc;text-align:right}td:first-child,th:first-child{text-align:left}
.close{background:#dff0d8}.near{background:#fcf3cf}.far{background:#f5b7b1}"""


@dataclass(frozen=True)
class Compared:
    """One number beside its target. verdict: close (within 1.5×), near (2×), far, or "" where one of them is missing."""

    name: str
    window: str
    measured: float | None
    value: float
    verdict: str


def store_figures(
    store: Path, filters: Mapping[str, Any], most: int, progress: Callable[[int, int], None]
) -> tuple[Figures, list[str]]:
    """Figures averaged over the replayable markets of a store that pass the filters, evenly thinned to `most`."""
    opened = TapeStore.open(store)
    table = opened.markets(**filters)
    market_ids = sorted(table.loc[table["replayable"], "market_id"])
    if not market_ids:
        raise ConfigError(
            f"no replayable market in {str(store)!r} passes the filter; see `sweeps data list --store {store}`"
        )
    step = max(1, math.ceil(len(market_ids) / most))
    chosen = market_ids[::step]
    every = []
    for market_id in chosen:
        every.append(figures_of(opened.tape(market_id)))
        progress(len(every), len(chosen))
    return averaged(every), chosen


def target_of(name: str) -> Target:
    """Measured figures by name. Raises ConfigError for a group that was not measured."""
    if name not in TARGETS:
        raise ConfigError(f"`--against` must be one of {', '.join(TARGETS)}, got {name!r}")
    return TARGETS[name]


def compare(figures: Figures, target: Target) -> list[Compared]:
    """Every figure beside its target: by window first, then overall."""
    rows = [
        _compared(name, window, target.by_window[name][w], float(figures.by_window[name][w]))
        for name in BY_WINDOW
        for w, window in enumerate(WINDOWS)
    ]
    return rows + [_compared(name, "", target.overall.get(name), figures.overall[name]) for name in OVERALL]


def _compared(name: str, window: str, measured: float | None, value: float) -> Compared:
    if measured is None or math.isnan(value):
        return Compared(name, window, measured, value, "")
    return Compared(name, window, measured, value, _verdict(name, measured, value))


def _verdict(name: str, measured: float, value: float) -> str:
    if name in ABSOLUTE:
        away = abs(value - measured) / ABSOLUTE[name]
        return "close" if away <= 1 else "near" if away <= 2 else "far"
    if name in EXCESS:
        measured, value = abs(measured - 1), abs(value - 1)
    floor = next((small for part, small in SMALL.items() if part in name), 0.0)
    if abs(value - measured) <= max(floor, 0.01):
        return "close"
    if min(measured, value) <= 0:
        return "far"
    ratio = max(measured / value, value / measured)
    return "close" if ratio <= CLOSE else "near" if ratio <= FAR else "far"


def counts(rows: list[Compared]) -> dict[str, int]:
    """How many figures are close, near and far."""
    return {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("close", "near", "far")}


def write_page(rows: list[Compared], target: Target, what: str, path: Path) -> None:
    """One self-contained HTML page: value / target, coloured by how well they agree."""
    by_window = [row for row in rows if row.window]
    lines = ["<tr><th>figure</th>" + "".join(f"<th>{html.escape(window)}</th>" for window in WINDOWS) + "</tr>"]
    for i in range(0, len(by_window), len(WINDOWS)):
        cells = "".join(_cell(row) for row in by_window[i : i + len(WINDOWS)])
        lines.append(f"<tr><td>{by_window[i].name}</td>{cells}</tr>")
    overall = "".join(f"<tr><td>{row.name}</td>{_cell(row)}</tr>" for row in rows if not row.window)
    tally = ", ".join(f"{count} {verdict}" for verdict, count in counts(rows).items())
    path.write_text(
        f"<!doctype html><meta charset=utf-8><title>Microstructure</title><style>{_STYLE}</style>"
        f"<h1>Microstructure: {html.escape(what)}</h1><p>Each cell: here / measured. {tally} "
        f"(close: within a factor of {CLOSE:g} or a rounding; near: {FAR:g}). Measured: {html.escape(target.source)}.</p>"
        f"<h2>By time to the off</h2><table>{''.join(lines)}</table><h2>Whole market</h2><table>{overall}</table>\n",
        encoding="utf-8",
    )


def _cell(row: Compared) -> str:
    value = "–" if math.isnan(row.value) else f"{row.value:.3g}"
    measured = "–" if row.measured is None else f"{row.measured:g}"
    return f'<td class="{row.verdict}">{value} / {measured}</td>'
