"""A tape's file gives back every array as it was, in whatever width its columns lie; what it could not is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from made_tapes import made_tape

from simcore import dtypes
from simcore.errors import RecordingError
from simcore.tapes.packing import MOST_NARROW_RUNNERS, pack
from simcore.tapes.tape import ARRAYS, MarketInfo, RunnerInfo, Tape, read_tape, write_tape
from simcore.units import N_TICKS

LARGEST_SIZE, DAY_MS = 2**31 - 2, 86_400_000


def drawn_tape(rng: np.random.Generator, *, runners: int, messages: int, longest_ms: int, most_rows: int) -> Tape:
    """Any values the ranges of `simcore.dtypes` allow, the least and the most of each among them."""
    ends = np.concatenate([[0], np.cumsum(rng.integers(1, most_rows, messages, endpoint=True))])
    rows = int(ends[-1])

    def column(least: int, most: int, dtype: Any) -> np.ndarray[Any, Any]:
        values = rng.integers(least, most, rows, endpoint=True).astype(dtype)
        values[: min(rows, 2)] = (least, most)[: min(rows, 2)]
        return values

    steps = rng.integers(0, longest_ms, messages, endpoint=True)
    steps[1:2] = longest_ms
    return Tape(
        info=MarketInfo(market_id="1.1", runners=tuple(RunnerInfo(number) for number in range(runners))),
        message_ms=1_600_000_000_000 + np.cumsum(steps),
        message_row=ends.astype(np.int64),
        kind=column(0, dtypes.N_KINDS - 1, np.uint8),
        book=column(0, dtypes.NO_BOOK, np.uint8),
        runner=column(-1, runners - 1, np.int16),
        tick=column(-1, N_TICKS - 1, np.int16),
        size=column(0, LARGEST_SIZE, np.int32),
        start_ms=np.array([1_600_000_000_000], np.int64),
    )


def assert_comes_back(tape: Tape, path: Path) -> None:
    write_tape(tape, path)
    read = read_tape(path)
    assert read.info == tape.info
    for name in ARRAYS:
        was, now = getattr(tape, name), getattr(read, name)
        assert now.dtype == was.dtype, name
        assert np.array_equal(now, was), name
        assert now.flags.c_contiguous, name
        assert not now.flags.writeable, name


@pytest.mark.parametrize("runners", [1, MOST_NARROW_RUNNERS, MOST_NARROW_RUNNERS + 1, 2000])
@pytest.mark.parametrize("longest_ms", [0, 2**15 - 1, 2**15, 30 * DAY_MS])
@pytest.mark.parametrize(("messages", "most_rows"), [(1, 1), (40, 3), (3, 40_000)])
def test_every_array_comes_back_in_any_width(
    tmp_path: Path, runners: int, longest_ms: int, messages: int, most_rows: int
) -> None:
    rng = np.random.default_rng(runners + longest_ms + messages)
    tape = drawn_tape(rng, runners=runners, messages=messages, longest_ms=longest_ms, most_rows=most_rows)
    assert_comes_back(tape, tmp_path / "tape.arrow")


def test_a_tape_without_a_message_comes_back(tmp_path: Path) -> None:
    tape = drawn_tape(np.random.default_rng(0), runners=1, messages=0, longest_ms=0, most_rows=1)
    assert_comes_back(replace(tape, start_ms=np.array([], np.int64)), tmp_path / "tape.arrow")


def test_arrays_that_are_parts_of_others_come_back(tmp_path: Path) -> None:
    tape = made_tape()
    every_other = np.repeat(tape.size, 2)[::2]
    assert not every_other.flags.c_contiguous
    assert_comes_back(replace(tape, size=every_other), tmp_path / "tape.arrow")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("kind", dtypes.N_KINDS, "`kind` of tape 1.1 must be from 0 to 18, got 0 to 19"),
        ("book", 3, "`book` of tape 1.1 must be from 0 to 2"),
        ("runner", 1, "`runner` of tape 1.1 must be from -1 to 0"),
        ("tick", N_TICKS, "`tick` of tape 1.1 must be from -1 to 349"),
        ("message_row", 1, "`message_row` of tape 1.1 must begin with 0"),
    ],
)
def test_what_no_file_could_give_back_is_refused_and_nothing_written(
    tmp_path: Path, name: str, value: int, told: str
) -> None:
    tape = made_tape()
    values = getattr(tape, name).copy()
    values[0] = value
    with pytest.raises(RecordingError, match=told):
        write_tape(replace(tape, **{name: values}), tmp_path / "tape.arrow")
    assert not list(tmp_path.iterdir())


def test_steps_are_as_narrow_as_they_can_be() -> None:
    rng = np.random.default_rng(1)
    for longest_ms, width in ((0, np.int16), (2**15, np.int32), (30 * DAY_MS, np.int64)):
        packed = pack(drawn_tape(rng, runners=1, messages=9, longest_ms=longest_ms, most_rows=2))
        assert packed["ms_step"].dtype == width
        assert packed["row_step"].dtype == np.int16


def test_a_tape_of_another_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "1.1.arrow"
    batch = pa.record_batch({"info": pa.array(["{}"])}, metadata={"furlong_tape": "1"})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    with pytest.raises(
        RecordingError, match=r"^tape 1\.1\.arrow is not of version 2; import its market into a new store$"
    ):
        read_tape(path)
