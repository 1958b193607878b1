"""A live bot and the simulator are one: the same views of the same record, and the same offers for the same view."""

from __future__ import annotations

import bz2
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcore.engine import warm
from simcore.strategies import resolve_core
from simcore.strategies.view import OFFER_PENCE, OFFER_SIDE, OFFER_TICK, View, new_offers
from simcore.units import odds_of
from sweeps.live.market import changes_by_market, messages_of
from sweeps.live.paper import Offer, PaperBot
from sweeps.output import NOBODY_READS
from tests.commands import unread
from tests.live.conftest import NO_DELAYS, MakeExport
from tests.live.stream import FAVOURITE, OUTSIDER, definition, ladder, message, opening

GREYHOUNDS = "betfair-down-under__autoHubTutorials__1.195395419.bz2"
HORSES = "lorenzo-stoakes__janus__1.170462895.mcm.bz2"
REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = str(REPOSITORY / "examples" / "paper_bot.py")


def compiled_offers(name: str, view: View, vector: Any) -> list[Offer]:
    """What the core as the simulator runs it wants for a view."""
    offers = new_offers()
    resolve_core(name).function(view, vector, offers)
    rows = offers.rows[: offers.n[0]].tolist()
    return [(row[OFFER_SIDE], row[OFFER_TICK], row[OFFER_PENCE]) for row in rows]


class Watched(PaperBot):
    """A paper bot that keeps every view it asks its core about, and what the core wanted."""

    def watch(self) -> None:
        self.asked: list[tuple[View, list[Offer]]] = []
        ask = self.asker

        def asking(view: View) -> list[Offer]:
            wanted = ask(view)
            self.asked.append((View(*(part.copy() for part in view)), wanted))
            return wanted

        asking.parameters = ask.parameters  # type: ignore[attr-defined]
        self.asker = asking  # type: ignore[assignment]


def play(bot: Watched, path: Path) -> Watched:
    bot.watch()
    for sent in messages_of(path):
        changes = changes_by_market(sent).get(bot.market.market_id)
        if changes:
            bot.receive(changes, sent.pt or 0)
    return bot


CASES = {
    "daf": ("daf", "long", {}, GREYHOUNDS, "1.195395419"),
    "daf crossing short": ("daf", "short-cross", {"pick_s": 600.0, "entry_start_s": 600.0}, HORSES, "1.170462895"),
    "caf v2": ("caf", "v2", {}, HORSES, "1.170462895"),
}


@pytest.mark.parametrize("case", CASES)
def test_compiled_and_uncompiled_cores_want_the_same_at_every_view_of_a_recording(
    case: str, make_export: MakeExport, recordings: Path
) -> None:
    name, preset, values, file, market_id = CASES[case]
    warm(name)
    export = make_export(name, preset, values, poll_ms=0)
    bot = play(Watched(export, market_id), recordings / "recordings" / file)
    vector = bot.asker.parameters.vector()
    assert len(bot.asked) > 50
    assert any(wanted for _, wanted in bot.asked)
    for view, wanted in bot.asked:
        assert compiled_offers(name, view, vector) == wanted


def test_compiled_and_uncompiled_cores_want_the_same_on_a_synthetic_market(make_export: MakeExport) -> None:
    warm("caf")
    bot = Watched(make_export("caf", "v2", delays=NO_DELAYS, poll_ms=0), "1.1")
    bot.watch()
    rng = np.random.default_rng(1)
    stream = [opening(700)]
    for second in range(600, 30, -1):
        best, spread = int(rng.integers(95, 110)), int(rng.integers(1, 5))
        sizes = rng.integers(2, 200, size=4).tolist()
        atb = [[odds_of(best - i), sizes[i]] for i in range(2)]
        atl = [[odds_of(best + spread + i), sizes[2 + i]] for i in range(2)]
        stream.append(message(second, ladder(FAVOURITE, atb, atl), ladder(OUTSIDER, [[3.0, 50]], []), img=True))
    stream.append(message(-5, marketDefinition=definition(in_play=True)))
    for sent in stream:
        bot.receive(sent.mc or [], sent.pt or 0)
    assert len(bot.asked) > 300
    vector = bot.asker.parameters.vector()
    for view, wanted in bot.asked:
        assert compiled_offers("caf", view, vector) == wanted


def simulator_views(path: Path, market_id: str, values: dict[str, float]) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.live.spied_replay", str(path), market_id, json.dumps(values)]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_bot_sees_what_the_simulator_shows_while_it_has_no_orders(
    make_export: MakeExport, recordings: Path
) -> None:
    path = recordings / "recordings" / GREYHOUNDS
    values = {"pick_s": 90.0, "entry_start_s": 60.0, "entry_end_s": 30.0, "exit_s": 29.0}
    shown = simulator_views(path, "1.195395419", values)
    bot = Watched(make_export("daf", None, values, delays=NO_DELAYS, poll_ms=0), "1.195395419")
    bot._reconcile = lambda wanted: []  # type: ignore[method-assign]
    play(bot, path)
    seen = [view for view, _ in bot.asked]
    assert len(seen) == len(shown) > 300
    for ours, theirs in zip(seen, shown, strict=True):
        assert ours.clock.tolist() == theirs["clock"]
        assert ours.slots.tolist() == theirs["slots"]
        assert ours.touch.tolist() == theirs["touch"]


def test_the_example_prints_what_it_would_do_on_a_recording(
    make_export: MakeExport, recordings: Path, tmp_path: Path
) -> None:
    from sweeps.export.files import seal, write

    write(seal(make_export("daf", "long")), tmp_path / "best.json")
    packed = (recordings / "recordings" / GREYHOUNDS).read_bytes()
    (tmp_path / "race").write_bytes(bz2.decompress(packed))
    done = example(str(tmp_path / "best.json"), str(tmp_path / "race"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "daf of sweep test, trial 0"
    assert any("pick" in line for line in lines)
    assert any("place" in line and "BACK £5.00" in line for line in lines)
    assert "if the runner wins" in lines[-1]
    told = unread(sys.executable, EXAMPLE, str(tmp_path / "best.json"), str(tmp_path / "race"), cwd=tmp_path)
    assert told == (NOBODY_READS, ""), "it ends as quietly where its reader has gone"


def test_the_example_refuses_a_changed_export_in_one_sentence(make_export: MakeExport, tmp_path: Path) -> None:
    from sweeps.export.files import write

    write(make_export("daf", "long"), tmp_path / "best.json")
    done = example(str(tmp_path / "best.json"), "race")
    assert done.returncode == 1
    assert "was changed after it was exported" in done.stderr
    assert "Traceback" not in done.stderr


def example(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, EXAMPLE, *arguments], capture_output=True, text=True, check=False)
