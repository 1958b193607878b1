"""On one machine nothing leaves it: a whole sweep on local Ray opens no socket beyond loopback and sends nothing anywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import network_watch
import pytest

needs_strace = pytest.mark.skipif(
    not network_watch.available(), reason="strace is missing or may not trace here, so sockets cannot be watched"
)


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "FURLONG_HOME": str(home)}


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
    ]
    watch = network_watch.read(lines)
    assert watch.offences == []
    assert watch.calls == {"bind": 1, "listen": 1, "connect": 1}
