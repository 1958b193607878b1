"""On one machine nothing leaves it: a whole sweep on local Ray opens no socket beyond loopback and sends nothing anywhere."""

from __future__ import annotations

import os
import shlex
import socket
import sys
from pathlib import Path

import network_watch
import pytest
from network_watch import Watch

needs_strace = pytest.mark.skipif(
    not network_watch.available(), reason="strace is missing or may not trace here, so sockets cannot be watched"
)


ROOT = Path(__file__).resolve().parent.parent
SWEEPS = str(Path(sys.executable).with_name("sweeps"))


def watched(folder: Path, *command: str) -> tuple[str, Watch]:
    """What `command` printed, and the sockets it and its descendants used; everything it writes lies in `folder`."""
    environment = {**os.environ, "FURLONG_HOME": str(folder / "home")}
    done, watch = network_watch.run(command, folder / "strace.log", cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout, watch


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Watch, Watch]:
    """A folder in which markets were made, imported and swept; the watch over the making, and over the sweep."""
    folder = tmp_path_factory.mktemp("network")
    synth = shlex.join(
        [
            SWEEPS,
            "data",
            "synth",
            "--sport",
            "greyhounds",
            "--markets",
            "4",
            "--store",
            "made",
            "--stream-files",
            "files",
        ]
    )
    load = shlex.join([SWEEPS, "data", "import", "files", "--store", "store"])
    _, making = watched(folder, "sh", "-c", f"{synth} && {load}")
    config = str(ROOT / "configs" / "daf-greyhounds.yaml")
    few = (
        "--set",
        "search.trials=2",
        "--set",
        "search.batch=2",
        "--set",
        "capacity.stakes=[5]",
        "--set",
        "ray.workers=2",
    )
    _, sweeping = watched(folder, SWEEPS, "run", config, "--store", "store", "--name", "watched", *few)
    return folder, making, sweeping


@needs_strace
def test_making_and_importing_markets_uses_no_network_address_at_all(swept: tuple[Path, Watch, Watch]) -> None:
    _, making, _ = swept
    assert making.calls == {}


@needs_strace
def test_a_sweep_on_local_ray_tracked_to_mlflow_stays_on_loopback(swept: tuple[Path, Watch, Watch]) -> None:
    _, _, sweeping = swept
    assert sweeping.calls["listen"] > 0, "Ray listens somewhere, or it was not Ray"
    assert sweeping.calls["connect"] > 0
    assert sweeping.offences == []


@needs_strace
def test_the_tracking_pages_are_served_on_loopback_only(swept: tuple[Path, Watch, Watch]) -> None:
    folder, _, _ = swept
    command = shlex.join([SWEEPS, "ui", "--port", str(free_port())])
    until_told = f"""
{command} >ui.out 2>&1 & pages=$!
tries=0
until grep -q '^Ctrl-C' ui.out || [ $tries -ge 240 ]; do sleep 0.5; tries=$((tries + 1)); done
kill -TERM $pages; wait $pages; cat ui.out
"""
    told, watch = watched(folder, "sh", "-c", until_told)
    assert "http://127.0.0.1:" in told
    assert watch.calls["listen"] > 0
    assert watch.offences == []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@needs_strace
def test_the_watch_sees_a_grandchild_name_another_address(tmp_path: Path) -> None:
    grandchild = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('127.0.0.2', 9))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}], check=True)"
    command = [sys.executable, "-c", child]
    _, watch = network_watch.run(command, tmp_path / "log", cwd=tmp_path, env=os.environ, allowed=["127.0.0.1"])
    assert len(watch.offences) == 1
    assert "127.0.0.2" in watch.offences[0]


@pytest.mark.parametrize(
    "line",
    [
        '7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("169.254.169.254")}, 16) = -1 ENETUNREACH',
        '7 connect(3, {sa_family=AF_INET6, inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28 <unfinished ...>',
        '7 sendto(3, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, 16) = 1',
        '7 bind(3, {sa_family=AF_INET, sin_port=htons(8265), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
        '7 bind(3, {sa_family=AF_INET6, sin6_port=htons(1), inet_pton(AF_INET6, "::", &sin6_addr)}, 28) = 0',
        "7 listen(3, 128) = 0",
    ],
)
def test_what_leaves_loopback_is_an_offence(line: str) -> None:
    assert network_watch.read([line]).offences == [line]


def test_loopback_is_none() -> None:
    lines = [
        '7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
        "7 listen(3, 128) = 0",
        '7 connect(4, {sa_family=AF_INET6, sin6_port=htons(9), inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr)}, 28) = 0',
        '7 connect(5, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0',
        '8 bind(3, {sa_family=AF_UNIX, sun_path="/run/y"}, 110) = 0',
        "8 listen(3, 128) = 0",
    ]
    watch = network_watch.read(lines)
    assert watch.offences == []
    assert watch.calls == {"bind": 1, "listen": 1, "connect": 1}
