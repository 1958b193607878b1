"""The research page: one self-contained HTML file, each chart with what it shows, how it is measured, what it does not tell."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from simcore.research import CORRELATED_S, EDGES_S, LEAN_EDGES
from simcore.statistics import ratio_interval, student_interval
from sweeps.app import research_charts as charts
from sweeps.app.research import ENTRIES, Group, Study
from sweeps.app.research_captions import CAPTIONS, Caption, of_group
from sweeps.tracking.report import STYLE

_STYLE: Final = """
table.facts { display: block; overflow-x: auto; margin: 1rem 0; } table.facts td:first-child { min-width: 21rem; }
table.facts th + th { text-align: right; } section { margin: 2.2rem 0; } section p { max-width: 62rem; margin: .35rem 0; }
.hindsight { background: #fdf4e3; border-left: 4px solid #d9822b; padding: .5rem .9rem; }
"""


@dataclass(frozen=True)
class Fact:
    """One line of the table of figures: its name, a value for each group, and what the articles measured ("" = nothing)."""

    name: str
    values: tuple[float, ...]
    form: str
    greyhounds: str = ""
    horses: str = ""


def facts(study: Study) -> list[Fact]:
    """The figures of every group, beside those of the articles (UK and US races, 2017)."""
    of = [_facts_of(study, group) for group in study.groups]
    articles = _ARTICLES
    return [
        Fact(name, tuple(one[name] for one in of), form, *articles.get(name, ("", ""))) for name, form in _FORMS.items()
    ]


_FORMS: Final = {
    "markets": "{:,.0f}",
    "UTC days": "{:,.0f}",
    "matched before the off, median (£)": "{:,.0f}",
    "actual off after the first advertised start, median (s)": "{:,.0f}",
    "matched in the last 50 minutes (%)": "{:.0f}",
    "matched in the last 10 minutes (%)": "{:.0f}",
    "matched in the last minute (%)": "{:.0f}",
    "half of it is matched by, median (s before the off)": "{:,.0f}",
    "matched by 160 s before the off, median (£)": "{:,.0f}",
    "spread 50 to 40 minutes before the off (ticks)": "{:.1f}",
    "spread 160 to 120 s before the off (ticks)": "{:.1f}",
    "spread 60 to 45 s before the off (ticks)": "{:.2f}",
    "next message's move, imbalance 0.5 and above (ticks)": "{:+.3f}",
    "next message's move, imbalance −0.5 and below (ticks)": "{:+.3f}",
    "imbalance and next move, correlation 3 to 1 min before": "{:.2f}",
    "drift trade crossing twice, last entry (% of the stake)": "{:+.2f}",
    "crossing, where joining the queue was matched (% of the stake)": "{:+.2f}",
    "crossing, where joining the queue was not (% of the stake)": "{:+.2f}",
}
_ARTICLES: Final = {
    "matched in the last 50 minutes (%)": ("", "80"),
    "matched in the last 10 minutes (%)": ("", "50"),
    "matched in the last minute (%)": ("50", ""),
    "matched by 160 s before the off, median (£)": ("100", ""),
    "spread 50 to 40 minutes before the off (ticks)": ("", "about 1"),
    "spread 160 to 120 s before the off (ticks)": ("5 at 120 s", ""),
    "next message's move, imbalance 0.5 and above (ticks)": ("", "+0.1"),
    "next message's move, imbalance −0.5 and below (ticks)": ("", "−0.1"),
    "drift trade crossing twice, last entry (% of the stake)": ("−0.5 a tick", "−0.5 a tick"),
}


def _facts_of(study: Study, group: Group) -> dict[str, float]:
    share, spread = group.measured("share"), group.measured("spread")
    ticks, messages = group.measured("lean_ticks"), group.measured("lean_messages")
    heavy, light = LEAN_EDGES[:-1] >= 0.5, LEAN_EDGES[1:] <= -0.5
    crossing = np.nan_to_num(group.drift[:, :, ENTRIES.index("cross")])
    joined = ~np.isnan(group.drift[:, :, ENTRIES.index("passive")])
    halves = [charts.half_matched_s(one) for one in share if not math.isnan(one[-1])]
    values = (
        len(group),
        group.known["day"].nunique(),
        np.median(group.measured("matched_pounds")),
        _median(group.measured("off_delay_s")),
        100 * (1 - _mean(share[:, _edge(3000)])),
        100 * (1 - _mean(share[:, _edge(600)])),
        100 * (1 - _mean(share[:, _edge(60)])),
        np.median(halves) if halves else math.nan,
        _median(share[:, _edge(160)] * group.measured("matched_pounds")),
        _mean(spread[:, _edge(2400)]),
        _mean(spread[:, _edge(120)]),
        _mean(spread[:, _edge(45)]),
        ratio_interval(ticks[:, heavy].sum(axis=1), messages[:, heavy].sum(axis=1))[0],
        ratio_interval(ticks[:, light].sum(axis=1), messages[:, light].sum(axis=1))[0],
        _mean(group.measured("correlation")[:, CORRELATED_S.index((180, 60))]),
        100 * _mean(crossing[..., -1].ravel()),
        100 * _mean(crossing[joined]),
        100 * _mean(crossing[~joined]),
    )
    return dict(zip(_FORMS, (float(value) for value in values), strict=True))


def _edge(seconds: int) -> int:
    return EDGES_S.index(seconds)


def _mean(values: Any) -> float:
    return student_interval(values[~np.isnan(values)])[0]


def _median(values: Any) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else math.nan


def shown(fact: Fact, value: float) -> str:
    """The value as it is printed; a dash where there is nothing."""
    if value == math.inf:
        return f"over {EDGES_S[0]:,}"
    return fact.form.format(value).replace("-", "−") if math.isfinite(value) else "–"


def numbers(study: Study) -> dict[str, dict[str, float | None]]:
    """The table of figures by group, as plain numbers; None where there is nothing."""
    found = facts(study)
    return {
        group.name: {fact.name: value if math.isfinite(value := fact.values[i]) else None for fact in found}
        for i, group in enumerate(study.groups)
    }


_SHARED: Final = {
    "volume": charts.volume,
    "spread": charts.spread,
    "next-move": charts.next_move,
    "correlation": charts.correlation,
}
_BY_GROUP: Final = {"entry": charts.entry_time, "hour": charts.by_hour, "liquidity": charts.by_liquidity}


def page(study: Study, store: str) -> str:
    """The whole report as one HTML document that needs no network (about 5 MB: the plotting library travels with it)."""
    title = "Market study"
    parts = [f"<h1>{title}</h1>", *_opening(study, store), _facts_table(study)]
    parts += [_section(name, draw(study), CAPTIONS[name]) for name, draw in _SHARED.items()]
    said = of_group(study.request)
    for place, group in enumerate(study.groups):
        parts.append(f"<h1>{html.escape(group.name)}</h1>")
        parts += [_section(f"{name}-{place}", draw(study, group), said[name]) for name, draw in _BY_GROUP.items()]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}{_STYLE}</style>'
        f"<script>{get_plotlyjs()}</script></head><body>{''.join(parts)}</body></html>"
    )


def _opening(study: Study, store: str) -> list[str]:
    request = study.request
    left = [f"{name} ({count})" for name, count in study.left_out.items()]
    notes = [
        f"{study.done} markets of {store}, grouped by {', '.join(request.by)}; at most {request.most} a group, drawn by a hash "
        f"of their ids. Bots and the drift trade were replayed under the simulation “{request.simulation}”.",
        "Error bars are 95 % intervals of a mean over markets: Student's t, on logarithmic scales by resampling markets; none "
        f"for fewer than {charts.FEWEST}. They take markets as independent: where those of a day move together they are too "
        "narrow. One interval in twenty misses by chance.",
    ]
    if left:
        notes.append(f"Groups not drawn, with their markets: {', '.join(left)}.")
    if study.not_replayable:
        notes.append(f"{study.not_replayable} markets that cannot be replayed were left out.")
    warnings = [
        "The off on every time axis is the actual one (first turn in-play, else the last suspension before the close). It is "
        "hindsight: nobody knew it then. Entry times and hours are those of the advertised start, which was known.",
    ]
    if request.hindsight:
        warnings.append(
            "Choosing markets by what was known only afterwards was allowed: no trader could have chosen them so."
        )
    if study.interrupted:
        warnings.append(f"Interrupted: {study.done} of {study.wanted} markets were studied.")
    said = [f'<p class="note">{html.escape(note)}</p>' for note in notes]
    return said + [f'<p class="hindsight">{html.escape(note)}</p>' for note in warnings]


def _facts_table(study: Study) -> str:
    names = [*(group.name for group in study.groups), "articles: greyhounds", "articles: horses"]
    lines = ["<tr><th></th>" + "".join(f"<th>{html.escape(name)}</th>" for name in names) + "</tr>"]
    for fact in facts(study):
        cells = [*(shown(fact, value) for value in fact.values), fact.greyhounds or "–", fact.horses or "–"]
        lines.append(f"<tr><td>{fact.name}</td>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    return (
        f'<h2>In figures</h2><table class="facts">{"".join(lines)}</table><p>Means over markets unless said otherwise; money '
        "is one-sided pounds (the backer's half). The articles looked at UK and US races of 2017: orders of magnitude to "
        "recognise, not targets.</p>"
    )


def _section(name: str, figure: go.Figure, said: Caption) -> str:
    drawing = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config={"displaylogo": False})
    caption = "".join(f"<p><b>{label}.</b> {html.escape(text)}</p>" for label, text in said.labelled())
    return f"<section>{drawing}{caption}</section>"
