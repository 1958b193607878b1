"""`sweeps data`: import stream files, list and show markets; doors on `sweeps.app.importing` and `sweeps.app.data`."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sweeps.cli.filters import market_filters
from sweeps.errors import ConfigError

if TYPE_CHECKING:
    from sweeps.app.importing import ImportReport

NAMED = 20
"""Refusals and damaged files named on the terminal; all of them are in the store's reports."""

_LATER = {
    "synth": ("sweeps.cli.synth", "synth", "Make synthetic markets with a known truth."),
    "study": ("sweeps.cli.study", "study", "Draw the research charts of a store."),
    "figures": ("sweeps.cli.synth", "figures", "Compare a store's microstructure with measured figures."),
}


class _DataGroup(click.Group):
    """Commands of this file, and those that load their module only when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_LATER]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LATER:
            return super().get_command(ctx, cmd_name)
        module, attribute, _ = _LATER[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = [(name, command.get_short_help_str(80)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(lines + [(name, line) for name, (_, _, line) in _LATER.items()])


_STORE = click.option(
    "--store",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of tapes and their catalogue.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=_DataGroup)
def data() -> None:
    """Import, list, show, make and study markets."""


@data.command("import")
@click.argument("sources", metavar="SRC...", nargs=-1, required=True, type=click.Path(path_type=Path))
@_STORE
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes; by default one a core.")
@_JSON
@click.pass_context
def import_(ctx: click.Context, sources: tuple[Path, ...], store: Path, workers: int | None, as_json: bool) -> None:
    """Import stream files: files, folders, .gz .bz2 .zst .zip .tar of them. What was imported before is not read again."""
    from sweeps.app.importing import default_workers, import_files

    console = Console(stderr=True)
    with _bar(console) as bar:
        report = import_files(
            list(sources),
            store,
            workers=workers or default_workers(),
            progress=bar.advance,
            compiling=bar.compiling,
        )
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report), indent=2))
    else:
        _print_report(report, store, _console())
    if report.interrupted:
        click.echo(f"sweeps: interrupted after {report.done} of {report.sources}; run it again to go on", err=True)
        ctx.exit(130)
    if not report.imported and not report.known and not report.duplicates:
        where = ", ".join(map(str, sources))
        raise ConfigError(f"nothing in {where} could be imported: {_first_reason(report)}; give stream files")


def _console() -> Console:
    """Standard output; where it is no terminal, wide enough that nothing is cut off."""
    console = Console()
    return console if console.is_terminal else Console(width=200)


class _bar:  # noqa: N801 - used as a context manager
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task("importing", total=None)

    def __enter__(self) -> _bar:
        self._progress.start()
        return self

    def advance(self, done: int, total: int) -> None:
        self._progress.update(self._task, description="importing", completed=done, total=total)

    def compiling(self) -> None:
        self._progress.update(self._task, description="compiling the importer, once on this machine")

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _first_reason(report: ImportReport) -> str:
    if not report.refused:
        return "no file there"
    name, market, reason = report.refused[0]
    more = f" (and {len(report.refused) - 1} more)" if len(report.refused) > 1 else ""
    return f"{name}{' market ' + market if market else ''}: {reason}{more}"


def _print_report(report: ImportReport, store: Path, console: Console) -> None:
    counts = (
        ("files found", report.sources),
        ("markets imported", len(report.imported)),
        ("files already there", len(report.known)),
        ("duplicates, another copy kept", len(report.duplicates)),
        ("files refused", sum(not market for _, market, _ in report.refused)),
        ("markets refused", sum(bool(market) for _, market, _ in report.refused)),
        ("files with damaged lines", len(report.damaged)),
        ("files cut short", len(report.cut_short)),
    )
    table = Table("import", "count", title=f"into {store}")
    for label, count in counts:
        table.add_row(label, str(count))
    console.print(table)
    _print_named(console, "refused", _refusals(report))
    _print_named(console, "duplicate", [f"{m} of {file}: kept {kept}" for m, file, kept in report.duplicates])
    damaged = [
        f"{file}: {count} lines, the first: line {lines[0][0]}: {lines[0][1]}" for file, count, lines in report.damaged
    ]
    _print_named(console, "damaged", damaged)
    _print_named(console, "cut short", [f"{file}: {why}" for file, why in report.cut_short])
    if report.refused or report.damaged:
        console.print(f"Every file's report is in {store}/imports", markup=False, highlight=False)


def _refusals(report: ImportReport) -> list[str]:
    """One line a file and reason; many markets of one file for one reason are counted, not listed."""
    markets = Counter((file, reason) for file, market, reason in report.refused if market)
    one = {(file, reason): market for file, market, reason in report.refused if market}
    lines = [f"{file}: {reason}" for file, market, reason in report.refused if not market]
    for (file, reason), count in markets.items():
        what = f"market {one[file, reason]}" if count == 1 else f"{count} markets"
        lines.append(f"{file}, {what}: {reason}")
    return sorted(lines)


def _print_named(console: Console, label: str, lines: list[str]) -> None:
    for line in lines[:NAMED]:
        console.print(f"{label}: {line}", markup=False, highlight=False, soft_wrap=True)
    if len(lines) > NAMED:
        console.print(f"{label}: and {len(lines) - NAMED} more", markup=False, highlight=False)


@data.command("list")
@_STORE
@market_filters
@click.option("--replayable/--not-replayable", default=None, help="Fit for replays, or not.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the first N.")
@_JSON
def list_markets(
    store: Path, filters: dict[str, Any], replayable: bool | None, limit: int | None, as_json: bool
) -> None:
    """List the markets of a store, filtered (sport, hour, type, country, venue, date, volume, tier, quality)."""
    from sweeps.app.data import list_markets as app_list
    from sweeps.app.data import records_of

    table = app_list(store, {"replayable": replayable} | filters)
    rows = records_of(table.head(limit) if limit else table)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    _print_markets(rows, len(table), _console())


def _print_markets(rows: list[dict[str, Any]], total: int, console: Console) -> None:
    table = Table(
        "market", "sport", "type", "country", "venue", "advertised off (UTC)", "runners", "tier", "matched £", ""
    )
    for row in rows:
        off = (row["advertised_off"] or "")[:16].replace("T", " ")
        notes = "" if row["replayable"] else row["reason"]
        table.add_row(
            row["market_id"],
            row["sport"],
            row["market_type"],
            row["country"],
            row["venue"],
            off,
            str(row["runners"]),
            row["tier"],
            f"{row['matched_pounds']:,.0f}",
            notes,
        )
    console.print(table)
    shown = "" if len(rows) == total else f", {len(rows)} shown"
    console.print(f"{total} markets{shown}", highlight=False)


@data.command("show")
@click.argument("market")
@_STORE
@_JSON
def show(market: str, store: Path, as_json: bool) -> None:
    """Tell one market's story: times, runners, status changes, volume, quality."""
    from sweeps.app.data import market_story

    story = market_story(store, market)
    if as_json:
        click.echo(json.dumps(story, indent=2))
        return
    _print_story(story, _console())


def _print_story(story: dict[str, Any], console: Console) -> None:
    market = story["market"]
    title = " · ".join(
        str(market[k]) for k in ("market_id", "sport", "market_type", "venue", "market_name") if market[k]
    )
    console.print(title, highlight=False, markup=False)
    verdict = "replayable" if market["replayable"] else f"not replayable: {market['reason']}"
    console.print(f"{market['tier']} from {market['source']}, {verdict}", highlight=False, markup=False, soft_wrap=True)
    if market["other_copies"]:
        console.print(f"other copies: {market['other_copies']}", highlight=False, markup=False, soft_wrap=True)
    runners = Table(
        "runner", "name", "result", "BSP", "last traded at the off", "matched £", "removed", title="runners"
    )
    for runner in story["runners"]:
        handicap = f" {runner['handicap']:+g}" if runner["handicap"] else ""
        runners.add_row(
            f"{runner['selection_id']}{handicap}",
            runner["name"],
            runner["result"] or "",
            _number(runner["starting_price"]),
            _number(runner["last_traded_at_off"]),
            _number(runner["matched_pounds_at_off"]),
            "" if runner["removed_factor_percent"] is None else f"{runner['removed_factor_percent']:g} %",
        )
    console.print(runners)
    events = Table("seconds to the start", "event", title="what happened")
    for event in story["events"]:
        seconds = event["seconds_to_start"]
        events.add_row("" if seconds is None else f"{seconds:,.1f}", event["event"])
    console.print(events)
    _print_volume(story, console)


def _print_volume(story: dict[str, Any], console: Console) -> None:
    volume = Table("seconds before the start", "matched £", title="volume")
    for seconds, pounds in story["volume"]["matched_pounds_before_start"].items():
        volume.add_row(seconds, _number(pounds))
    console.print(volume)
    classes = Table("class", "£", title="traded volume by class (one side)")
    for name, pounds in story["volume"]["pounds_by_class"].items():
        classes.add_row(name, _number(pounds))
    console.print(classes)
    market = story["market"]
    quality = Table("quality", "value")
    for name in (
        "messages",
        "rows",
        "advertised_against_actual_s",
        "gaps_last_15_minutes",
        "images",
        "gaps",
        "clock_back",
        "crossed",
        "both_sides_share",
        "unattributed_share",
        "traded_falls",
        "damaged_lines",
        "cut_short",
    ):
        quality.add_row(name.replace("_", " "), _number(market[name]))
    console.print(quality)


def _number(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
