"""`make bench`: how fast against peers and floors. `python -m benchmarks.speed --help`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from benchmarks.speed import importing, maker, making, replay, storing, sweeping
from benchmarks.speed.figures import Figure, machine, markdown, notes, table, write_json
from benchmarks.speed.peers import Peers
from benchmarks.speed.recordings import Raced, prepare
from benchmarks.speed.scaling.measuring import measure as measure_scaling
from benchmarks.speed.scaling.page import check_page, write_page
from benchmarks.speed.sizes import FULL, SMALL, Sizes
from benchmarks.speed.timing import MeasureError, cpu_s
from simcore import TapeStore

ROOT = Path(__file__).resolve().parent.parent.parent
WIDTH = 170
Pair = tuple[int, int]
PARTS = ("replay", "maker", "import", "sweep", "synthetic", "store", "scaling")


class Size(click.ParamType):
    """A sweep's size, such as 100x50."""

    name = "MARKETSxCONFIGURATIONS"

    def convert(self, value: str | Pair, param: click.Parameter | None, ctx: click.Context | None) -> Pair:
        """(markets, configurations), both at least 1."""
        if isinstance(value, tuple):
            return value
        markets, _, trials = value.partition("x")
        if not (markets.isdecimal() and trials.isdecimal() and int(markets) and int(trials)):
            self.fail(f"must be markets x configurations such as 100x50, got {value!r}", param, ctx)
        return int(markets), int(trials)


@click.command()
@click.option("--small", is_flag=True, help="A tiny run: whether it works, not how fast it is.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Measure this part alone; repeatable.")
@click.option("--daf", type=Size(), help="Markets x configurations of the DAF sweep; 1000x1000 in full.")
@click.option("--caf", type=Size(), help="Markets x configurations of the CAF sweep; 300x300 in full.")
@click.option("--markets", type=click.IntRange(1, 100), help="Recordings of each sport to replay; 5 in full.")
@click.option("--repeats", type=click.IntRange(1, 100), help="Runs of each measurement, of which the quickest counts.")
@click.option("--recordings", type=click.Path(path_type=Path), help="Folder of the real recordings.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=ROOT / "build" / "bench.json", help="Where the figures go."
)
@click.option(
    "--page", type=click.Path(path_type=Path), help="Write what `scaling` found into this page, between its marks."
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the table for a page.")
def main(
    small: bool,
    only: tuple[str, ...],
    daf: Pair | None,
    caf: Pair | None,
    markets: int | None,
    repeats: int | None,
    recordings: Path | None,
    out: Path,
    page: Path | None,
    as_markdown: bool,
) -> None:
    """Measure, print a table, and write every figure to a JSON file."""
    folder = recordings or Path(os.environ.get("FURLONG_RECORDINGS") or ROOT.parent / "shared" / "data")
    if not (folder / "catalogue.json").is_file():
        click.echo(
            f"`--recordings` must be a folder with a catalogue.json, got {folder}; set FURLONG_RECORDINGS", err=True
        )
        sys.exit(2)
    _check_page(page, only)
    sizes = SMALL if small else FULL
    given = {"daf": daf, "caf": caf, "recordings": markets, "repeats": repeats}
    sizes = replace(sizes, **{name: value for name, value in given.items() if value is not None})
    console = Console(stderr=True)
    figures: list[Figure] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="furlong-bench-") as work:
        parts = _parts(folder.resolve(), Path(work), sizes)
        for name in only or PARTS:
            begun = cpu_s()
            try:
                for figure in parts[name]():
                    figures.append(figure)
                    write_json(figures, out)
            except MeasureError as error:
                failed.append(f"{name}: {error}")
            console.print(f"{name}: measured in {cpu_s() - begun:.0f} CPU s", highlight=False)
    _print(figures, as_markdown)
    if page is not None and not failed:
        write_page(page, figures)
    for note in notes(figures):
        click.echo(f"- {note}")
    click.echo(f"on {machine()}; written: {out}")
    for reason in failed:
        click.echo(f"not measured: {reason}", err=True)
    sys.exit(1 if failed else 0)


def _check_page(page: Path | None, only: tuple[str, ...]) -> None:
    """Before anything is measured; ends with one sentence and 2."""
    if page is None:
        return
    try:
        check_page(page)
        if only and "scaling" not in only:
            raise ValueError(f"`--page` must go with the part scaling, got --only {' --only '.join(only)}; add it")
    except ValueError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


def _print(figures: list[Figure], as_markdown: bool) -> None:
    if as_markdown:
        click.echo(markdown(figures))
        return
    console = Console()
    console.width = max(console.width, WIDTH)  # where nobody looks, nothing needs to be folded
    console.print(table(figures))


def _parts(recordings: Path, work: Path, sizes: Sizes) -> dict[str, Callable[[], Iterator[Figure]]]:
    """Each part as something to be called: nothing is measured before."""
    peers, repeats = Peers(wanted=sizes.others), sizes.repeats
    prepared: list[tuple[list[Raced], TapeStore]] = []
    cases = (
        sweeping.Case("daf", "greyhounds", *sizes.daf, sizes.others),
        sweeping.Case("caf", "horses", *sizes.caf, sizes.others),
    )

    def raced() -> tuple[list[Raced], TapeStore]:
        if not prepared:
            prepared.append(prepare(recordings, sizes.recordings, _new(work, "raced")))
        return prepared[0]

    return {
        "replay": lambda: replay.measure(*raced(), window_s=sizes.window_s, batch=sizes.batch, repeats=repeats),
        "maker": lambda: maker.measure(
            *raced(),
            peers,
            window_s=sizes.window_s,
            batch=sizes.batch,
            events=sizes.maker_events,
            repeats=repeats,
        ),
        "import": lambda: importing.measure(
            recordings,
            _new(work, "imported"),
            peers,
            files=sizes.import_files,
            copies=sizes.import_copies,
            repeats=repeats,
        ),
        "sweep": lambda: sweeping.measure(_new(work, "swept"), cases),
        "synthetic": lambda: making.measure(_new(work, "made"), markets=sizes.synthetic_markets, repeats=repeats),
        "scaling": lambda: measure_scaling(
            *raced(), _new(work, "scaled"), scope=sizes.scaling, repeats=repeats, on_ray=sizes.others
        ),
        "store": lambda: storing.measure(_new(work, "stored"), markets=sizes.store_markets, repeats=repeats),
    }


def _new(work: Path, name: str) -> Path:
    (work / name).mkdir()
    return work / name


if __name__ == "__main__":
    main()
