"""The articles' findings put to the test: what a verdict means, the command on a tiny sample, and the page in the docs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.findings import running
from benchmarks.findings.__main__ import main
from benchmarks.findings.claims import ABOUT, CLAIMS, CONFIGURATIONS, Claim, examine

DOCS = Path(__file__).parents[2] / "docs" / "findings.md"
LESS = Claim("b loses less than a", "", "profit", "b", +1, "a")
MANY = Claim("a's position is many times the offer", "", "position", "a", +1, beyond=5.0)


def found(a: np.ndarray, b: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    return {"a": {"profit": a, "position": a}, "b": {"profit": b, "position": b}}


def test_a_difference_hidden_in_luck_both_share_is_found_market_by_market() -> None:
    draw = np.random.default_rng(1)
    luck = draw.normal(-1.0, 20.0, 300)
    better = luck + draw.normal(0.2, 0.5, 300)
    markets = [str(i) for i in range(300)]
    one = examine(LESS, found(luck, better), markets)
    assert one.verdict == "yes"
    assert one.low < 0.2 < one.high
    assert examine(LESS, found(better, luck), markets).verdict == "no"
    assert examine(LESS, found(luck, draw.permutation(better)), markets).verdict == "undecided"


def test_a_claim_about_a_number_is_judged_by_its_distance_from_it() -> None:
    markets = [str(i) for i in range(50)]
    position = np.random.default_rng(2).normal(7.0, 2.0, 50)
    assert examine(MANY, found(position, position), markets).verdict == "yes"
    assert examine(MANY, found(position - 4, position), markets).verdict == "no"
    assert examine(MANY, found(position - 2, position), markets).verdict == "undecided"


def test_three_good_days_are_not_thirty_good_markets() -> None:
    better = np.repeat([0.6, 0.6, -0.3], 10)
    days = np.repeat(["mon", "tue", "wed"], 10).tolist()
    assert examine(LESS, found(np.zeros(30), better), [str(i) for i in range(30)]).verdict == "yes"
    assert examine(LESS, found(np.zeros(30), better), days).verdict == "undecided"


def test_claims_speak_of_configurations_that_are_replayed_and_explained() -> None:
    named = {claim.of for claim in CLAIMS} | {claim.against for claim in CLAIMS if claim.against}
    assert named <= set(CONFIGURATIONS)
    assert set(ABOUT) == set(CONFIGURATIONS)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options of a run on three markets of each sport; what one test finished the next finds there."""
    return ["--markets", "3", "--home", str(tmp_path_factory.mktemp("findings")), "--workers", "1"]


def test_the_command_writes_the_page_keeps_what_was_replayed_and_goes_on_from_it(
    tiny: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*tiny, "--no-recordings"]
    assert main([*command, "--out", str(tmp_path / "first.md")]) == 0
    assert "6 markets" in capsys.readouterr().out
    monkeypatch.setattr(running, "replay_batch", None)  # nothing is replayed twice
    assert main([*command, "--out", str(tmp_path / "again.md")]) == 0
    text = (tmp_path / "first.md").read_text()
    assert (tmp_path / "again.md").read_text() == text
    assert "| synthetic greyhounds | 3 | markets (seed 2017) | " in text
    for claim in CLAIMS:
        assert re.search(rf"^\| {re.escape(claim.says)} \|.*\[.*\].*\[.*\] \|$", text, re.MULTILINE)


def test_real_markets_are_resampled_by_day(tiny: list[str], tmp_path: Path, recordings: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name in ("KelvinVail__Betfair__MarketStream.txt.bz2", "betfair-down-under__autoHubTutorials__1.195453609.bz2"):
        (folder / name).symlink_to(recordings / "recordings" / name)
    assert main([*tiny, "--recordings", str(folder), "--out", str(tmp_path / "page.md")]) == 0
    text = (tmp_path / "page.md").read_text()
    assert "| real horses | 1 | 1 UTC days | " in text
    assert "| real greyhounds | 1 | 1 UTC days | " in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--recordings", "nowhere"], "there are no recordings at 'nowhere'"),
        (["--no-recordings", "--simulation", "rosy"], "simulation preset 'rosy' is unknown"),
        (["--no-recordings", "--markets", "0"], "must be at least 1"),
        (["--no-recordings", "--out", "nowhere/page.md"], "name a file in a folder that exists"),
    ],
)
def test_a_mistake_ends_in_one_sentence_and_nothing_is_written(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--home", "home", "--out", "page.md", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("findings: ")
    assert said in error
    assert "\n" not in error
    assert list(tmp_path.iterdir()) == []


def test_the_docs_answer_every_claim_on_a_thousand_synthetic_markets_and_on_real_horses() -> None:
    text = DOCS.read_text()
    markets = {name: int(count) for name, count in re.findall(r"^\| (\w+ \w+) \| (\d+) \|", text, re.MULTILINE)}
    assert sum(count for name, count in markets.items() if name.startswith("synthetic")) >= 1000
    assert markets["real horses"] >= 20
    for claim in CLAIMS:
        assert text.count(claim.says) >= 2, "once among the answers, once with its numbers"
