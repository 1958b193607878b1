"""The profile inside compiled code names the kernels that run there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.speed.inside import plain_name

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [
    sys.executable,
    "-m",
    "benchmarks.speed.inside",
    "--daf",
    "--markets",
    "1",
    "--configurations",
    "5",
    "--seconds",
    "1",
]


def test_a_kernel_is_named_as_in_its_file() -> None:
    assert plain_name("_ZN7simcore7kernels7harness10see_ladderB2v1B8c8tJTIeFE") == "see_ladder"
    assert plain_name("exp2@@GLIBC_2.29") == "exp2@@GLIBC_2.29"


def test_without_the_sampler_one_sentence_says_what_to_install() -> None:
    done = subprocess.run(
        COMMAND, cwd=ROOT, env={**os.environ, "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert re.fullmatch(r"this samples with `perf`, which is not installed; install .*\n", done.stderr)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("perf") is None, reason="perf is not installed")
def test_most_of_a_replay_is_spent_in_kernels_by_name() -> None:
    for _ in range(2):  # the first one may compile
        done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shares = {
        name: float(share) for name, share in re.findall(r"^\| `(\w+)` \| ([\d.]+) % \|$", done.stdout, re.MULTILINE)
    }
    assert {"run", "apply_message", "poll", "see_ladder"} <= set(shares)
    assert sum(shares.values()) - shares.get("elsewhere", 0.0) > 60.0
