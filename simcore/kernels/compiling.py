"""One compilation a kernel: its signature is its annotations.

Left to itself numba compiles a function again for every literal and integer width it meets at a call (three times as much code
here). `kernel` marks a function; `compile_kernel` compiles it once, callees first, for the types its annotations name: `int` is
int64, a NamedTuple of arrays is what `register` was told of it. With the JIT off both leave the plain function alone.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import numba
import numpy as np
from numba import njit, typeof, types
from numba.core.compiler_lock import global_compiler_lock
from numba.np import arrayobj
from numpy.typing import NDArray

import simcore.kernels

Function = TypeVar("Function", bound=Callable[..., Any])

Int1 = Annotated[NDArray[np.int64], "int64 1"]
Int2 = Annotated[NDArray[np.int64], "int64 2"]
Real1 = Annotated[NDArray[np.float64], "float64 1"]

_PACKAGE = Path(simcore.kernels.__file__).resolve().parent.parent
_TYPES: dict[Any, Any] = {
    int: types.int64,
    bool: types.boolean,
    float: types.float64,
    type(None): types.none,
    tuple[int, int]: types.UniTuple(types.int64, 2),
    Int1: types.int64[::1],
    Int2: types.int64[:, ::1],
    Real1: types.float64[::1],
}


def register(annotation: Any, example: Any) -> None:
    """Say what a kernel annotated with `annotation` is compiled for: the type of `example`, or a numba type itself."""
    _TYPES[annotation] = example if isinstance(example, types.Type) else typeof(example)


def kernel(function: Function) -> Function:
    """Mark a top-level function as a kernel. Code of this package is kept on disk; a user's own is compiled each time.

    Ours own no memory: nothing in them allocates, the engine keeps every array alive. So they are compiled without reference
    counts, which took nine tenths of a replay at every `sim.field`. A user's core may allocate.
    """
    return _marked(function, always_inline=False)


def small_kernel(function: Function) -> Function:
    """Mark a kernel that does less than calling it costs: it becomes part of each that calls it."""
    return _marked(function, always_inline=True)


def _marked(function: Function, *, always_inline: bool) -> Function:
    inside = _is_in(function)
    usual, numba.config.CACHE_DIR = numba.config.CACHE_DIR, simcore.kernels.REPLAY_CACHE
    try:
        compiled: Function = njit(cache=inside, _nrt=not inside, forceinline=always_inline)(function)
    finally:
        numba.config.CACHE_DIR = usual
    if not numba.config.DISABLE_JIT:
        compiled.is_kernel = True  # type: ignore[attr-defined]
        compiled._compile_for_args = partial(_first_call, compiled)  # type: ignore[attr-defined]
        compiled.get_call_template = partial(_first_met, compiled, compiled.get_call_template)  # type: ignore[attr-defined]
    return compiled


def _is_in(function: Callable[..., Any], room: str = "") -> bool:
    """Whether a function is of this package, or of a room of it."""
    return Path(function.__code__.co_filename).resolve().is_relative_to(_PACKAGE / room)


def _first_call(function: Any, *_: Any) -> Any:
    """Python calls a kernel that is not compiled yet: what numba shall call instead of compiling for these arguments."""
    compile_kernel(function)
    return function.overloads[signature_of(function.py_func).args].entry_point


def _first_met(function: Any, usual: Callable[..., Any], arguments: Any, named: Any) -> Any:
    """Code that is being compiled calls a kernel, found in whatever way: numba shall not compile it for these arguments."""
    compile_kernel(function)
    return usual(arguments, named)


def signature_of(function: Callable[..., Any]) -> Any:
    """The numba signature a function's annotations spell. Raises TypeError where they do not spell one."""
    hints = get_type_hints(function, include_extras=True)
    try:
        result = hints.pop("return")
        return _TYPES[result](*(_TYPES[hint] for hint in hints.values()))
    except KeyError as error:
        raise TypeError(
            f"`{function.__name__}` must be annotated with types that kernels know, and with what it returns, got no {error}"
        ) from error


def entry_of(function: Any) -> Any:
    """What Python calls to run a kernel with arguments of the very types that its annotations name, which nobody checks then.

    Asking for the type of each array that is handed over takes numba three times as long as handing it over. With the JIT off
    it is the function.
    """
    known = getattr(function, "entry", None)
    if known is None and hasattr(function, "py_func"):
        compile_kernel(function)
        known = function.entry = function.overloads[signature_of(function.py_func).args].entry_point
    return known or function


def compile_kernel(function: Any) -> None:
    """Make a kernel callable: take it from disk, or compile it and, before it, every kernel it calls; once.

    Kept machine code has all that it calls within, so of a tree of kernels only the few that Python calls are loaded.
    """
    if not hasattr(function, "py_func") or function.overloads:
        return
    plain = function.py_func
    with _interruptions_held():
        if _load(function):
            return
    for name in plain.__code__.co_names:
        called = plain.__globals__.get(name)
        if hasattr(called, "is_kernel"):  # what else numba compiles is its own business
            compile_kernel(called)
    with _interruptions_held(), _indices_as_they_stand(plain):
        function.disable_compile(False)
        function.compile(signature_of(plain))
        function.disable_compile()


def _load(function: Any) -> bool:
    """Whether the kernel was on disk, and so is there now. What numba's `compile` does when it finds one."""
    found = function._cache.load_overload(signature_of(function.py_func), function.targetctx)
    if found is None:
        return False
    function.targetctx.insert_user_function(found.entry_point, found.fndesc, [found.library])
    function.add_overload(found)
    function.disable_compile()
    return True


@contextmanager
def _indices_as_they_stand(function: Callable[..., Any]) -> Iterator[None]:
    """Within, a replay's kernel is compiled without asking at each index whether it counts from the end: none ever does.

    Asking took a tenth of a replay, and numba has no switch for it. With bounds checks on, an index below 0 is an error then.
    A user's own core may count from the end, and so may what numba itself makes of numpy, which our kernels do not use.
    """
    if not any(_is_in(function, room) for room in simcore.kernels.ROOMS):
        yield
        return
    with global_compiler_lock:  # whatever else this process compiles waits
        usual, arrayobj.fix_integer_index = arrayobj.fix_integer_index, _as_it_stands
        try:
            yield
        finally:
            arrayobj.fix_integer_index = usual


def _as_it_stands(context: Any, builder: Any, kind: types.Integer, index: Any, _: Any) -> Any:
    """In place of numba's function of the same signature, which adds the length to an index below 0."""
    return context.cast(builder, index, kind, types.intp if kind.signed else types.uintp)


@contextmanager
def _interruptions_held() -> Iterator[None]:
    """Ctrl-C, or a kill that the program answers as one, waits until a kernel is compiled and kept: a few seconds at most.

    LLVM calls back into Python, and what a handler raises in such a call is printed and lost; numba then misses its machine
    code and raises an error of its own.
    """
    held: list[Callable[[], Any]] = []
    usual: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():  # no other thread is interrupted, or may set a handler
        usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    answered = {number: handler for number, handler in usual.items() if callable(handler)}
    for number, handler in answered.items():
        signal.signal(number, lambda *told, handler=handler: held.append(lambda: handler(*told)))
    try:
        yield
    finally:
        for number, handler in answered.items():
            signal.signal(number, handler)
        for answer in held[:1]:
            answer()
