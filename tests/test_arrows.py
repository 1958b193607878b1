"""What an import check cannot see: simcore reads no clock and no environment, and its kernels keep numba honest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SIMCORE = Path(__file__).resolve().parent.parent / "simcore"
SOURCES = sorted(SIMCORE.rglob("*.py"))

CLOCKS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.perf_counter",
    "datetime.now",
    "datetime.utcnow",
    "date.today",
}
ENVIRONMENT = {"os.environ", "os.getenv", "os.putenv"}
GLOBAL_RANDOM = {
    "np.random.seed",
    "np.random.rand",
    "np.random.random",
    "np.random.normal",
    "random.random",
    "random.seed",
}


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def offences(source: str) -> Iterator[str]:
    """Uses of a clock, the environment or hidden randomness, with their line."""
    forbidden = CLOCKS | ENVIRONMENT | GLOBAL_RANDOM
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            name = dotted(node)
            if any(name == each or name.endswith(f".{each}") for each in forbidden):
                yield f"line {node.lineno}: {name}"
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names} & forbidden
            yield from (f"line {node.lineno}: {name}" for name in sorted(names))
        if isinstance(node, ast.keyword) and node.arg in ("fastmath", "parallel"):
            yield f"line {node.value.lineno}: {node.arg}"


@pytest.mark.parametrize("path", SOURCES, ids=[str(p.relative_to(SIMCORE)) for p in SOURCES])
def test_simcore_reads_no_clock_no_environment_and_no_hidden_randomness(path: Path) -> None:
    assert list(offences(path.read_text())) == []


@pytest.mark.parametrize(
    "line",
    [
        "import os\nx = os.environ['A']",
        "from os import getenv",
        "import time\ntime.time()",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
        "import numpy as np\nnp.random.seed(1)",
        "@njit(fastmath=True)\ndef f(): pass",
    ],
)
def test_the_scan_sees_what_it_looks_for(line: str) -> None:
    assert len(list(offences(line))) == 1
