"""Whatever a recorder did to the lines, and whatever packed them, the messages come out; what does not is named."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from made_streams import line, opening

from simcore.errors import RecordingError
from simcore.streams import StreamFile, compile_lines, compile_source, compile_stream, find_sources
from simcore.tapes.facts import content_hash

BOOK = {"id": 11, "atb": [[2.0, 100]], "atl": [[2.02, 80]]}
LINES = [opening(BOOK), *(line(n, {"id": 11, "atb": [[2.0, 100 - n]]}) for n in range(1, 400))]
TEXT = "\n".join(LINES).encode() + b"\n"


def read(content: bytes, name: str = "file") -> StreamFile:
    (file,) = compile_source(name, content)
    return file


@pytest.fixture(scope="module")
def plain_hash() -> str:
    return content_hash(read(TEXT).markets[0].tape)


def zipped(content: bytes, name: str = "1.111") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def tarred(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def in_tar(content: bytes) -> bytes:
    return tarred(("2024/Mar/1/9/1.111.bz2", bz2.compress(content)))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "bz2": bz2.compress,
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor().compress,
    "zip": zipped,
    "tar": in_tar,
    "tar.gz": lambda content: gzip.compress(in_tar(content)),
    "zip of bz2": lambda content: zipped(bz2.compress(content)),
    "tar of zip": lambda content: tarred(("a.zip", zipped(content))),
    "two frames of zst": lambda content: b"".join(
        zstandard.ZstdCompressor().compress(part) for part in (content[:5000], content[5000:])
    ),
    "two streams of bz2": lambda content: bz2.compress(content[:5000]) + bz2.compress(content[5000:]),
}


@pytest.mark.parametrize("packer", PACKERS)
def test_packed_any_way_the_tape_is_the_same(packer: str, plain_hash: str) -> None:
    file = read(PACKERS[packer](TEXT))
    assert content_hash(file.markets[0].tape) == plain_hash
    assert (file.report.damaged, file.report.cut_short) == (0, None)


WRITERS: dict[str, Callable[[list[str]], str]] = {
    "windows newlines": "\r\n".join,
    "carriage returns only": "\r".join,
    "blank lines between": "\n\n".join,
    "a logger's prefix": lambda lines: "\n".join(f"2021-06-29T06:04:11.943000 - {text}" for text in lines),
    "one array": lambda lines: f"[{', '.join(lines)}]",
    "a pretty array": lambda lines: json.dumps([json.loads(text) for text in lines], indent=2),
    "an array a line": lambda lines: "\n".join(f"[{text}]" for text in lines),
    "pretty objects": lambda lines: "\n".join(json.dumps(json.loads(text), indent=1) for text in lines),
    "heartbeats and other operations": lambda lines: "\n".join(
        (
            '{"op":"connection","connectionId":"1"}',
            '{"op":"status","id":1,"statusCode":"SUCCESS"}',
            *lines[:1],
            '{"op":"mcm","id":1,"clk":"AMoC","pt":1709290800000,"ct":"HEARTBEAT"}',
            *lines[1:],
        )
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_written_any_way_the_tape_is_the_same(writer: str, plain_hash: str) -> None:
    file = read(WRITERS[writer](LINES).encode())
    assert content_hash(file.markets[0].tape) == plain_hash
    assert file.report.damaged == 0


def test_lines_that_are_no_market_change_are_counted_by_operation() -> None:
    report = read(WRITERS["heartbeats and other operations"](LINES).encode()).report
    assert dict(report.skipped) == {"connection": 1, "status": 1}


def test_a_damaged_line_is_counted_and_named_and_the_rest_goes_on() -> None:
    lines = [*LINES[:5], '{"op":"mcm","pt":1709,"mc":[{"id":', *LINES[5:9], "nonsense", *LINES[9:12]]
    report = (file := compile_lines("x", [text.encode() for text in lines])).report
    assert (report.messages, report.damaged) == (12, 2)
    assert [number for number, _ in report.named] == [6, 11]
    assert file.markets[0].tape.n_messages == 12


@pytest.mark.parametrize(
    "bad", ['{"op":"mcm","mc":[]}', '{"op":"mcm","pt":99999999999999999,"mc":[]}', '{"pt":3}', "[1]"]
)
def test_a_line_that_is_no_message_is_damaged(bad: str) -> None:
    report = compile_lines("x", [LINES[0].encode(), bad.encode()]).report
    assert (report.messages, report.damaged) == (1, 1)


def test_numbers_written_as_words_or_text_are_read_all_the_same() -> None:
    odd = LINES[1].replace('"id": 11', '"id": "11", "spn": NaN, "tv": Infinity')
    file = compile_lines("x", [LINES[0].encode(), odd.encode()])
    assert file.report.damaged == 0
    assert file.markets[0].tape.n_messages == 2


def test_sizes_no_market_has_are_damage_and_not_a_crash() -> None:
    file = compile_lines("x", [LINES[0].encode(), LINES[1].replace("99", "1e300").encode()])
    assert file.report.damaged == 1


def test_bytes_that_are_no_text_are_damage_and_not_a_crash() -> None:
    broken = LINES[1].encode().replace(b"AAA", b"A\xffA")
    file = compile_lines("x", [LINES[0].encode(), broken, LINES[2].encode()])
    assert (file.report.damaged, file.report.messages) == (1, 2)


@pytest.mark.parametrize("packer", ["bz2", "gz", "zst"])
def test_a_truncated_file_keeps_what_came_before_and_says_so(packer: str) -> None:
    content = "\n".join(line(n, {"id": 11, "atb": [[2.0, n * 7919 % 1000 + 1]]}) for n in range(20_000)).encode()
    packed = PACKERS[packer](content)
    file = read(packed[: len(packed) * 3 // 4])
    assert file.report.cut_short
    assert 2_000 < file.report.messages < 20_000
    whole = read(content).markets[0].tape
    part = file.markets[0].tape
    assert (whole.size[: part.message_row[-2]] == part.size[: part.message_row[-2]]).all()


def test_a_broken_member_does_not_take_the_others_along() -> None:
    members = [
        ("a.bz2", bz2.compress(TEXT)),
        ("b.bz2", b"BZh9 is broken"),
        ("c.zip", b"PK\x03\x04 broken too"),
        ("d", TEXT),
    ]
    files = list(compile_source("month.tar", gzip.compress(tarred(*members))))
    assert [file.name for file in files] == ["month.tar!a.bz2", "month.tar!b.bz2", "month.tar!c.zip", "month.tar!d"]
    assert [len(file.markets) for file in files] == [1, 0, 0, 1]
    assert all(file.refused and file.refused.startswith("cannot be unpacked") for file in files[1:3])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"# Notes\nnothing here\n", "no stream file: line 1: no JSON object in the line"),
        (b'[{"file": "a"}, {"file": "b"}]', "no stream file: line 1: Object missing required field `op`"),
        (b'{"op":"status","id":1}\n', "holds no market change, only status"),
        (bytes(range(256)) * 64, "no stream file"),
        (b"BZh91AY&SY broken", "cannot be unpacked"),
    ],
)
def test_what_is_no_stream_file_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    file = read(content)
    assert file.refused is not None
    assert file.refused.startswith(reason)


def test_a_long_file_of_something_else_is_given_up_early() -> None:
    given: list[int] = []

    def endless() -> object:
        for number in range(1_000_000):
            given.append(number)
            yield b"no json here"

    assert compile_lines("x", endless()).refused  # type: ignore[arg-type]
    assert len(given) < 1000


def test_plain_archives_are_split_into_sources_that_read_alone(tmp_path: Path, plain_hash: str) -> None:
    (tmp_path / "month.tar").write_bytes(tarred(("x/1.111.bz2", bz2.compress(TEXT)), ("x/2.gz", gzip.compress(TEXT))))
    (tmp_path / "day.zip").write_bytes(zipped(TEXT, "y/1.111"))
    (tmp_path / ".hidden").write_bytes(TEXT)
    sources = find_sources([tmp_path, tmp_path / "day.zip"])
    assert [source.name for source in sources] == ["day.zip!y/1.111", "month.tar!x/1.111.bz2", "month.tar!x/2.gz"]
    for source in sources:
        assert content_hash(read(source.read()).markets[0].tape) == plain_hash


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"must be a file or folder that exists, got '.*nowhere'"):
        compile_stream(tmp_path / "nowhere")


def test_several_markets_in_one_file_become_a_tape_each_in_their_order() -> None:
    other = line(0, BOOK, market="1.222", img=True)
    tapes = compile_stream([LINES[0], other, *LINES[1:5]])
    assert [(tape.market_id, tape.n_messages) for tape in tapes] == [("1.111", 5), ("1.222", 1)]


def test_a_market_named_twice_in_one_message_is_one_message() -> None:
    twice = json.loads(LINES[1])
    twice["mc"].append({"id": "1.111", "rc": [{"id": 11, "trd": [[2.0, 2]]}]})
    (tape,) = compile_stream([LINES[0], json.dumps(twice)])
    assert tape.n_messages == 2
    assert (tape.kind == 2).sum() == 1
