"""`sweeps data synth` and `sweeps data figures`: doors on `sweeps.app.synth` and `sweeps.app.figures`."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sweeps.errors import ConfigError

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--sport", required=True, metavar="SPORT", help="greyhounds or horses.")
@click.option("--markets", type=int, required=True, metavar="N", help="How many WIN markets.")
@click.option("--days", type=int, default=1, show_default=True, metavar="D", help="Days they are spread over.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Same seed, same bytes.")
@click.option("--store", required=True, type=_PATH, metavar="DIR", help="Store the tapes go to; made if need be.")
@click.option("--stream-files", type=_PATH, metavar="DIR", help="Also write stream files as the exchange sells them.")
@click.option(
    "--drift",
    type=click.FloatRange(-20, 20),
    default=0.0,
    show_default=True,
    metavar="TICKS",
    help="Planted drift of the favourite, ticks a minute; below 0 its odds shorten.",
)
@click.option(
    "--drift-from",
    type=click.IntRange(10, 1500),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="Seconds before the advertised start at which the favourite is picked and the drift begins.",
)
@click.option(
    "--first-day", type=click.DateTime(["%Y-%m-%d"]), default="2025-03-03", show_default=True, help="First day."
)
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes; by default one a core.")
@click.option("--report", type=_PATH, metavar="HTML", help="Compare with measured microstructure on this page.")
@click.pass_context
def synth(
    ctx: click.Context,
    sport: str,
    markets: int,
    days: int,
    seed: int,
    store: Path,
    stream_files: Path | None,
    drift: float,
    drift_from: int,
    first_day: datetime,
    workers: int | None,
    report: Path | None,
) -> None:
    """Make synthetic markets with a known truth."""
    from sweeps.app.synth import SynthRequest, make_markets

    request = SynthRequest(sport, markets, days, seed, store, stream_files, first_day.date(), drift, drift_from)
    request.races()
    _check_page(report)
    console = Console(stderr=True)
    with _Bar(console, "making markets") as advance:
        result = make_markets(request, workers or os.cpu_count() or 1, advance)
    known = f", {result.known} were there already" if result.known else ""
    click.echo(f"{len(result.made)} synthetic {sport} markets made{known}: {store}")
    if result.made:
        click.echo(f"{len(result.made) / max(result.cpu_s, 0.001):.1f} markets a second of CPU time", err=True)
    if result.interrupted:
        click.echo("sweeps: interrupted; what was made is kept, run it again to go on", err=True)
        ctx.exit(130)
    if report is not None:
        _write_report(store, {"tier": "SYNTHETIC", "sport": sport}, sport, 100, report)


@click.command()
@click.option("--store", required=True, type=_PATH, metavar="DIR", help="Store to look at, real or synthetic.")
@click.option("--against", required=True, metavar="GROUP", help="greyhounds, horses, greyhounds_au or horses_au.")
@click.option("--where", multiple=True, metavar="KEY=VALUE", help="Catalogue filter, e.g. sport=greyhounds country=AU.")
@click.option("--most", type=click.IntRange(min=1), default=100, show_default=True, help="Markets looked at, at most.")
@click.option("--out", required=True, type=_PATH, metavar="HTML", help="Page to write.")
def figures(store: Path, against: str, where: tuple[str, ...], most: int, out: Path) -> None:
    """Compare a store's microstructure with figures measured on real recordings."""
    _check_page(out)
    _write_report(store, _filters(where), against, most, out)


def _filters(where: tuple[str, ...]) -> dict[str, str]:
    filters = {}
    for text in where:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise ConfigError(f"`--where` must be KEY=VALUE, got {text!r}")
        filters[name] = value
    return filters


def _check_page(path: Path | None) -> None:
    if path is not None and not path.absolute().parent.is_dir():
        raise ConfigError(f"the folder of the page {str(path)!r} does not exist; make it or name another")


def _write_report(store: Path, filters: dict[str, str], against: str, most: int, path: Path) -> None:
    from sweeps.app.figures import compare, counts, store_figures, target_of, write_page

    target = target_of(against)
    console = Console(stderr=True)
    with _Bar(console, "taking figures") as advance:
        found, market_ids = store_figures(store, filters, most, advance)
    rows = compare(found, target)
    table = Table("figure", "far from measured", title=f"{len(market_ids)} markets against {against}")
    for row in rows:
        if row.verdict == "far":
            table.add_row(f"{row.name} {row.window}".strip(), f"{row.value:.3g} here, {row.measured:g} measured")
    Console().print(table)
    write_page(rows, target, f"{len(market_ids)} markets of {store}", path)
    click.echo(", ".join(f"{count} figures {verdict}" for verdict, count in counts(rows).items()) + f": {path}")


class _Bar:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self, console: Console, what: str) -> None:
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task(what, total=None)

    def __enter__(self) -> Callable[[int, int], None]:
        self._progress.start()
        return lambda done, total: self._progress.update(self._task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
