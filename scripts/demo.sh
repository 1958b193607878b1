#!/bin/sh
# The whole loop on synthetic markets, as the commands a trader would type. Everything lands in furlong-data/demo.
# Run again, it goes on where it was: markets that are there stay, a finished sweep is shown and not run again.
set -eu
cd "$(dirname "$0")/.."
export FURLONG_HOME="${FURLONG_HOME:-furlong-data/demo}"
began=$(date +%s)
recordings=$FURLONG_HOME/recordings
store=$FURLONG_HOME/markets

trap 'code=$?; [ $code = 0 ] || echo "demo: stopped; if the code changed since the last demo: rm -r $FURLONG_HOME, then make demo" >&2' EXIT

title() { printf '\n== %s ==\n' "$*"; }
sweeps() {
    printf '\n$ sweeps %s\n' "$*"
    .venv/bin/sweeps "$@"
}

title "1. Markets: a synthetic exchange writes stream files, as a recorder would"
sweeps data synth --sport greyhounds --markets 30 --days 3 --seed 7 --store "$FURLONG_HOME/synthetic" --stream-files "$recordings"
sweeps data synth --sport horses --markets 8 --days 2 --seed 7 --store "$FURLONG_HOME/synthetic" --stream-files "$recordings"

title "2. Import the stream files, as you would your own"
sweeps data import "$recordings" --store "$store"
sweeps data list --store "$store" --sport greyhounds --limit 8

title "3. Sweep both bots"
sweeps run configs/daf-greyhounds.yaml --store "$store" --set search.trials=20 --name demo-daf-greyhounds
sweeps run configs/caf-horses.yaml --store "$store" --set search.trials=12 --name demo-caf-horses
sweeps list

title "4. Export the best configurations"
sweeps export demo-daf-greyhounds --out "$FURLONG_HOME/demo-daf-greyhounds.json"
sweeps export demo-caf-horses --out "$FURLONG_HOME/demo-caf-horses.json"

title "5. The exported file replays to the same profit"
sweeps replay --config "$FURLONG_HOME/demo-daf-greyhounds.json" --store "$store"

cat <<NEXT

The demo took $(($(date +%s) - began)) s. Prices of these markets drift nowhere by construction, and the best of a few trials on a few
markets proves nothing: this shows the machinery, not a way to win.

== What to look at next ==
  make ui                      both sweeps in MLflow: trials, charts, the report with its capacity curve
  $FURLONG_HOME/demo-daf-greyhounds.json
                               what a live bot reads; docs/export.md explains it
  FURLONG_HOME=$FURLONG_HOME .venv/bin/sweeps show demo-caf-horses
  .venv/bin/sweeps data study --store $store --out $FURLONG_HOME/study.html
                               volume, spread, imbalance, entry times, profit by hour and liquidity
  .venv/bin/sweeps data import YOUR-RECORDINGS --store furlong-data/markets
  .venv/bin/sweeps run configs/daf-greyhounds.yaml --store furlong-data/markets --name first
  docs/index.md                import, sweep configs, the simulator and its limits, MLflow pages, export schema
NEXT
