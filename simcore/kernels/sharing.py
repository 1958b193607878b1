"""How arguments reach kernels: a NamedTuple of arrays goes from kernel to kernel as one pointer.

Left to itself numba hands every array of a tuple over as seven to eleven numbers, some hundred and sixty for the state of a
market, at each call that is not inlined: most of what a replay cost. Here the wrapper that Python calls lays the tuple out once
on its stack, and kernels read from there what they use. The layout never changes while they run (they change what the arrays
hold, never the arrays), so the compiler may keep what it has read. What is known of an array's shape (`Width`) is written into
the code instead of being read and multiplied at each index.

A function that is handed to a kernel (`Handed`) is looked up once: numba reads the signature and the addresses anew at each
call from Python, which took twice as long as all other arguments together.
"""

from __future__ import annotations

from typing import Any, TypeVar, get_type_hints

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


class Width:
    """In the annotation of an array of a shared NamedTuple: how long its last dimensions are, whatever the market.

    Kernels are compiled for these lengths; whoever hands them another array gets a ValueError. The array is C-contiguous.
    """

    def __init__(self, *lengths: int) -> None:
        self.lengths = lengths


class Shared(types.Type):
    """Pointer to a NamedTuple laid out in memory. widths : field -> the lengths of its last dimensions"""

    def __init__(self, held: types.NamedTuple, widths: dict[str, tuple[int, ...]]) -> None:
        self.held, self.widths = held, widths
        super().__init__(name=f"Shared({held.name}, {widths})")


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
    if name in shared.widths:
        value = _of_width(context, builder, field, value, shared.widths[name])
    return impl_ret_borrowed(context, builder, field, value)


def _of_width(context: Any, builder: Any, field: types.Array, value: Any, lengths: tuple[int, ...]) -> Any:
    """The array with its last lengths, and the steps they imply, as constants."""
    array = context.make_array(field)(context, builder, value)
    intp = context.get_value_type(types.intp)
    shape, strides = cgutils.unpack_tuple(builder, array.shape), cgutils.unpack_tuple(builder, array.strides)
    step = context.get_abi_sizeof(context.get_data_type(field.dtype))
    array.itemsize = strides[-1] = intp(step)
    for axis, length in zip(range(field.ndim - 1, 0, -1), reversed(lengths), strict=False):
        step *= length
        shape[axis], strides[axis - 1] = intp(length), intp(step)
    array.shape, array.strides = cgutils.pack_array(builder, shape), cgutils.pack_array(builder, strides)
    return array._getvalue()


@unbox(Shared)
def unbox_shared(shared: Shared, value: Any, c: Any) -> NativeValue:
    native = c.unbox(shared.held, value)
    failed = cgutils.alloca_once_value(c.builder, native.is_error)
    with c.builder.if_then(c.builder.not_(native.is_error)):
        for name, lengths in shared.widths.items():
            _check_width(shared, name, lengths, native.value, failed, c)
    return NativeValue(
        cgutils.alloca_once_value(c.builder, native.value), is_error=c.builder.load(failed), cleanup=native.cleanup
    )


def _check_width(shared: Shared, name: str, lengths: tuple[int, ...], value: Any, failed: Any, c: Any) -> None:
    """Refuse an array that is not what kernels are compiled for."""
    i = shared.held.fields.index(name)
    field = shared.held.types[i]
    array = c.context.make_array(field)(c.context, c.builder, c.builder.extract_value(value, i))
    shape = cgutils.unpack_tuple(c.builder, array.shape)
    for axis, length in enumerate(lengths, field.ndim - len(lengths)):
        differs = c.builder.icmp_signed("!=", shape[axis], shape[axis].type(length))
        with c.builder.if_then(differs, likely=False):
            kind = shared.held.instance_class.__name__
            text = f"{kind}.{name} is %zd long in dimension {axis}, kernels are compiled for {length}: make it so"
            c.pyapi.err_format("PyExc_ValueError", text, shape[axis])
            c.builder.store(cgutils.true_bit, failed)


def shared(kind: type[Held]) -> type[Held]:
    """Decorate a NamedTuple of arrays that kernels only pass on, never make: it goes by pointer."""

    known: dict[tuple[Any, ...], Shared] = {}
    widths = _widths_of(kind)

    @typeof_impl.register(kind)
    def typeof_shared(value: tuple[Any, ...], c: Any) -> Shared:
        key = tuple(_looks(each) for each in value)
        if key not in known:
            held = types.NamedTuple([typeof(each, c.purpose) for each in value], kind)
            for name, lengths in widths.items():
                _check_type(held, name, lengths)
            known[key] = Shared(held, widths)
        return known[key]

    return kind


def _widths_of(kind: type[tuple[Any, ...]]) -> dict[str, tuple[int, ...]]:
    """Field -> the lengths that its annotation names."""
    hints = get_type_hints(kind, include_extras=True).items()
    said = {
        name: [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Width)] for name, hint in hints
    }
    return {name: each[0].lengths for name, each in said.items() if each}


def _check_type(held: types.NamedTuple, name: str, lengths: tuple[int, ...]) -> None:
    """Lengths are known of arrays that lie in memory row after row, with a dimension more at least."""
    field = held.types[held.fields.index(name)]
    if not isinstance(field, types.Array) or field.layout != "C" or field.ndim < len(lengths):
        raise TypeError(
            f"{held.instance_class.__name__}.{name} is {field}, not a C-contiguous array of width {lengths}"
        )


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
