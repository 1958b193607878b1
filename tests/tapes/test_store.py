"""A store opens or says why not; its catalogue filters, its manifest names content, its writer survives being killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest
from made_tapes import made_tape

import simcore
from simcore import TapeStore
from simcore.errors import RecordingError
from simcore.tapes.catalogue import HINDSIGHT, SCHEMA
from simcore.tapes.tape import ARRAYS
from simcore.tapes.writer import StoreWriter

HORSES = {"eventTypeId": "7", "countryCode": "GB", "venue": "Fakenham", "marketTime": "2024-03-15T13:10:00.000Z"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    with StoreWriter(path) as writer:
        writer.add(made_tape("1.1"), tier="PRO", source="a.bz2")
        writer.add(made_tape("1.2", marketType="PLACE"), tier="ADVANCED", source="b.bz2")
        writer.add(made_tape("1.3", **HORSES), tier="SELF", source="c.bz2")
        writer.add(made_tape("1.4", messages=20), tier="SELF", source="d.bz2")
        writer.commit()
    return path


def ids(path: Path, **filters: object) -> list[str]:
    return list(TapeStore.open(path).markets(**filters)["market_id"])


def test_a_tape_comes_back_as_it_was_written(store: Path) -> None:
    written, read = made_tape("1.1"), TapeStore.open(store).tape("1.1")
    assert read.info == written.info
    for name in ARRAYS:
        assert (getattr(read, name) == getattr(written, name)).all()
        assert not getattr(read, name).flags.writeable


def test_tape_store_is_what_simcore_exports() -> None:
    assert simcore.TapeStore is TapeStore


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["1.1", "1.2", "1.3", "1.4"]),
        ({"sport": "greyhounds"}, ["1.1", "1.2", "1.4"]),
        ({"sport": "Horses"}, ["1.3"]),
        ({"sport": ["horses", "tennis"]}, ["1.3"]),
        ({"market_type": "PLACE"}, ["1.2"]),
        ({"country": "AU", "tier": "PRO"}, ["1.1"]),
        ({"venue": "fakenham"}, ["1.3"]),
        ({"date": "2024-03-15"}, ["1.3"]),
        ({"date": ("2022-01-01", "2022-12-31")}, ["1.1", "1.2", "1.4"]),
        ({"date_from": "2023-01-01"}, ["1.3"]),
        ({"hour_from": 8, "hour_to": 8}, ["1.1", "1.2", "1.4"]),
        ({"hour": (9, None)}, ["1.3"]),
        ({"replayable": True}, ["1.1", "1.2", "1.3"]),
        ({"replayable": False, "tier": None}, ["1.4"]),
        ({"min_messages": 50, "hindsight": True}, ["1.1", "1.2", "1.3"]),
        ({"min_volume_pounds": 10.01, "hindsight": True}, []),
        (
            {"max_volume_pounds": 10, "has_result": True, "hindsight": True, "min_runners": 1},
            ["1.1", "1.2", "1.3", "1.4"],
        ),
    ],
)
def test_the_catalogue_filters(store: Path, filters: dict[str, object], expected: list[str]) -> None:
    assert ids(store, **filters) == expected


def test_an_unknown_filter_is_named_and_refused(store: Path) -> None:
    with pytest.raises(RecordingError, match="filter 'colour' is unknown; choose a column"):
        ids(store, colour="red")


@pytest.mark.parametrize("column", ["min_volume_pounds", "actual_off_ms", "has_result", "max_gaps_last_15_minutes"])
def test_hindsight_is_refused_as_a_filter_unless_forced(store: Path, column: str) -> None:
    with pytest.raises(RecordingError, match="looks ahead"):
        ids(store, **{column: 1})


@pytest.mark.parametrize("value", ["noon", [1, "x"]])
def test_a_value_of_the_wrong_kind_is_named(store: Path, value: object) -> None:
    with pytest.raises(RecordingError, match="filter on 'hour' cannot be"):
        ids(store, hour=value)


def test_what_was_known_at_first_publication_is_not_hindsight() -> None:
    for column in ("advertised_off", "day", "hour", "runners", "venue", "sport", "market_type", "base_rate_percent"):
        assert column in SCHEMA.names
        assert column not in HINDSIGHT


def test_the_reason_says_why_a_market_is_not_replayable(store: Path) -> None:
    table = TapeStore.open(store).markets(replayable=False)
    assert list(table["reason"]) == ["only 20 messages, a market needs 50"]


def test_the_manifest_knows_content_and_nothing_else(store: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    with StoreWriter(other) as writer:
        for market_id, source in (("1.3", "z"), ("1.1", "y")):
            writer.add(made_tape(market_id, **(HORSES if market_id == "1.3" else {})), tier="SELF", source=source)
        writer.commit()
    one, two = TapeStore.open(store), TapeStore.open(other)
    assert one.manifest(["1.1", "1.3"]) == two.manifest(["1.3", "1.1"])
    assert one.manifest(["1.1"]) != one.manifest(["1.1", "1.3"])
    with StoreWriter(other) as writer:
        writer.add(made_tape("1.1", messages=90), tier="SELF", source="longer")
        writer.commit()
    assert TapeStore.open(other).manifest(["1.1", "1.3"]) != one.manifest(["1.1", "1.3"])


def test_a_market_that_is_not_there_is_named(store: Path) -> None:
    opened = TapeStore.open(store)
    with pytest.raises(RecordingError, match=r"market '1.9' is not in store .* `sweeps data list`"):
        opened.tape("1.9")
    with pytest.raises(RecordingError, match=r"market '1.9' is not in store"):
        opened.manifest(["1.1", "1.9"])


def test_a_market_is_kept_once_best_tier_then_most_messages_in_any_order(tmp_path: Path) -> None:
    copies = [("ADVANCED", 90, "levels"), ("SELF", 60, "short"), ("PRO", 70, "long"), ("SELF", 60, "short again")]
    for turn in range(len(copies)):
        path = tmp_path / str(turn)
        for tier, messages, source in copies[turn:] + copies[:turn]:
            with StoreWriter(path) as writer:
                writer.add(made_tape("1.1", messages=messages), tier=tier, source=source)
                writer.commit()
        (row,) = TapeStore.open(path).markets().to_dict("records")
        assert (row["source"], row["messages"]) == ("long", 70)
        assert row["other_copies"] == "levels; short; short again"
        assert len(list((path / "tapes").iterdir())) == 1


def test_a_store_that_is_missing_half_written_or_of_another_version_says_what_to_do(
    store: Path, tmp_path: Path
) -> None:
    with pytest.raises(RecordingError, match=r"there is no store at .* `sweeps data import SRC --store"):
        TapeStore.open(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RecordingError, match="is no store"):
        TapeStore.open(tmp_path / "folder")
    next((store / "tapes").iterdir()).unlink()
    with pytest.raises(RecordingError, match=r"half-written: tapes of its catalogue are missing \(1\)"):
        TapeStore.open(store)
    marker = store / "store.json"
    marker.write_text('{"furlong_store": 99}')
    with pytest.raises(RecordingError, match="is of version 99, this is 2"):
        TapeStore.open(store)
    marker.write_text("{")
    with pytest.raises(RecordingError, match=r"store.json of store .* cannot be read"):
        TapeStore.open(store)
    marker.unlink()
    with pytest.raises(RecordingError, match="half-written"):
        TapeStore.open(store)


def test_a_catalogue_that_is_damaged_is_no_traceback(store: Path) -> None:
    (store / "catalogue.parquet").write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(RecordingError, match=r"half-written: catalogue\.parquet cannot be read"):
        TapeStore.open(store)


def test_a_second_writer_is_refused_while_the_first_writes(store: Path) -> None:
    with StoreWriter(store), pytest.raises(RecordingError, match="is being written by another import"):
        StoreWriter(store)
    StoreWriter(store).close()


def test_a_folder_of_something_else_is_never_written_into(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(RecordingError, match="neither a store nor an empty folder"):
        StoreWriter(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


def test_an_unknown_column_or_tier_is_refused(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "s") as writer:
        with pytest.raises(RecordingError, match="column 'colour' is unknown"):
            writer.add(made_tape(), colour="red")
        with pytest.raises(RecordingError, match="`tier` must be one of"):
            writer.add(made_tape(), tier="GOLD")


def _add_and_die(path: Path) -> None:
    writer = StoreWriter(path)
    writer.add(made_tape("1.8"), tier="SELF", source="h")
    writer.add(made_tape("1.9"), tier="SELF", source="i")
    with (path / "pending.jsonl").open("ab") as journal:
        journal.write(b'{"market_id": "torn')
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_writer_leaves_the_store_as_before_and_the_next_takes_up_what_it_finished(store: Path) -> None:
    before = TapeStore.open(store).markets()
    child = multiprocessing.get_context("forkserver").Process(target=_add_and_die, args=(store,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert TapeStore.open(store).markets().equals(before)
    with StoreWriter(store) as writer:
        writer.commit()
    assert ids(store) == ["1.1", "1.2", "1.3", "1.4", "1.8", "1.9"]
    assert not (store / "pending.jsonl").exists()
    assert TapeStore.open(store).row("1.8")["advertised_off"] == TapeStore.open(store).row("1.1")["advertised_off"]


def test_a_writer_forgets_what_it_lost_so_that_it_is_imported_again(store: Path) -> None:
    with StoreWriter(store) as writer:
        writer.record_source("abc", {"markets": [{"market_id": "1.1"}]})
        writer.record_source("def", {"markets": [{"market_id": "1.2"}]})
    (store / "tapes" / str(TapeStore.open(store).row("1.1")["tape"])).unlink()
    with StoreWriter(store) as writer:
        assert writer.known_sources() == {"def"}
        writer.commit()
    assert ids(store) == ["1.2", "1.3", "1.4"]


def test_reports_of_refused_sources_do_not_make_them_known(store: Path) -> None:
    with StoreWriter(store) as writer:
        writer.record_source("abc", {"why": "basic"}, refused=True)
        assert "abc" not in writer.known_sources()
        assert json.loads((store / "imports" / "abc.refused.json").read_text()) == {"why": "basic"}
        writer.record_source("abc", {"markets": []})
        assert "abc" in writer.known_sources()
        assert not (store / "imports" / "abc.refused.json").exists()
