"""docs/findings.md from what was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import msgspec

from benchmarks.findings.claims import ABOUT, CLAIMS, CONFIGURATIONS, Claim, Examined, examine, sharpe
from benchmarks.findings.running import SEED, Found
from simcore.models.simulation import Simulation
from simcore.statistics import bootstrap_interval

SIGNS: Final = {"yes": "✓", "no": "✗", "undecided": "?"}
_UNITS: Final = {"profit": "£", "turnover": "£", "position": "offers", "requests": ""}


def page(every: Sequence[Found], preset: str, simulation: Simulation, command: str) -> str:
    """The whole page."""
    examined = {claim: [examine(claim, one.values, one.clusters) for one in every] for claim in CLAIMS}
    parts = [
        _HEAD.format(command=command, preset=preset),
        _sets(every, examined),
        "## Which reproduce",
        *(_said(kind, label, examined, every) for kind, label in _KINDS.items()),
        "## Claim by claim",
        _claims(examined, every),
        "## Every configuration",
        "\n".join(f"- **{name}**: {about}" for name, about in ABOUT.items()),
        *(_configurations(one) for one in every),
        _FOOT.format(simulation=json.dumps(msgspec.to_builtins(simulation), sort_keys=True)),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


_HEAD: Final = """# The articles' findings about their bots

Written by `{command}`; rerun it after any change of the simulator. What the articles measured live in 2017 is put to the
market maker's replays under the simulation `{preset}`: as a difference on the same markets, with a 95 % bootstrap interval of
its mean. Nothing was tuned: the claims were written down before the first replay, the synthetic exchange is calibrated to
measured microstructure alone ([synthetic.md](synthetic.md)).

A claim reproduces (✓) where its whole interval lies on the claimed side, does not (✗) where it lies wholly on the other, and is
undecided (?) else. Of twenty such intervals one misses by chance; the claims overlap, so they are no independent evidence."""

_FOOT: Final = """## What this does not tell

- The articles' races are not here: theirs were UK and US races of 2017, live, with the bots' own effect on the others.
- A position kept into the race is a bet on it: its standard deviation dwarfs what market making earns or loses, so that claim
  would need very many markets. The articles' σ of £3.55 suggests a bot that leaves before.
- Synthetic markets have no edge by construction and followers who react to the book alone; whether a bot loses *less* there
  says that the mechanism works, not how much it is worth.
- The real horse races are few and of few days. Days are resampled whole; with fewer than about ten days such intervals are too
  narrow.
- A larger stake, another runner than the favourite or another hour may come out differently.

The simulation in full: `{simulation}`"""

_KINDS: Final = {
    "yes": "Reproduce on every data set",
    "no": "Do not reproduce, the opposite holds, on every data set",
    "mixed": "Come out differently by data set",
}


def _sets(every: Sequence[Found], examined: dict[Claim, list[Examined]]) -> str:
    signs = list(SIGNS.values())
    lines = [f"| data | markets | what is resampled | {' | '.join(signs)} |", "|---|---|---|" + "---|" * len(signs)]
    for i, one in enumerate(every):
        what = f"markets (seed {SEED})" if one.data.synthetic else f"{len(set(one.clusters))} UTC days"
        verdicts = [SIGNS[each[i].verdict] for each in examined.values()]
        counts = " | ".join(str(verdicts.count(sign)) for sign in signs)
        lines.append(f"| {one.data.name} | {one.markets} | {what} | {counts} |")
    return "\n".join(lines)


def _kind(verdicts: Sequence[Examined]) -> str:
    kinds = {one.verdict for one in verdicts}
    return kinds.pop() if len(kinds) == 1 and kinds <= {"yes", "no"} else "mixed"


def _said(kind: str, label: str, examined: dict[Claim, list[Examined]], every: Sequence[Found]) -> str:
    lines = []
    for claim, verdicts in examined.items():
        if _kind(verdicts) == kind:
            by_set = [f"{SIGNS[one.verdict]} {found.data.name}" for one, found in zip(verdicts, every, strict=True)]
            lines.append(f"- {claim.says}" + (f" ({', '.join(by_set)})" if kind == "mixed" else ""))
    return f"**{label}:**\n" + ("\n".join(lines) or "- none")


def _claims(examined: dict[Claim, list[Examined]], every: Sequence[Found]) -> str:
    lines = [
        "| claim | measured | articles | " + " | ".join(one.data.name for one in every) + " |",
        "|---|---|---|" + "---|" * len(every),
    ]
    for claim, verdicts in examined.items():
        measured = f"{claim.metric} of *{claim.of}*" + (f" less *{claim.against}*" if claim.against else "")
        unit = f" ({_UNITS[claim.metric]})" if _UNITS[claim.metric] else ""
        cells = [
            f"{SIGNS[one.verdict]} {_number(one.mean)} [{_number(one.low)}, {_number(one.high)}]" for one in verdicts
        ]
        lines.append(f"| {claim.says} | {measured}{unit} | {claim.articles or '–'} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _configurations(one: Found) -> str:
    lines = [
        f"### {one.data.name}, {one.markets} markets",
        "",
        "| configuration | profit a market (£) | σ (£) | Sharpe | largest position (offers) | turnover (£) | orders sent (σ) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in CONFIGURATIONS:
        profit, requests = one.values[name]["profit"], one.values[name]["requests"]
        low, high = bootstrap_interval(profit, one.clusters)
        cells = (
            f"{_number(profit.mean())} [{_number(low)}, {_number(high)}]",
            f"{profit.std(ddof=1):.2f}" if one.markets > 1 else "–",
            _number(sharpe(profit)),
            f"{one.values[name]['position'].mean():.1f}",
            f"{one.values[name]['turnover'].mean():,.0f}",
            f"{requests.mean():,.0f}" + (f" ({requests.std(ddof=1):,.0f})" if one.markets > 1 else ""),
        )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _number(value: float) -> str:
    """Two decimals, one from a hundred on, a true minus; a dash for nothing."""
    if value != value:
        return "–"
    return f"{value:.{1 if abs(value) >= 100 else 2}f}".replace("-", "−")
