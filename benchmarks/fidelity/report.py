"""The study's tables and plot, put between the marks of docs/fidelity.md; what the numbers mean is written there by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

from benchmarks.fidelity.rows import frozen_hash
from benchmarks.fidelity.study import CANDIDATE, CHOSEN, FLUMINE, Study

matplotlib.use("agg")
BAR_PERCENT = 10.0
VISIBLE_PERCENT = 20.0
FIFTH = 0.2


def cell_name(row: pd.Series) -> str:
    return f"{row.sport}, {row.bot}"


def verdict(row: pd.Series, flumine: pd.Series) -> str:
    """The bar: |bias| surely within 10 % of the truth's sd, and within a fifth of flumine's where that exceeds 20 %."""
    sure = row.upper_percent <= BAR_PERCENT
    compared = abs(flumine.bias_percent) <= VISIBLE_PERCENT or abs(row.bias_percent) <= FIFTH * abs(
        flumine.bias_percent
    )
    return "meets" if sure and compared else "misses"


def signed(value: float, digits: int = 1) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def interval(row: pd.Series) -> str:
    return f"{signed(row.bias_percent)} ({signed(row.low_percent)} … {signed(row.high_percent)})"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def profit_table(compared: pd.DataFrame, settings: list[str]) -> str:
    """Cells down, settings across: bias of the mean profit in percent of the truth's sd, with its interval."""
    rows = []
    for _, cell in compared.groupby(["sport", "bot"], sort=False):
        by = cell.set_index("setting")
        first = by.iloc[0]
        truth = f"{signed(first.truth_mean / 100, 2)} (σ {first.truth_sd / 100:.2f})"
        rows.append([cell_name(first), f"{first.markets:.0f}", truth, *(interval(by.loc[name]) for name in settings)])
        rows[-1].append(verdict(by.loc[CHOSEN], by.loc[FLUMINE]))
    return markdown(["cell", "n", "truth, £ a market", *settings, "bar"], rows)


def fills_table(compared: pd.DataFrame, settings: list[str]) -> str:
    """What is behind the profit: volume, fill rate, fill price; bias ± half of its interval, spread in brackets."""
    rows = []
    for _, cell in compared[compared.setting.isin(settings)].iterrows():
        rows.append(
            [
                cell_name(cell),
                cell.setting,
                f"{signed(cell.bias / 100, 2)} [{cell.spread / 100:.2f}]",
                f"{signed(cell.volume_percent, 0)} ± {cell.volume_half:.0f}",
                f"{100 * cell.truth_fill_rate:.1f}",
                f"{signed(100 * cell.fill_bias)} ± {100 * cell.fill_half:.1f} [{100 * cell.fill_spread:.1f}]",
                f"{signed(cell.price_bias, 2)} ± {cell.price_half:.2f} [{cell.price_spread:.2f}]",
                f"{100 * cell.truth_matched:.0f} / {100 * cell.replay_matched:.0f}",
            ]
        )
    head = [
        "cell", "setting", "profit, £ a market", "volume, %", "truth's fill rate, %", "fill rate, points",
        "price, ticks in our favour", "markets with a fill, truth / replay, %",
    ]  # fmt: skip
    return markdown(head, rows)


def ranking(compared: pd.DataFrame) -> pd.DataFrame:
    """Settings, best first: by the root mean square of the bias over the cells, in percent of the truth's sd.

    Beside it the worst cell, and the error of a single market, mean over the cells.
    """
    sized = compared.assign(square=compared.bias_percent**2, size=compared.bias_percent.abs())
    columns = {"error": ("error_percent", "mean"), "square": ("square", "mean"), "worst": ("size", "max")}
    by = sized.groupby("setting", sort=False).agg(**columns)
    return by.assign(bias=np.sqrt(by.square)).sort_values("bias")[["bias", "worst", "error"]]


def ranking_table(compared: pd.DataFrame) -> str:
    """Every setting, best first; per cell the bias in percent."""
    cells = compared.drop_duplicates(["sport", "bot"])[["sport", "bot"]].to_records(index=False).tolist()
    at = compared.set_index(["setting", "sport", "bot"]).bias_percent
    rows = []
    for setting, row in ranking(compared).iterrows():
        each = [signed(at[(setting, sport, bot)], 0) for sport, bot in cells]
        rows.append([str(setting), f"{row.bias:.1f}", f"{row.worst:.0f}", f"{row.error:.0f}", *each])
    return markdown(["setting", "bias", "worst bias", "error", *(f"{sport[0]} {bot}" for sport, bot in cells)], rows)


def provenance(study: Study, markets: pd.Series) -> str:
    """What was measured: markets (of those the study asks for), seeds, regimes and the frozen settings of the exchange."""
    rows = []
    for batch in study.batches:
        drift = f"{signed(batch.drift, 0)} ticks a minute" if batch.drift else "none"
        measured = int(markets.get((batch.use, batch.sport, batch.drift), 0))
        count = str(measured) if measured == batch.markets else f"{measured} of {batch.markets}"
        rows.append([batch.use, batch.sport, count, str(batch.seed), drift, f"`{frozen_hash(batch.sport)}`"])
    return markdown(["use", "sport", "markets", "seed", "planted drift", "settings"], rows)


def draw(compared: pd.DataFrame, settings: list[str], path: Path) -> None:
    """Bias with its interval, cell by cell, setting beside setting; the bar is shaded."""
    from matplotlib import pyplot as plt

    cells = compared.drop_duplicates(["sport", "bot"])
    names = [cell_name(row) for _, row in cells.iterrows()]
    figure, axes = plt.subplots(figsize=(9, 0.55 * len(names) + 1.6), layout="constrained")
    axes.axvspan(-BAR_PERCENT, BAR_PERCENT, color="#e8f0e4", zorder=0)
    axes.axvline(0, color="black", linewidth=0.8)
    for k, setting in enumerate(settings):
        mine = compared[compared.setting == setting]
        at = np.arange(len(names)) + (k - (len(settings) - 1) / 2) * 0.8 / len(settings)
        error = [mine.bias_percent - mine.low_percent, mine.high_percent - mine.bias_percent]
        axes.errorbar(mine.bias_percent, at, xerr=error, fmt="o", markersize=4, linewidth=1.2, label=setting)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("bias of the mean profit, % of the truth's standard deviation (95 % interval)")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def fill_in(document: str, tables: dict[str, str]) -> str:
    """Put each table between its marks. Raises ValueError for a mark that is not there."""
    for name, table in tables.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        document, found = mark.subn(lambda match, text=table: f"{match[1]}{text}\n{match[2]}", document)
        if not found:
            raise ValueError(f"docs/fidelity.md must have the marks <!-- {name} --> and <!-- /{name} -->")
    return document


def write_report(study: Study, rows: pd.DataFrame, compared: pd.DataFrame, docs: Path) -> None:
    """docs/fidelity.md with its tables, docs/fidelity.png, and the numbers behind both in docs/fidelity.json."""
    reported = compared[compared.use == "report"]
    shown = [setting.name for setting in study.settings if setting.shown]
    markets = rows.groupby(["use", "sport", "drift"]).market_id.nunique()
    detailed = list(dict.fromkeys([CHOSEN, CANDIDATE, FLUMINE]))
    tables = {
        "markets": provenance(study, markets),
        "profit": profit_table(reported, shown),
        "fills": fills_table(reported, detailed),
    } | {use: ranking_table(compared[compared.use == use]) for use in ("choose", "grid", "report")}
    page = docs / "fidelity.md"
    page.write_text(fill_in(page.read_text(), tables))
    draw(reported, shown, docs / "fidelity.png")
    sports = {batch.sport: frozen_hash(batch.sport) for batch in study.batches}
    cells = reported.round(3).to_dict(orient="records")
    (docs / "fidelity.json").write_text(json.dumps({"settings": sports, "cells": cells}, indent=0) + "\n")
