"""What a command prints, and whether anybody still reads it."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

NOBODY_READS: Final = 141
"""exit code: 128 + SIGPIPE, as a shell reports of a program that wrote on after its reader had gone"""


@contextmanager
def while_somebody_reads() -> Iterator[None]:
    """End the process quietly with NOBODY_READS once whoever read its output has enough of it, such as `| head -1`.

    A pipe or socket that broke elsewhere is an error still: its BrokenPipeError comes through.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        unread = [stream for stream in (sys.stdout, sys.stderr) if _has_no_reader(stream)]
        if not unread:
            raise
        for stream in unread:
            _to_nowhere(stream)
        sys.exit(NOBODY_READS)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # rich ends so, its stream sent nowhere
            sys.exit(NOBODY_READS)
        raise


def _has_no_reader(stream: TextIO) -> bool:
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # not a file, or closed
        return False
    asked = select.poll()
    asked.register(number, 0)
    return any(seen & (select.POLLERR | select.POLLHUP) for _, seen in asked.poll(0))


def _to_nowhere(stream: TextIO) -> None:
    """What is still in the stream's buffer goes to /dev/null, or Python would complain of it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
