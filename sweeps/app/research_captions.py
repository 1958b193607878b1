"""What stands beside each research chart, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sweeps.app.research import KNOWN_S, Request


@dataclass(frozen=True)
class Caption:
    """What a chart shows, how it is measured, and what it does not tell."""

    shows: str
    measured: str
    untold: str

    def labelled(self) -> list[tuple[str, str]]:
        """(label, sentences) in reading order."""
        return [
            ("What it shows", self.shows),
            ("How it is measured", self.measured),
            ("What it does not tell", self.untold),
        ]


CAPTIONS: Final = {
    "volume": Caption(
        "When the money comes: pounds matched a second (above, a logarithmic scale) and the share of all money matched so far "
        "(below; the dotted line is half of it).",
        "Recorded rises of traded volume, halved. What was matched before the recording began, or out of sight in a gap, "
        "counts in the lower panel only, from the moment it was told. Starting-price reconciliation, repricing and in-play are "
        "left out.",
        "How much of it you could have had: volume is what others did with each other. The share needs the total, which is "
        "hindsight.",
    ),
    "spread": Caption(
        "What crossing costs: ticks between the best price to back and the best to lay; 1 is as tight as it gets. Solid: all "
        "runners; dotted: the one with the lowest odds at that second.",
        "Sampled every second, runners with a best back of 20.0 or less; mean over runners and seconds of a market, then over "
        "markets. A window the recording covers by less than half is left out.",
        "How much stands there: the touch may hold two pounds.",
    ),
    "next-move": Caption(
        "Whether the heavier side of the touch foretells the next step. More money available to back than to lay (to the "
        "right) should lift the odds. The articles found about +0.1 tick above 0.5 and −0.1 below −0.5 (dotted).",
        "At every message of the last 10 minutes that changes a runner's book: imbalance then, and the change of the middle of "
        "best back and best lay by that runner's next message. Pooled over messages, intervals by market.",
        "A profit: a tenth of a tick is far less than the spread. It is worth something only to orders that are there anyway.",
    ),
    "correlation": Caption(
        "The same over a longer look ahead: +1 would be certainty, 0 nothing.",
        "One sample a second: correlation of imbalance with the sign of the next change of the mid, where one follows within "
        "60 s; a market's value needs 30 samples; mean over markets.",
        "Which came first: a book that has just been hit is also lopsided.",
    ),
}


def of_group(request: Request) -> dict[str, Caption]:
    """Captions of the charts that replay bots."""
    drift, bots = request.drift, ", ".join(request.bots)
    runner = "favourite" if drift.favourite == 0 else f"runner ranked {drift.favourite + 1}"
    picked = "at the entry" if drift.pick_s is None else f"{drift.pick_s:g} s before the advertised start"
    return {
        "entry": Caption(
            "Whether there is a drift to trade and when to get in. Where long and short lose alike there is none: that loss is "
            "the spread. Joining the queue seems cheaper; the lower panels show how often it was matched at all.",
            f"The {runner} as it stands {picked}; £{drift.stake_pounds:g}; entry given up after {drift.wait_s:g} s; exit by "
            f"crossing {drift.exit_s:g} s before the advertised start; after commission; unmatched markets count as 0.",
            "Which point is best: with many times, two sides and two entries the highest is mostly luck. A queue is joined "
            "under the simulation's assumptions, the least certain part of it. It tends to be matched where the price comes to "
            "it, that is against it: the table's last two lines say what crossing earned where joining was matched and not.",
        ),
        "hour": Caption(
            "Mean profit a market of presets as they ship, by the hour of the advertised start. Each panel has its own scale.",
            f"{bots}: one replay a market, after commission and charges. In brackets: markets.",
            "Causes: an hour is also a country's evening, a kind of meeting, a few days. Few markets make wide bars.",
        ),
        "liquidity": Caption(
            "The same in thin and in busy markets: parts of equal size, from least to most money.",
            f"{bots}. Left: by the money matched {KNOWN_S:g} s before the first advertised start. Right: by all money before "
            "the off.",
            "The right panels are hindsight and no filter: a market that will be busy cannot be told beforehand. Stakes are "
            "the presets' own; in busy markets larger ones may fit.",
        ),
    }
