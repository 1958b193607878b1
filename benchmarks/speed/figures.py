"""What a measurement says: one value beside what it is compared with, and both forms it is shown in."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    value, unit : what was measured of ours
    peer        : whom or what it is compared with;  peer_value : what that took or did, in the same unit
    ratio       : how much faster than the peer (or, against a floor, how many times the floor); None where it was not measured
    target      : what the ratio is wanted to be, such as ">= 2000"
    note        : what is and is not in it, or why it was not measured
    detail      : everything else that was counted
    """

    name: str
    value: float | None
    unit: str
    peer: str
    ratio: float | None
    peer_value: float | None = None
    target: str = ""
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


def missing(name: str, unit: str, peer: str, reason: str, target: str = "", value: float | None = None) -> Figure:
    """A figure without its ratio, and why; `value` where at least ours was measured."""
    return Figure(name, value, unit, peer, None, target=target, note=f"no ratio: {reason}")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


def write_json(figures: Sequence[Figure], path: Path) -> None:
    """The list of all figures; the file is replaced whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_suffix(".part")
    waiting.write_text(json.dumps([asdict(figure) for figure in figures], indent=1, allow_nan=False) + "\n")
    waiting.replace(path)


def shown(value: float | None) -> str:
    """Four significant digits at most, thousands apart."""
    if value is None:
        return "—"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(figures: Sequence[Figure]) -> Table:
    """For the terminal."""
    made = Table(title="speed", title_justify="left")
    for heading in ("figure", "ours", "unit", "peer or floor", "theirs", "ratio", "wanted"):
        made.add_column(heading, justify="right" if heading in ("ours", "theirs", "ratio") else "left")
    for figure in figures:
        made.add_row(*_cells(figure))
    return made


def markdown(figures: Sequence[Figure]) -> str:
    """For a page."""
    lines = ["| figure | ours | unit | peer or floor | theirs | ratio | wanted |", "|---|--:|---|---|--:|--:|--:|"]
    lines += ["| " + " | ".join(_cells(figure)) + " |" for figure in figures]
    return "\n".join(lines)


def notes(figures: Sequence[Figure]) -> list[str]:
    """One sentence a figure that has something to say."""
    return [f"{figure.name}: {figure.note}" for figure in figures if figure.note]


def _cells(figure: Figure) -> tuple[str, ...]:
    ratio = "—" if figure.ratio is None else f"{shown(figure.ratio)}×"
    theirs = shown(figure.peer_value)
    return (figure.name, shown(figure.value), figure.unit, figure.peer, theirs, ratio, figure.target)
