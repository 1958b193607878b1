"""`sweeps data synth`: the same bytes for any number of workers, one sentence for bad input, nothing written then."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import sweeps.app.synth as app
from simcore.errors import ModelError
from simcore.streams import compile_stream
from simcore.tapes.facts import content_hash
from simcore.tapes.store import TapeStore
from sweeps.app.synth import SynthRequest, make_markets
from sweeps.cli.synth import figures, synth
from sweeps.errors import ConfigError


def quietly(done: int, total: int) -> None:
    assert done <= total


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture(scope="module")
def request_of(tmp_path_factory: pytest.TempPathFactory) -> SynthRequest:
    folder = tmp_path_factory.mktemp("synth")
    request = SynthRequest("greyhounds", 9, 3, 7, folder / "store", folder / "files")
    report = make_markets(request, 1, quietly)
    assert (len(report.made), report.known, report.interrupted) == (9, 0, False)
    return request


def test_two_workers_write_the_same_bytes_as_one(request_of: SynthRequest, tmp_path: Path) -> None:
    other = SynthRequest("greyhounds", 9, 3, 7, tmp_path / "store", tmp_path / "files")
    make_markets(other, 2, quietly)
    assert content(tmp_path / "store") == content(request_of.store)
    assert request_of.stream_files is not None
    assert content(tmp_path / "files") == content(request_of.stream_files)


def test_the_catalogue_says_synthetic_and_spreads_the_markets_over_the_days(request_of: SynthRequest) -> None:
    table = TapeStore.open(request_of.store).markets()
    assert set(table["tier"]) == {"SYNTHETIC"}
    assert table["replayable"].all()
    assert table["market_id"].is_unique
    assert sorted(table.groupby("day").size()) == [3, 3, 3]
    assert table["day"].min() == "2025-03-03"
    assert set(table["sport"]) == {"greyhounds"}


def test_stream_files_import_to_the_tapes_of_the_store(request_of: SynthRequest) -> None:
    assert request_of.stream_files is not None
    store = TapeStore.open(request_of.store)
    for path in sorted(request_of.stream_files.rglob("*.bz2"))[:2]:
        [tape] = compile_stream(path)
        assert content_hash(tape) == content_hash(store.tape(tape.market_id))


def test_what_is_there_is_not_made_again_and_other_markets_under_its_ids_are_refused(request_of: SynthRequest) -> None:
    again = make_markets(request_of, 1, quietly)
    assert (again.made, again.known) == ([], 9)
    other = SynthRequest("greyhounds", 10, 2, 7, request_of.store)
    with pytest.raises(ConfigError, match=r"already in .*; take another `--seed`"):
        make_markets(other, 1, quietly)


def test_interrupted_it_keeps_what_was_made_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = SynthRequest("greyhounds", 9, 1, 8, tmp_path / "store")
    honest, calls = app._make_chunk, []

    def interrupted(races: list[app.Race], request: SynthRequest) -> list[app.Row]:
        calls.append(len(races))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return honest(races, request)

    monkeypatch.setattr(app, "_make_chunk", interrupted)
    first = make_markets(request, 1, quietly)
    assert first.interrupted
    assert len(first.made) == len(TapeStore.open(request.store)) == app.CHUNK
    second = make_markets(request, 1, quietly)
    assert (len(second.made), second.known) == (9 - app.CHUNK, app.CHUNK)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"--sport": "camels"}, "`sport` must be one of greyhounds, horses, got 'camels'"),
        ({"--markets": "0"}, "`markets` must be within 1..100000, got 0"),
        ({"--days": "9"}, "`days` must not be more than the 4 markets of greyhounds, got 9"),
        ({"--seed": "-1"}, "`seed` must be within 0..99999, got -1"),
        ({"--markets": "900"}, "`markets` a day must be at most 192, got 900; ask for more days"),
        ({"--report": "absent/page.html"}, "the folder of the page 'absent/page.html' does not exist"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(tmp_path: Path, options: dict[str, str], sentence: str) -> None:
    values = {"--sport": "greyhounds", "--markets": "4", "--store": str(tmp_path / "store")} | options
    arguments = [word for pair in values.items() for word in pair]
    result = CliRunner().invoke(synth, arguments)
    assert isinstance(result.exception, ModelError | ConfigError)
    assert sentence in str(result.exception)
    assert not (tmp_path / "store").exists()


def test_the_report_sets_the_store_beside_the_measured_figures(request_of: SynthRequest, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    arguments = ["--store", str(request_of.store), "--against", "greyhounds", "--most", "3", "--out", str(page)]
    result = CliRunner().invoke(figures, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    text = page.read_text()
    assert "Greyhound / WIN / GB" in text
    assert text.count("<tr>") > 50
    assert 'class="close"' in text


def test_the_report_refuses_a_group_that_was_not_measured(request_of: SynthRequest, tmp_path: Path) -> None:
    arguments = ["--store", str(request_of.store), "--against", "cats", "--out", str(tmp_path / "page.html")]
    result = CliRunner().invoke(figures, arguments)
    assert "`--against` must be one of greyhounds" in str(result.exception)
    assert not (tmp_path / "page.html").exists()
