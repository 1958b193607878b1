"""How arguments reach kernels: a NamedTuple of arrays goes from kernel to kernel as one pointer.

Left to itself numba hands every array of a tuple over as seven to eleven numbers, some hundred and sixty for the state of a
market, at each call that is not inlined: most of what a replay cost. Here the wrapper that Python calls lays the tuple out once
on its stack, and kernels read from there what they use. The layout never changes while they run (they change what the arrays
hold, never the arrays), so the compiler may keep what it has read.

A function that is handed to a kernel (`Handed`) is looked up once: numba reads the signature and the addresses anew at each
call from Python, which took twice as long as all other arguments together.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed, lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate
from numba.core.typing.typeof import typeof
from numba.experimental.function_type import FunctionModel, _get_jit_address, _get_wrapper_address
from numba.extending import NativeValue, infer_getattr, register_model, typeof_impl, unbox

from simcore.kernels.compiling import signature_of

Held = TypeVar("Held", bound=tuple[Any, ...])


class Shared(types.Type):
    """Pointer to a NamedTuple laid out in memory."""

    def __init__(self, held: types.NamedTuple) -> None:
        self.held = held
        super().__init__(name=f"Shared({held.name})")


@register_model(Shared)
class SharedModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Shared) -> None:
        super().__init__(dmm, fe_type, dmm.lookup(fe_type.held).get_value_type().as_pointer())


@infer_getattr
class SharedAttribute(AttributeTemplate):
    key = Shared

    def generic_resolve(self, shared: Shared, name: str) -> Any:
        if name in shared.held.fields:
            return shared.held.types[shared.held.fields.index(name)]
        return None


def _load(builder: Any, pointer: Any, kind: Any, never_changes: Any) -> Any:
    """Read a value part by part, so that what is not used is not read."""
    if isinstance(kind, (ir.LiteralStructType, ir.ArrayType)):
        value = kind(ir.Undefined)
        parts = kind.elements if isinstance(kind, ir.LiteralStructType) else [kind.element] * kind.count
        for i, part in enumerate(parts):
            inner = builder.gep(pointer, [ir.IntType(32)(0), ir.IntType(32)(i)], inbounds=True)
            value = builder.insert_value(value, _load(builder, inner, part, never_changes), i)
        return value
    loaded = builder.load(pointer)
    loaded.set_metadata("invariant.load", never_changes)
    return loaded


@lower_getattr_generic(Shared)
def shared_getattr(context: Any, builder: Any, shared: Shared, pointer: Any, name: str) -> Any:
    i = shared.held.fields.index(name)
    field = shared.held.types[i]
    inner = builder.gep(pointer, [ir.IntType(32)(0), ir.IntType(32)(i)], inbounds=True)
    value = _load(builder, inner, context.get_value_type(field), builder.module.add_metadata([]))
    return impl_ret_borrowed(context, builder, field, value)


@unbox(Shared)
def unbox_shared(shared: Shared, value: Any, c: Any) -> NativeValue:
    native = c.unbox(shared.held, value)
    return NativeValue(
        cgutils.alloca_once_value(c.builder, native.value), is_error=native.is_error, cleanup=native.cleanup
    )


def shared(kind: type[Held]) -> type[Held]:
    """Decorate a NamedTuple of arrays that kernels only pass on, never make: it goes by pointer."""

    known: dict[tuple[Any, ...], Shared] = {}

    @typeof_impl.register(kind)
    def typeof_shared(value: tuple[Any, ...], c: Any) -> Shared:
        key = tuple(_looks(each) for each in value)
        if key not in known:
            known[key] = Shared(types.NamedTuple([typeof(each, c.purpose) for each in value], kind))
        return known[key]

    return kind


def _looks(value: Any) -> Any:
    """All that the type of an array depends on, or the type itself of anything else."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.ndim, value.flags.num
    return typeof(value)


class Handed(types.FunctionType):
    """A compiled function as an argument of a kernel: one that has been compiled for this very signature."""


register_model(Handed)(FunctionModel)


def addresses_of(function: Any) -> tuple[int, int]:
    """Where the code of a compiled kernel is: what C calls, and what compiled code calls. The kernel remembers it."""
    known: tuple[int, int] | None = getattr(function, "addresses", None)
    if known is None:
        signature = signature_of(function.py_func)
        known = function.addresses = _get_wrapper_address(function, signature), _get_jit_address(function, signature)
    return known


@unbox(Handed)
def unbox_handed(handed: Handed, function: Any, c: Any) -> NativeValue:
    api, builder = c.pyapi, c.builder
    module = api.import_module(c.context.insert_const_string(builder.module, __name__))
    look_up = api.object_getattr_string(module, addresses_of.__name__)
    addresses = api.call_function_objargs(look_up, (function,))
    api.decref(look_up)
    api.decref(module)
    with cgutils.if_unlikely(builder, cgutils.is_null(builder, addresses)):
        builder.ret(api.get_null_object())
    core = cgutils.create_struct_proxy(handed)(c.context, builder)
    core.c_addr = api.long_as_voidptr(api.tuple_getitem(addresses, 0))
    core.jit_addr = api.long_as_voidptr(api.tuple_getitem(addresses, 1))
    core.py_addr = builder.bitcast(function, c.context.get_value_type(types.voidptr))
    api.decref(addresses)
    return NativeValue(core._getvalue())
