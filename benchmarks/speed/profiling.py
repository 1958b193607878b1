"""Where a sweep's time goes: `python -m benchmarks.speed.profiling --daf 100x50 --markdown`.

The shipped sweep of a core on synthetic markets, Ray and MLflow on, two workers, clocks in its driver and its workers
(`benchmarks.speed.profiled`) and every process it starts counted from outside. Clocks cost something too: `python -m
benchmarks.speed --only sweep` measures without them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks.speed.__main__ import Pair, Size
from benchmarks.speed.figures import machine
from benchmarks.speed.profiled import KERNEL, told_by_workers
from benchmarks.speed.sweeping import WORKERS, Case, run_case
from benchmarks.speed.timing import MeasureError, Spent


@dataclass(frozen=True)
class Line:
    """One part: whose it is, CPU and wall seconds (None where no clock ran for it alone), and how often."""

    where: str
    part: str
    cpu_s: float
    wall_s: float | None = None
    calls: int | None = None


def profile(case: Case, work: Path) -> tuple[list[Line], Spent]:
    """Run the sweep and read its clocks. Raises MeasureError."""
    told = work / f"clocks-{case.core}"
    told.mkdir()
    spent = run_case(case, work, ("-m", "benchmarks.speed.profiled", str(told))).spent
    return profile_lines(told, spent), spent


def profile_lines(told: Path, spent: Spent) -> list[Line]:
    """What the clocks of the driver and the workers left in a folder, and what else was spent; together all of it."""
    driver = json.loads((told / "driver.json").read_text())
    workers = told_by_workers(told)
    lines = _lines("driver", [driver], "else: rows gathered, Ray's and Arrow's threads, the interpreter")
    lines += _lines("workers", workers, "else: Ray's part in them")
    return lines + _others(spent, driver["cpu_s"] + sum(facts["cpu_s"] for facts in workers))


def _lines(where: str, told: list[dict[str, Any]], rest: str) -> list[Line]:
    """The parts of some processes together, the largest first, and what of their time no clock saw."""
    cpu, wall, calls = Counter[str](), Counter[str](), Counter[str]()
    for facts in told:
        for part, (cpu_s, wall_s, n) in facts["parts"].items():
            cpu[part] += cpu_s
            wall[part] += wall_s
            calls[part] += n
    lines = [Line(where, part, cpu_s, wall[part] or None, calls[part]) for part, cpu_s in cpu.most_common()]
    return [*lines, Line(where, rest, sum(facts["cpu_s"] for facts in told) - sum(cpu.values()))]


_OWN = ("raylet", "gcs_server", "ray::Dashboard", "ray::RuntimeEnv")
"""of a program's name, which the system cuts at fifteen characters; workers are called after what they do"""


def _others(spent: Spent, clocked_s: float) -> list[Line]:
    """Processes without clocks: Ray's own, by program."""
    programs = {name: seconds for name, seconds in spent.by_program.items() if name.startswith(_OWN)}
    lines = [Line("Ray", name, seconds) for name, seconds in sorted(programs.items(), key=lambda item: -item[1])]
    left = spent.cpu_s - clocked_s - sum(programs.values())
    return [*lines, Line("Ray", "else: its Python processes, workers never used", left)]


def rows(lines: list[Line], spent: Spent) -> list[tuple[str, ...]]:
    """As text: where, part, CPU s, share of all CPU, wall s, times."""
    made = []
    for line in lines:
        if abs(line.cpu_s) < 0.005 and not line.wall_s:
            continue
        wall = "" if line.wall_s is None else f"{line.wall_s:,.2f}"
        calls = "" if line.calls is None else f"{line.calls:,}"
        made.append(
            (line.where, line.part, f"{line.cpu_s:,.2f}", f"{100 * line.cpu_s / spent.cpu_s:.1f} %", wall, calls)
        )
    kernels = sum(line.cpu_s for line in lines if line.part.startswith(KERNEL))
    made.append(("all", "kernels", f"{kernels:,.2f}", f"{100 * kernels / spent.cpu_s:.1f} %", "", ""))
    made.append(("all", "everything", f"{spent.cpu_s:,.2f}", "100 %", f"{spent.wall_s:,.2f}", ""))
    return made


HEADINGS = ("where", "part", "CPU s", "of all", "wall s", "times")


def shown(made: list[tuple[str, ...]], as_markdown: bool) -> str:
    """The table, for a terminal or a page."""
    if as_markdown:
        lines = ["| " + " | ".join(HEADINGS) + " |", "|---|---|--:|--:|--:|--:|"]
        return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in made])
    widths = [max(len(row[i]) for row in [HEADINGS, *made]) for i in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in [HEADINGS, *made]
    )


@click.command()
@click.option("--daf", type=Size(), help="Markets x configurations of a DAF sweep on greyhounds.")
@click.option("--caf", type=Size(), help="Markets x configurations of a CAF sweep on horses.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the tables for a page.")
def main(daf: Pair | None, caf: Pair | None, as_markdown: bool) -> None:
    """Profile a sweep; by default a DAF sweep of 100 markets x 50 configurations."""
    sizes = {"daf": daf or (None if caf else (100, 50)), "caf": caf}
    for core, sport in (("daf", "greyhounds"), ("caf", "horses")):
        size = sizes[core]
        if size is None:
            continue
        case = Case(core, sport, *size)
        with tempfile.TemporaryDirectory(prefix="furlong-profile-") as work:
            try:
                lines, spent = profile(case, Path(work))
            except MeasureError as error:
                click.echo(f"not measured: {error}", err=True)
                sys.exit(1)
        click.echo(f"{core}: {case.trials:,} configurations on {case.markets:,} markets, {WORKERS} workers\n")
        click.echo(shown(rows(lines, spent), as_markdown) + "\n")
    click.echo(f"on {machine()}")


if __name__ == "__main__":
    main()
