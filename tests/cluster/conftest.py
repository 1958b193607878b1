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
        # the agent's port is otherwise one and the same for every Ray on the machine, and a job needs the agent
        ports = [f"--port={free_port()}", f"--dashboard-port={port}", f"--dashboard-agent-listen-port={free_port()}"]
        command = ["ray", "start", "--head", "--block", "--num-cpus=1", "--object-store-memory=100000000"]
        command += ["--node-ip-address=127.0.0.1", "--dashboard-host=127.0.0.1", "--include-dashboard=true", *ports]
        command += [f"--temp-dir={short}", "--disable-usage-stats"]
        with (home / "head.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until_it_answers(f"http://127.0.0.1:{port}/api/version", process, home / "head.log")
            yield Head(f"http://127.0.0.1:{port}", TOKEN, furlong)
        finally:
            end(process)
