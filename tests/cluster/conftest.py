"""A token-protected Ray head that the tests of this folder share."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import simcore.kernels
from tests.cluster.heads import TOKEN, Head, end, free_port, loopback_environment, wait_until_it_answers


@pytest.fixture(scope="session")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    """The head; FURLONG_HOME is set in its environment, as the cluster's description sets it on every node."""
    home = tmp_path_factory.mktemp("head")
    furlong = home / "furlong"
    port = free_port()
    environment = loopback_environment(home) | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "FURLONG_HOME": str(furlong),
        # kernels this machine has compiled already; its folders are named by the hash of their sources
        "NUMBA_CACHE_DIR": str(Path(simcore.kernels.__file__).parent / "__pycache__"),
    }
    # sockets of Ray live below its temporary folder, and their paths may not exceed 107 characters
    with tempfile.TemporaryDirectory(prefix="rayhead") as short:
        command = [
            "ray",
            "start",
            "--head",
            "--block",
            "--node-ip-address=127.0.0.1",
            f"--port={free_port()}",
            "--num-cpus=1",
        ]
        command += ["--dashboard-host=127.0.0.1", f"--dashboard-port={port}", f"--temp-dir={short}"]
        command += ["--include-dashboard=true", "--object-store-memory=100000000", "--disable-usage-stats"]
        with (home / "head.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until_it_answers(f"http://127.0.0.1:{port}/api/version", process, home / "head.log")
            yield Head(f"http://127.0.0.1:{port}", TOKEN, furlong)
        finally:
            end(process)
