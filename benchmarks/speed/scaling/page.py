"""The tables of docs/scaling.md, put between two marks so that no number of that page is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.speed.figures import Figure, machine, shown
from benchmarks.speed.scaling.clusters import CONFIGURATIONS, GREYHOUND_MARKETS_A_YEAR, HORSE_RACES_A_YEAR
from benchmarks.speed.scaling.law import OWN, SHARED

BEGIN: Final = "<!-- scaling:begin -->"
END: Final = "<!-- scaling:end -->"
Rows = Sequence[Sequence[str]]
NAMES: Final = {
    "greyhounds-month": "a month of all UK greyhounds, DAF",
    "horses-five-years": "five years of horse racing, CAF V2",
}
POINTS: Final = {
    "fitted": "fitted to",
    "made": "other made markets, not in the fit",
    "recorded": "real recordings, not in the fit",
}


def check_page(path: Path) -> str:
    """The page's text. Raises ValueError, one sentence, where the marks are not there once each and in order."""
    if not path.is_file():
        raise ValueError(f"`--page` must be a page that exists, got {str(path)!r}")
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"`--page` must hold {BEGIN} and then {END}, once each, got {str(path)!r}; put them in")
    return text


def write_page(path: Path, figures: Sequence[Figure]) -> None:
    """Replace what stands between the page's marks. Raises ValueError as `check_page` does."""
    text = check_page(path)
    before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    path.write_text(f"{before}\n{tables(figures)}\n{after}", encoding="utf-8")


def tables(figures: Sequence[Figure]) -> str:
    """All tables. Raises ValueError where the figures are not of the part `scaling`."""
    found = next((figure.detail for figure in figures if "laws" in figure.detail), None)
    if found is None:
        raise ValueError("no law was measured; let the part `scaling` come to its end, then write the page")
    on = machine()
    parts = (
        f"Measured on {on['cores']} cores ({on['system']}, Python {on['python']}), load {on['load']:.1f} at the end.",
        _law(found["laws"]),
        _checks(found["checks"]),
        _sweeps(found["sweeps"]),
        _driver(found["costs"], found["rows"]),
        _markets(found["markets"]),
        _implied(found["implied"]),
    )
    return "\n\n".join(parts)


def _table(title: str, heads: Sequence[str], rows: Rows, note: str = "") -> str:
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return f"**{title}**{note}\n\n" + "\n".join(lines)


def _law(laws: Mapping[str, Mapping[str, float]]) -> str:
    meaning = {**SHARED, **OWN}
    rows = [
        [
            f"`{term}` — {said}",
            "call" if term in SHARED else "configuration",
            *(shown(law[term]) for law in laws.values()),
        ]
        for term, said in meaning.items()
    ]
    return _table("The law, µs each.", ["term", "once a", *(core.upper() for core in laws)], rows)


def _checks(checks: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    rows = [
        [
            f"{core.upper()}: {POINTS[check['points']]}",
            str(check["count"]),
            str(check["markets"]),
            f"{check['r_squared']:.3f}",
            f"{check['median_percent']:.1f}",
            f"{check['nine_in_ten_percent']:.1f}",
            f"{check['worst_percent']:.1f}",
            f"{check['together_percent']:+.1f}",
            f"{check['again_percent']:.1f}",
        ]
        for core, some in checks.items()
        for check in some
    ]
    heads = ["points", "count", "markets", "R²", "median", "nine in ten", "worst", "all together", "measured again"]
    note = " Off by, in % of what was measured; R² of the cost of a configuration."
    return _table("How well it predicts.", heads, rows, note)


def _sweeps(sweeps: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"{sweep['core'].upper()}, {sweep['workers']} worker{'s' if sweep['workers'] > 1 else ''}",
            f"{sweep['replays']:,}",
            shown(sweep["predicted_s"]),
            shown(sweep["took_s"]),
            f"{100 * (sweep['predicted_s'] / sweep['took_s'] - 1):+.0f}",
            shown(sweep["replays_a_second"]),
            f"{100 * sweep['busy_share']:.0f}",
        ]
        for sweep in sweeps
    ]
    heads = ["sweep", "replays", "CPU s by the law", "CPU s", "off by %", "replays a second", "of the workers' time %"]
    note = " The shipped configurations, mixed favourites and times, first batch left out; the last two columns by the clock."
    return _table("Real sweeps.", heads, rows, note)


def _driver(costs: Mapping[str, Any], rows: Mapping[str, float]) -> str:
    driver = costs["driver"]
    empty = driver["empty_task_s"]
    lines = [
        ["until work flows: imports, Ray, workers, kernels loaded (wall)", f"{driver['begin_s']:.1f} s"],
        ["driver, a shard", f"{1000 * driver['shard_s']:.2f} ms"],
        ["driver, an empty Ray task", "—" if empty is None else f"{1000 * empty:.2f} ms"],
        ["driver, a result row while workers work", f"{1e6 * driver['row_s']:.1f} µs"],
        ["driver, a result row while workers wait", f"{1e6 * driver['tail_row_s']:.1f} µs"],
        ["driver, a trial while workers wait", f"{1000 * driver['trial_s']:.2f} ms"],
        ["driver, a batch while workers wait", f"{1000 * driver['batch_s']:.1f} ms"],
        ["worker, a result row beside the replay", f"{1e6 * costs['result_s']:.1f} µs"],
        ["worker, reading a tape", f"{1000 * costs['open_s']:.2f} ms + {1e9 * costs['open_row_s']:.1f} ns a row"],
        ["a result row in memory, on disk", f"{rows['memory_bytes']:.0f}, {rows['stored_bytes']:.0f} bytes"],
    ]
    return _table("Driver and workers.", ["cost", "CPU"], lines)


def _markets(markets: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            market["kind"],
            str(market["markets"]),
            f"{market['rows']:,.0f}",
            f"{market['fewest_rows']:,}–{market['most_rows']:,}",
            f"{market['tape_bytes'] / 1000:,.0f}",
        ]
        for market in markets
    ]
    return _table("Markets.", ["kind", "markets", "rows on average", "fewest–most", "tape, kB"], rows)


def _implied(implied: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for each in implied:
        job, cores = each["workload"], each["cores"]
        by_the_clock = [each[name] / cores / 3600 for name in ("kernels_s", "reading_s", "results_s")]
        rows.append(
            [
                f"{NAMES[job['name']]}, by {job['batch']}",
                f"{cores:,}",
                shown(each["hours"]),
                *(shown(hours) for hours in by_the_clock),
                shown(each["feeding_s"] / 3600),
                shown(each["waiting_s"] / 3600),
                each["bound"],
                "—" if each["fed"] is None else f"{each['fed']:,.0f}",
                f"{each['memory_bytes'] / 1e9:,.2f}",
                f"{each['stored_bytes'] / 1e9:,.1f}",
                f"{each['tape_bytes'] / 1e9:,.1f}",
                f"{each['read_bytes_s'] / 1e6:,.0f}",
            ]
        )
    heads = ["work", "cores", "hours", "kernels", "tapes", "result rows", "driver feeding", "driver, workers waiting"]
    heads += [
        "bound by",
        "workers one driver feeds",
        "a batch in the driver, GB",
        "results, GB",
        "tapes, GB",
        "read, MB/s",
    ]
    note = (
        f" {CONFIGURATIONS:,} configurations; {GREYHOUND_MARKETS_A_YEAR:,} greyhound markets and {HORSE_RACES_A_YEAR:,} "
        "horse races a year; hours by the clock, also those of each part."
    )
    return _table("What it implies.", heads, rows, note)
