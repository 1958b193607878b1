"""A bot on paper: reads an export and plays a recording to the very core the sweep tuned, message by message.

    python examples/paper_bot.py best.json RECORDING

It prints what it would place and cancel, and what it would hold at the end. A real bot differs in two places only: messages
come from the exchange's stream instead of a file, and `place` and `cancel` are sent instead of printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# A bot has no need of the compiler: the core runs as the Python it is written in, and a debugger can step through it.
os.environ.setdefault("NUMBA_DISABLE_JIT", "1")

import sweeps.export
from simcore.errors import SimcoreError
from sweeps.errors import SweepError
from sweeps.live.market import changes_by_market, messages_of
from sweeps.live.paper import PaperBot
from sweeps.output import while_somebody_reads


def main(config: str, recording: str) -> None:
    export = sweeps.export.load(config)
    print(f"{export.strategy.core} of sweep {export.provenance.sweep}, trial {export.provenance.trial}")
    bots: dict[str, PaperBot] = {}
    for message in messages_of(Path(recording)):
        for market_id, changes in changes_by_market(message).items():
            bot = bots.setdefault(market_id, PaperBot(export, market_id))
            for event in bot.receive(changes, message.pt or 0):
                print(market_id, event)
    for market_id, bot in bots.items():
        win, lose = bot.profit_pounds()
        print(f"{market_id} holds £{win:.2f} if the runner wins, £{lose:.2f} if it does not, before commission")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python examples/paper_bot.py EXPORT.json RECORDING")
    try:
        with while_somebody_reads():
            main(*sys.argv[1:])
    except (SimcoreError, SweepError) as error:
        sys.exit(f"paper_bot: {error}")
