"""`make bench`: how fast against peers and floors. `python -m benchmarks.speed --help`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.console import Console

from benchmarks.speed import importing, maker, making, replay, storing, sweeping
from benchmarks.speed.figures import Figure, machine, markdown, notes, table, write_json
from benchmarks.speed.peers import Peers
from benchmarks.speed.recordings import Raced, prepare
from benchmarks.speed.sizes import FULL, SMALL, Sizes
from benchmarks.speed.timing import cpu_s
from simcore import TapeStore

ROOT = Path(__file__).resolve().parent.parent.parent
WIDTH = 170
PARTS = ("replay", "maker", "import", "sweep", "synthetic", "store")


@click.command()
@click.option("--small", is_flag=True, help="A tiny run: whether it works, not how fast it is.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Measure this part alone; repeatable.")
@click.option("--recordings", type=click.Path(path_type=Path), help="Folder of the real recordings.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=ROOT / "build" / "bench.json", help="Where the figures go."
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the table for a page.")
def main(small: bool, only: tuple[str, ...], recordings: Path | None, out: Path, as_markdown: bool) -> None:
    """Measure, print a table, and write every figure to a JSON file."""
    folder = recordings or Path(os.environ.get("FURLONG_RECORDINGS") or ROOT.parent / "shared" / "data")
    if not (folder / "catalogue.json").is_file():
        click.echo(
            f"`--recordings` must be a folder with a catalogue.json, got {folder}; set FURLONG_RECORDINGS", err=True
        )
        sys.exit(2)
    console = Console(stderr=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="furlong-bench-") as work:
        parts = _parts(folder.resolve(), Path(work), SMALL if small else FULL)
        for name in only or PARTS:
            begun = cpu_s()
            for figure in parts[name]():
                figures.append(figure)
                write_json(figures, out)
            console.print(f"{name}: measured in {cpu_s() - begun:.0f} CPU s", highlight=False)
    _print(figures, as_markdown)
    for note in notes(figures):
        click.echo(f"- {note}")
    click.echo(f"on {machine()}; written: {out}")


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
        sweeping.Case("daf", "greyhounds", sizes.daf_markets, sizes.daf_trials, sizes.others),
        sweeping.Case("caf", "horses", sizes.caf_markets, sizes.caf_trials, sizes.others),
    )

    def raced() -> tuple[list[Raced], TapeStore]:
        if not prepared:
            prepared.append(prepare(recordings, sizes.recordings, _new(work, "raced")))
        return prepared[0]

    return {
        "replay": lambda: replay.measure(*raced(), window_s=sizes.window_s, batch=sizes.batch, repeats=repeats),
        "maker": lambda: maker.measure(
            *raced(), peers, window_s=sizes.window_s, events=sizes.maker_events, repeats=repeats
        ),
        "import": lambda: importing.measure(
            recordings, _new(work, "imported"), peers, files=sizes.import_files, repeats=repeats
        ),
        "sweep": lambda: sweeping.measure(_new(work, "swept"), cases),
        "synthetic": lambda: making.measure(_new(work, "made"), markets=sizes.synthetic_markets, repeats=repeats),
        "store": lambda: storing.measure(_new(work, "stored"), markets=sizes.store_markets, repeats=repeats),
    }


def _new(work: Path, name: str) -> Path:
    (work / name).mkdir()
    return work / name


if __name__ == "__main__":
    main()
