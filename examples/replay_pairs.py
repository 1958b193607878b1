"""Every pair of a store, one configuration of the arbitrage: was there anything to take, and what was left of it?

python examples/replay_pairs.py STORE [PRESET] [KEY=VALUE …]
python examples/replay_pairs.py store both-join least_edge_percent=0.5
"""

from __future__ import annotations

import json
import sys

import simcore
from simcore.strategies.arb import ARB
from simcore.tapes.pairs import pairs
from sweeps.output import while_somebody_reads


def main(path: str, preset: str = "both", *overrides: str) -> None:
    """Print one line a pair, and their sum."""
    values = {key: json.loads(value) for key, value in (override.split("=", 1) for override in overrides)}
    store = simcore.TapeStore.open(path)
    print("first        second       types                     orders  matched £   profit £  residual £")
    total, replayed = 0, pairs(store)
    for pair in replayed.to_dict("records"):
        # the runners of a PLACE market share their parts, so that one of them is traded
        runners = "favourite" if pair["whole_type"] == "PLACE" else "every"
        parameters = ARB.make(preset, {"runners": runners} | values)
        result = simcore.replay_pair((store.tape(pair["whole"]), store.tape(pair["parts"])), ARB, parameters)
        orders = result.first.places + result.second.places
        matched = (result.first.turnover_pence + result.second.turnover_pence) / 100
        types = f"{pair['whole_type']} × {pair['parts_type']}"
        told = f"{orders:6d} {matched:10.2f} {result.pnl_pence / 100:10.2f} {result.residual_pence / 100:11.2f}"
        print(f"{pair['whole']:12s} {pair['parts']:12s} {types:25s} {told}")
        total += result.pnl_pence
    print(f"{len(replayed)} pairs, profit £{total / 100:.2f}")


if __name__ == "__main__":
    with while_somebody_reads():
        main(*sys.argv[1:])
