"""A sweep's folder as lines of text, so that it travels through the one channel every job has: its log.

    furlong-pack begin <bytes> <sha256>
    <base64 of a gzipped tar, one line of at most 8,000 characters after the other>
    furlong-pack end

`python -m sweeps.runners.pack NAME` prints the folder <FURLONG_HOME>/sweeps/NAME of the machine it runs on.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sweeps.errors import RunnerError
from sweeps.home import Home

_BEGIN = "furlong-pack begin"
_END = "furlong-pack end"
_WIDTH = 8_000
LARGEST_BYTES = 256 * 1024 * 1024
"""A log is no place for more; a folder beyond this is copied from the shared storage instead."""


def pack(folder: Path) -> Iterator[str]:
    """The lines of `folder`. Raises RunnerError for a missing folder or one too large to travel so."""
    if not folder.is_dir():
        raise RunnerError(f"there is no sweep folder {folder}; check FURLONG_HOME on the cluster and the sweep's name")
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if total > LARGEST_BYTES:
        raise RunnerError(f"sweep folder {folder} holds {total} bytes, too many for a job's log; copy it from there")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(folder, arcname=".")
    body = buffer.getvalue()
    yield f"{_BEGIN} {len(body)} {hashlib.sha256(body).hexdigest()}"
    text = base64.b64encode(body).decode()
    yield from (text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH))
    yield _END


def unpack(lines: Iterable[str], folder: Path) -> None:
    """Write the packed folder found among `lines` into the empty `folder`. Raises RunnerError where it is not whole."""
    body, said = _body([line.strip() for line in lines])
    if said != f"{len(body)} {hashlib.sha256(body).hexdigest()}":
        raise RunnerError("the sweep folder did not arrive whole; fetch it again")
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")


def _body(lines: list[str]) -> tuple[bytes, str]:
    first = next((i for i, line in enumerate(lines) if line.startswith(_BEGIN)), None)
    if first is None or _END not in lines[first:]:
        said = next((line for line in reversed(lines) if line), "nothing")
        raise RunnerError(f"the cluster sent no sweep folder; it said: {said}")
    last = lines.index(_END, first)
    try:
        return base64.b64decode("".join(lines[first + 1 : last]), validate=True), lines[first].removeprefix(
            _BEGIN
        ).strip()
    except binascii.Error as error:
        raise RunnerError("the sweep folder did not arrive whole; fetch it again") from error


def main(name: str) -> int:
    """Print the folder of sweep `name`, or one sentence and 2."""
    try:
        for line in pack(Home.from_environment().sweeps / name):
            sys.stdout.write(line + "\n")
    except RunnerError as error:
        sys.stdout.write(f"sweeps: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
