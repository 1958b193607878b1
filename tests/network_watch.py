"""Every address that a command and all its descendants named to the kernel, as strace saw them.

Watched are the calls that open or use a socket: connect, bind, listen, sendto, sendmsg, sendmmsg. Whatever is written there
beyond loopback is an offence, whether or not the packet would have got anywhere.
"""

from __future__ import annotations

import ipaddress
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "connect,bind,listen,sendto,sendmsg,sendmmsg"
_IPV4 = re.compile(r'inet_addr\("([^"]+)"\)')
_IPV6 = re.compile(r'inet_pton\(AF_INET6, "([^"]+)"')
_CALL = re.compile(r"^(\d+) +(\w+)\((\d+)")


@dataclass
class Watch:
    """What was seen: addresses by call, and the lines that leave loopback."""

    calls: dict[str, int] = field(default_factory=dict)
    offences: list[str] = field(default_factory=list)


def available() -> bool:
    """Whether strace is installed and may trace here (some containers forbid it)."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-f", "-qq", "-e", "trace=none", "true"], capture_output=True).returncode == 0


def is_loopback(address: str) -> bool:
    """127.0.0.0/8, ::1, and the former written as an IPv6 address."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)


def read(lines: Sequence[str], allowed: Sequence[str] = ()) -> Watch:
    """Judge the lines of `strace -f`; `allowed`, where given, are the only addresses that are no offence."""
    watch = Watch()
    unix: set[tuple[str, str]] = set()
    bound: set[tuple[str, str]] = set()
    for line in lines:
        match = _CALL.match(line)
        if match is None:
            continue
        thread, call, descriptor = match.groups()
        addresses = _IPV4.findall(line) + _IPV6.findall(line)
        if call == "bind":
            (bound if addresses else unix).add((thread, descriptor))
            (unix if addresses else bound).discard((thread, descriptor))
        if call == "listen" and (thread, descriptor) in unix:
            continue
        if call == "listen" and (thread, descriptor) not in bound:  # the kernel would choose: every interface
            watch.offences.append(line.strip())
        if addresses or call == "listen":
            watch.calls[call] = watch.calls.get(call, 0) + 1
        if any(not (address in allowed if allowed else is_loopback(address)) for address in addresses):
            watch.offences.append(line.strip())
    return watch


def run(
    command: Sequence[str],
    log: Path,
    *,
    cwd: Path,
    env: Mapping[str, str],
    allowed: Sequence[str] = (),
    timeout_s: float = 300,
) -> tuple[subprocess.CompletedProcess[str], Watch]:
    """Run `command` watched; `log` receives strace's lines."""
    traced = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", f"trace={CALLS}", "-o", str(log), *command]
    done = subprocess.run(
        traced, cwd=cwd, env=dict(env), capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL
    )
    return done, read(log.read_text(errors="replace").splitlines(), allowed)
