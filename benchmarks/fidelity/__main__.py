"""`make fidelity`: how far are replays from the truth? `python -m benchmarks.fidelity --help`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.fidelity.report import profit_table, ranking, write_report
from benchmarks.fidelity.rows import CHUNK, folder_of, measure, read
from benchmarks.fidelity.statistics import compare
from benchmarks.fidelity.study import FULL, SMALL

ROOT = Path(__file__).resolve().parent.parent.parent


@click.command()
@click.option("--small", is_flag=True, help="A few dozen markets, printed only: whether it works, not how good it is.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=ROOT / "build" / "fidelity", help="Where rows are kept."
)
@click.option("--docs", type=click.Path(path_type=Path), default=ROOT / "docs", help="Where the report goes.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
@click.option("--rows", type=click.Path(path_type=Path), help="Report on the rows in this folder; measure nothing.")
def main(small: bool, folder: Path, docs: Path, workers: int, rows: Path | None) -> None:
    """Play bots inside the synthetic exchange, replay them on the record without them, and compare."""
    study = SMALL if small else FULL
    console, rows_in = Console(stderr=True), rows or folder_of(folder, study)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    try:
        with bar:
            task = bar.add_task(f"{study.name}, chunks of {CHUNK} markets")
            if rows is None:
                measure(study, rows_in, workers, lambda done, of: bar.update(task, completed=done, total=of))
    except KeyboardInterrupt:
        console.print(f"stopped; what was finished is in {rows_in}, the same command goes on from there")
        sys.exit(130)
    if not any(rows_in.glob("*.parquet")):
        console.print(f"no rows in {rows_in}; leave --rows out to measure some")
        sys.exit(2)
    measured = read(rows_in)
    compared = compare(measured)
    print(profit_table(compared[compared.use == "report"], [s.name for s in study.settings if s.shown]))
    print(ranking(compared[compared.use == "choose"]).round(1).to_string())
    if not small:
        write_report(study, measured, compared, docs)
        console.print(f"written: {docs / 'fidelity.md'}, fidelity.png, fidelity.json")


if __name__ == "__main__":
    main()
