"""Turn calling conventions and lists of callee-saved registers into typed records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from vega_gen.records import CallingConvention
from vega_gen.tablegen.raw import Raw
from vega_gen.tablegen.registers import RegisterSets
from vega_gen.tablegen.views import called_names, of_class


def calling_conventions(raws: Mapping[str, Raw], sets: RegisterSets) -> tuple[CallingConvention, ...]:
    """Return the calling conventions, and the lists of callee-saved registers."""
    found: list[CallingConvention] = []
    for raw in of_class(raws, "CallingConv"):
        registers: list[str] = []
        stack: list[tuple[int, int]] = []
        hooks: list[str] = []
        for action in _actions(raws, raw.items("Actions")):
            registers += action.items("RegList")
            if "CCAssignToStack" in action.classes or action.field("Align"):
                stack.append((action.number("Size"), action.number("Align")))
            hooks += [action.string("FuncName")] if action.field("FuncName") else []
            hooks += called_names(action.string("Predicate"))
        stack = stack or [*_delegated_stack(raws, raw.items("Actions"))]
        if raw.number("Custom"):
            hooks.append(raw.name)
        unique = tuple(dict.fromkeys(registers)), tuple(dict.fromkeys(stack)), tuple(dict.fromkeys(hooks))
        guarded = (_guarded(raws, raw.items("Actions"), guard, False) for guard in (r"!State\.isVarArg\(\)", r"ArgFlags\.\w+\(\).*"))
        fixed, marked = (tuple(dict.fromkeys(given)) for given in guarded)
        usual = {*_unguarded(raws, raw.items("Actions"), r"ArgFlags\.\w+\(\).*")}
        marked = tuple(r for r in marked if r not in usual)
        found.append(CallingConvention(raw.name, *unique, callee_saved=False, fixed=fixed, marked=marked, entry=raw.number("Entry") == 1,
                                       asks_module=_asks_module(raws, raw)))  # fmt: skip
    for raw in of_class(raws, "CalleeSavedRegs"):
        saved = sets.named(raw.name)
        # A list that names only what is preserved without a store is for register windows, which archetypes leave alone.
        if saved or not raw.field("OtherPreserved"):
            found.append(CallingConvention(raw.name, saved, (), (), callee_saved=True))
    return tuple(found)


def _asks_module(raws: Mapping[str, Raw], raw: Raw) -> bool:
    return any("getFunction().getParent()" in action.string("Predicate") for action in _actions(raws, raw.items("Actions")))


def _actions(raws: Mapping[str, Raw], names: Iterable[str]) -> Iterator[Raw]:
    """Yield actions in order, each followed by the actions it guards."""
    for name in names:
        raw = raws.get(name)
        if raw is not None:
            yield raw
            if raw.field("SubAction"):
                yield from _actions(raws, [raw.string("SubAction")])


def _delegated_stack(raws: Mapping[str, Raw], names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield the places on the stack of the conventions that actions hand arguments on to (CCDelegateTo)."""
    for action in _actions(raws, names):
        if "CCDelegateTo" in action.classes and (other := raws.get(action.string("CC"))):
            for one in _actions(raws, other.items("Actions")):
                if "CCAssignToStack" in one.classes or one.field("Align"):
                    yield one.number("Size"), one.number("Align")
            yield from _delegated_stack(raws, other.items("Actions"))


def _unguarded(raws: Mapping[str, Raw], names: Iterable[str], guard: str) -> Iterator[str]:
    """Yield the registers of the actions below no CCIf whose C++ matches ``guard``."""
    for raw in (raws[name] for name in names if name in raws):
        if re.fullmatch(guard, raw.string("Predicate").strip()) is None:
            yield from raw.items("RegList")
            yield from _unguarded(raws, [raw.string("SubAction")] if raw.field("SubAction") else [], guard)


def _guarded(raws: Mapping[str, Raw], names: Iterable[str], guard: str, inside: bool) -> Iterator[str]:
    """Yield the registers of the actions below a CCIf whose C++ matches ``guard``."""
    for raw in (raws[name] for name in names if name in raws):
        here = inside or re.fullmatch(guard, raw.string("Predicate").strip()) is not None
        yield from raw.items("RegList") if here else ()
        yield from _guarded(raws, [raw.string("SubAction")] if raw.field("SubAction") else [], guard, here)
