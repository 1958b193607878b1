"""Compiling can be interrupted: what is under way is finished and kept, then the interruption is what ends the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numba.core import event

from simcore.kernels.compiling import Int1, compile_kernel, kernel


class _Signalling(event.Listener):
    """Sends a signal to this process as soon as numba starts to compile, and counts what it starts."""

    def __init__(self, number: signal.Signals) -> None:
        self._number, self.started = number, 0

    def on_start(self, event: event.Event) -> None:
        self.started += 1
        if self.started == 1:
            signal.raise_signal(self._number)

    def on_end(self, event: event.Event) -> None:
        pass


@contextmanager
def signalled(number: signal.Signals) -> Iterator[_Signalling]:
    listener = _Signalling(number)
    with event.install_listener("numba:compile", listener):
        yield listener


@kernel
def one_more(x: int) -> int:
    return x + 1


@kernel
def two_more(x: int) -> int:
    return one_more(one_more(x))


@kernel
def three_more(x: int) -> int:
    return x + 3


@kernel
def half_more(x: float) -> float:
    return x + 0.5


@kernel
def last_of(numbers: Int1) -> int:
    return int(numbers[-1])


def test_a_kernel_that_is_not_of_this_package_may_count_from_the_end_of_an_array() -> None:
    assert last_of(np.array([3, 5, 8])) == 8


def test_a_kernel_that_python_calls_first_is_compiled_for_what_its_annotations_say() -> None:
    assert not half_more.signatures
    assert half_more(1) == 1.5
    assert half_more(2.5) == 3.0
    assert [str(each) for each in half_more.signatures] == ["(float64,)"]


def test_of_the_kernels_on_disk_only_those_that_python_calls_are_loaded() -> None:
    code = (
        "from simcore.engine import warm; warm(); from simcore.kernels.loop import poll, run;"
        "print(len(run.signatures), len(poll.signatures))"
    )
    ours = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ours).stdout
        for _ in "12"
    ]
    assert said[1] == "1 0\n"


def test_ctrl_c_while_a_kernel_compiles_comes_when_it_is_whole() -> None:
    before = signal.getsignal(signal.SIGINT)
    with signalled(signal.SIGINT) as listener, pytest.raises(KeyboardInterrupt):
        compile_kernel(two_more)
    assert listener.started == 1
    assert [len(function.signatures) for function in (one_more, two_more)] == [1, 0]
    assert signal.getsignal(signal.SIGINT) is before
    compile_kernel(two_more)
    assert two_more(5) == 7


def test_a_kill_that_the_program_answers_waits_too() -> None:
    def answered(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, answered)
    try:
        with signalled(signal.SIGTERM), pytest.raises(KeyboardInterrupt):
            compile_kernel(three_more)
        assert signal.getsignal(signal.SIGTERM) is answered
    finally:
        signal.signal(signal.SIGTERM, before)
    assert len(three_more.signatures) == 1


def test_another_thread_compiles_without_touching_handlers() -> None:
    @kernel
    def four_more(x: int) -> int:
        return x + 4

    thread = threading.Thread(target=compile_kernel, args=(four_more,))
    thread.start()
    thread.join()
    assert four_more(5) == 9
