"""The contract of a core: the shipped cores and the worked example keep it, and each way of breaking it is caught."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import numba
import pytest
from click.testing import CliRunner

from simcore import dtypes as d
from simcore.errors import ModelError
from simcore.strategies import CORES, resolve_core
from simcore.strategies.contract import PROMISES, CoreContract, breaches_of
from simcore.strategies.contract.practice import practice_tape, prefix_of
from simcore.strategies.daf import Daf
from simcore.streams import compile_stream
from simcore.tapes.store import TapeStore
from sweeps.cli import cli
from sweeps.errors import ConfigError
from tests.strategies import broken_cores
from tests.sweeps.small_markets import make_store

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class TestCaf(CoreContract):
    core = "caf"


class TestDaf(CoreContract):
    core = "daf"


TestWorkedExample = runpy.run_path(str(EXAMPLES / "test_own_core.py"))["TestPatient"]


def test_the_core_the_broken_ones_are_made_of_keeps_every_promise(tmp_path: Path) -> None:
    assert breaches_of(broken_cores.write(tmp_path)) == []


@pytest.mark.parametrize("name", broken_cores.BROKEN)
def test_a_broken_core_is_caught_in_one_sentence_that_says_what_to_do(name: str, tmp_path: Path) -> None:
    told = broken_cores.BROKEN[name]
    breaches = breaches_of(broken_cores.write(tmp_path, name))
    (sentence,) = [breach.sentence for breach in breaches if breach.promise == told.promise]
    assert re.search(told.words, sentence)
    for breach in breaches:
        assert "\n" not in breach.sentence
        assert re.search(r"; \w+", breach.sentence)


def test_compiled_code_is_not_judged_where_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    (breach,) = breaches_of("daf")
    assert "unset it" in breach.sentence


def test_a_core_with_a_memory_is_caught(tmp_path: Path) -> None:
    """Only uncompiled can a core remember: numba takes a list of the module for a constant."""
    path = tmp_path / "mine.py"
    path.write_text(
        broken_cores.SOUND.replace("@kernel\n", "").replace(
            "stake = int(parameters[0])", "ASKED[0] += 1\n    stake = int(parameters[0]) + ASKED[0]"
        )
    )
    broken = {breach.promise: breach.sentence for breach in breaches_of(f"{path}:MINE")}
    assert set(broken) == {"compiles", "it_keeps_nothing"}
    assert "keep nothing between calls" in broken["it_keeps_nothing"]


def test_every_promise_is_broken_by_some_core_here() -> None:
    assert {told.promise for told in broken_cores.BROKEN.values()} == set(PROMISES)


def test_every_promise_is_a_test_of_the_contract_class(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(CoreContract, "_keeps", lambda self, promise: asked.append(promise))
    for name in dir(CoreContract):
        if name.startswith("test_"):
            getattr(CoreContract(), name)()
    assert sorted(asked) == sorted(PROMISES)


def test_a_contract_without_a_core_says_so() -> None:
    class Nameless(CoreContract):
        pass

    with pytest.raises(ModelError, match="must name its `core`"):
        Nameless().test_it_compiles()


@pytest.mark.parametrize("core", CORES)
def test_the_shipped_cores_keep_every_promise_on_a_real_recording_too(core: str, recordings: Path) -> None:
    (tape,) = compile_stream(recordings / "recordings" / "betfair-down-under__autoHubTutorials__1.195395445.bz2")
    assert breaches_of(core, [tape]) == []


def test_the_practice_market_never_crosses_and_its_prefix_is_its_beginning() -> None:
    tape = practice_tape(resolve_core("caf").make())
    deepest = 0
    for _, books in tape.books():
        assert (books >= 0).all()
        for runner in books:
            back, lay = runner[0].nonzero()[0], runner[1].nonzero()[0]
            assert not len(back) or not len(lay) or back.max() < lay.min()
        deepest = max(deepest, int((books > 0).sum()))
    assert deepest > 40
    part = prefix_of(tape, 100)
    assert [int(books.sum()) for _, books in part.books()] == [
        int(books.sum()) for (_, books), _ in zip(tape.books(), range(100), strict=False)
    ]


def test_a_core_that_trades_in_play_practises_in_play() -> None:
    class InPlay(Daf, frozen=True):
        def trades_in_play(self) -> bool:
            return True

    assert (practice_tape(InPlay()).kind == d.IN_PLAY).sum() == 1
    assert (practice_tape(Daf()).kind == d.IN_PLAY).sum() == 0


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["core", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_lists_what_is_kept(tmp_path: Path) -> None:
    code, out, err = run("check", broken_cores.write(tmp_path))
    assert (code, err) == (0, "")
    assert out.count("kept") == len(PROMISES)


def test_the_command_says_each_breach_in_one_line_and_ends_with_2(tmp_path: Path) -> None:
    code, out, err = run("check", broken_cores.write(tmp_path, "a preset outside its own limits"))
    assert code == 2
    assert out.count("broken") == 1
    assert len(err.splitlines()) == 1
    assert "preset 'large' is refused" in err
    code, out, _ = run("check", broken_cores.write(tmp_path, "nothing at all"), "--json")
    assert code == 2
    assert [breach["promise"] for breach in json.loads(out)["breaches"]] == ["it_wants_something"]


def test_the_command_takes_markets_of_a_store(tmp_path: Path) -> None:
    store = make_store(tmp_path / "tapes")
    market = str(TapeStore.open(store).markets()["market_id"].iloc[0])
    code, out, err = run("check", "daf", "--store", str(store), "--market", market, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["markets"] == [market]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "gone.py:MINE"], "does not exist"),
        (["check", "nobody"], "is unknown"),
        (["check", "daf", "--market", "1.2"], "needs the --store"),
    ],
)
def test_a_core_or_a_store_that_is_not_there_is_named(arguments: list[str], words: str) -> None:
    with pytest.raises((ModelError, ConfigError), match=words):
        cli.main(["core", *arguments], standalone_mode=False)


def test_the_shipped_cores_are_listed_with_their_presets() -> None:
    code, out, _ = run("list")
    assert code == 0
    assert "hammertime" in out
    assert "short-cross" in out
