"""Where stream files come from: files, folders, and what is packed in them.

A *source* is what one worker imports at a time: a file, or one member of a plain .tar or .zip (a month's download is one
.tar of thousands of files). Inside a source every layer is opened in turn (.bz2, .gz, .zst, .tar, .zip, nested), told by
its first bytes, never by its name.
"""

from __future__ import annotations

import bz2
import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import zstandard

from simcore.errors import RecordingError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

CHUNK_BYTES = 1 << 20
BROKEN = (EOFError, OSError, zlib.error, zstandard.ZstdError, tarfile.TarError, zipfile.BadZipFile, RuntimeError)
"""what the unpackers raise for a damaged or truncated file (RuntimeError: a password, or a packing that is not known)"""


class CutShortError(Exception):
    """A file broke while it was read; the text says how."""


@dataclass(frozen=True)
class Source:
    """A file, or one member of an archive that can be opened anywhere."""

    path: Path
    member: str = ""
    size_bytes: int = 0
    offset: int | None = None
    """where a member of a .tar begins, so that reading it does not walk the archive again"""

    @property
    def name(self) -> str:
        """File name, and the member's path in it: what reports and the catalogue show."""
        return f"{self.path.name}!{self.member}" if self.member else self.path.name

    def read(self) -> bytes:
        """The stored bytes, still packed. Raises one of BROKEN."""
        if not self.member:
            return self.path.read_bytes()
        if self.offset is None:
            return _zip_file(self.path).read(self.member)
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size_bytes)


@lru_cache(maxsize=1)
def _zip_file(path: Path) -> zipfile.ZipFile:
    """The last .zip read stays open: reading its index anew for every member would take longer than the members."""
    return zipfile.ZipFile(path)


def find_sources(paths: Iterable[Path]) -> list[Source]:
    """Sources under files and folders, each once, in the order of their names; hidden files are left alone.

    Raises RecordingError for a path that is not there.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise RecordingError(f"`SRC` must be a file or folder that exists, got {str(path)!r}")
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if p.is_file() and not _hidden(p, path))
            found.update((p.resolve(), None) for p in inside)
        else:
            found[path.resolve()] = None
    return [source for path in found for source in _expand(path)]


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _expand(path: Path) -> Iterator[Source]:
    """The members of a plain .tar or .zip, or the file itself (also when its index cannot be read: reading will tell)."""
    members: list[Source] = []
    try:
        with path.open("rb") as file:
            head = file.read(512)
        if head[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                members = [Source(path, m.filename, m.compress_size) for m in archive.infolist() if not m.is_dir()]
        elif head[257:262] == b"ustar":
            with tarfile.open(path, "r:") as tar:
                members = [Source(path, m.name, m.size, m.offset_data) for m in tar if m.isfile()]
    except BROKEN:
        members = []
    yield from members or [Source(path, size_bytes=path.stat().st_size)]


def unpack(name: str, file: io.BufferedIOBase) -> Iterator[tuple[str, io.BufferedIOBase]]:
    """Every plain file inside `file`, with the path of names that leads to it.

    Never raises one of BROKEN: what cannot be opened is given as a file that raises it when read, so that the other
    members of an archive go on.
    """
    try:
        yield from _unpack(name, file)
    except BROKEN as error:
        yield name, io.BufferedReader(_Broken(error))


def _unpack(name: str, file: io.BufferedIOBase) -> Iterator[tuple[str, io.BufferedIOBase]]:
    buffered = io.BufferedReader(_OneRead(file), CHUNK_BYTES)
    head = buffered.peek(512)[:512]
    if head[:3] == b"BZh":
        yield from unpack(name, bz2.BZ2File(buffered))
    elif head[:2] == b"\x1f\x8b":
        yield from unpack(name, gzip.GzipFile(fileobj=buffered))
    elif head[:4] == b"\x28\xb5\x2f\xfd":
        yield from unpack(name, io.BufferedReader(_Zstandard(buffered), CHUNK_BYTES))
    elif head[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(buffered.read())) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    yield from unpack(f"{name}!{member.filename}", _opened(archive, member))
    elif head[257:262] == b"ustar":
        with tarfile.open(fileobj=buffered, mode="r|") as tar:
            for entry in tar:
                content = tar.extractfile(entry)
                if content:
                    yield from unpack(f"{name}!{entry.name}", cast(io.BufferedIOBase, content))
    else:
        yield name, buffered


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> io.BufferedIOBase:
    try:
        return cast(io.BufferedIOBase, archive.open(member))
    except BROKEN as error:
        return io.BufferedReader(_Broken(error))


class _OneRead(io.RawIOBase):
    """One read of the file below a read: a break in it never takes along what was read before."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        data = self._file.read1(len(view))
        view[: len(data)] = data
        return len(data)


class _Zstandard(io.RawIOBase):
    """Frames of zstandard one after another; unlike the library's own reader it tells a file that was cut short."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._started = False
        self._packed = b""
        self._plain = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        while not self._plain and self._more():
            pass
        count = min(len(view), len(self._plain))
        view[:count], self._plain = self._plain[:count], self._plain[count:]
        return count

    def _more(self) -> bool:
        packed = self._packed or self._file.read1(CHUNK_BYTES // 8)
        if not packed:
            if self._started:
                raise EOFError("the zstandard file ends before its end marker")
            return False
        self._started = True
        self._plain = self._frame.decompress(packed)
        self._packed = b""
        if self._frame.eof:
            self._packed = self._frame.unused_data
            self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._started = False
        return True


class _Broken(io.RawIOBase):
    """A file that could not be opened; reading it tells why."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        raise self._error


def blocks_of(file: io.BufferedIOBase) -> Iterator[bytes]:
    """Runs of whole lines, each ending with a newline (added to the last line where it has none).

    What was read before a break is given before CutShortError is raised for it.
    """
    rest: list[bytes] = []
    broken: Exception | None = None
    while broken is None:
        try:
            chunk = file.read1(CHUNK_BYTES)
        except BROKEN as error:
            broken, chunk = error, b""
        if not chunk:
            break
        end = chunk.rfind(b"\n") + 1
        if end:
            yield b"".join((*rest, chunk[:end]))
            rest, chunk = [], chunk[end:]
        if chunk:
            rest.append(chunk)
    if rest:
        yield b"".join((*rest, b"\n"))
    if broken is not None:
        raise CutShortError(str(broken) or type(broken).__name__) from broken


def lines_of(file: io.BufferedIOBase) -> Iterator[bytes]:
    """Lines without their newline; a break as in `blocks_of`."""
    for block in blocks_of(file):
        yield from block[:-1].split(b"\n")
