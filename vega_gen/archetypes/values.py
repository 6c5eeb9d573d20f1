"""Computes the values that archetypes' templates are rendered with, from a description, its facts and LLVM's interface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import pairwise
from typing import Any

from vega_gen.archetypes.addressing import addressing_values
from vega_gen.archetypes.atomics import atomic_values, fence_action
from vega_gen.archetypes.compared_values import compared_values, opposite_by_flags
from vega_gen.archetypes.completion.accessed_parts import part_stores
from vega_gen.archetypes.complex_patterns import is_shifted
from vega_gen.archetypes.contract_values import contract_values
from vega_gen.archetypes.doubtful import Doubtful
from vega_gen.archetypes.extensions import extension_values
from vega_gen.archetypes.floating import float_values
from vega_gen.archetypes.fragment_names import (
    customary,
    named_types,
    older_constants,
    older_names,
    range_tests,
    register_variables,
    type_methods,
    width_methods,
)
from vega_gen.archetypes.frame_information import frame_information
from vega_gen.archetypes.function_info import function_info
from vega_gen.archetypes.inner_results import inner_classes, part_classes
from vega_gen.archetypes.interface_values import calling_hooks, interface_values
from vega_gen.archetypes.legality import branch_custom, by_truth, legality_actions, set_branches, shift_amount, sign_extended_words
from vega_gen.archetypes.narrow_parts import part, part_copies
from vega_gen.archetypes.number_values import adds_to_zero, inserted_parts, number_loads
from vega_gen.archetypes.operand_types import namesakes, own_class, register_prefix
from vega_gen.archetypes.operation_actions import (
    condition_actions,
    library_logic,
    memory_actions,
    narrow_actions,
    operation_actions,
    shifts_parts,
)
from vega_gen.archetypes.own_encodings import counted_targets, memory_operands, own_encodings, plain_siblings, unplaced
from vega_gen.archetypes.printed_pseudos import expansions, made_calls, sized, written
from vega_gen.archetypes.relocations import relocation_values
from vega_gen.archetypes.string_values import string_values
from vega_gen.archetypes.subtarget_fields import by_macro, subtarget_fields, subtarget_predicates
from vega_gen.archetypes.tail_calls import tail_calls
from vega_gen.cxx.interface import TRIPLES, Interface
from vega_gen.facts.absent import may_be_absent
from vega_gen.facts.byte_order import ByteOrder, byte_order
from vega_gen.facts.code_units import code_unit
from vega_gen.facts.conditions import OPPOSITE
from vega_gen.facts.doubts import BY_DEFAULT, Doubt, evidence
from vega_gen.facts.find import Facts
from vega_gen.facts.fixups import Fixup, fixups
from vega_gen.facts.memory import offset_part, step
from vega_gen.facts.operations import CONDITIONS, OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, OperandKind, Range, Selections
from vega_gen.records import Description, Instruction
from vega_gen.tablegen.contracts import template_arguments
from vega_gen.tablegen.subtargets import ATTRS, CPU, MODE, basic, default_cpu

_COMMENT = Doubt(BY_DEFAULT, "no .td says how a comment begins: # is assumed, or // where instructions have a #")
# Methods that archetypes override where LLVM's class declares them. A pure virtual method that is not listed leaves a class that does not
# compile.
_METHODS = {
    "instr_info_methods": (
        "TargetInstrInfo",
        "copyPhysReg storeRegToStackSlot loadRegFromStackSlot analyzeBranch removeBranch insertBranch "
        "reverseBranchCondition getBranchDestBlock isBranchOffsetInRange getInstSizeInBytes",
    ),
    "register_info_methods": (
        "TargetRegisterInfo",
        "getCalleeSavedRegs getCallPreservedMask getReservedRegs getFrameRegister requiresRegisterScavenging "
        "requiresFrameIndexScavenging eliminateFrameIndex",
    ),
    "lowering_methods": (
        "TargetLowering",
        "getTargetNodeName LowerOperation LowerFormalArguments CanLowerReturn LowerReturn LowerCall getRegForInlineAsmConstraint",
    ),
    "mc_expr_methods": (
        "MCTargetExpr", "printImpl evaluateAsRelocatableImpl visitUsedExpr findAssociatedFragment fixELFSymbolsInTLSFixups",
    ),
    "asm_backend_methods": (
        "MCAsmBackend", "createObjectTargetWriter getNumFixupKinds getFixupKindInfo applyFixup writeNopData fixupNeedsRelaxation",
    ),
    "object_writer_methods": ("MCELFObjectTargetWriter", "getRelocType needsRelocateWithSymbol"),
    "inst_printer_methods": ("MCInstPrinter", "printRegName printInst getMnemonic"),
    "asm_parser_methods": (
        "MCTargetAsmParser",
        "parseRegister ParseRegister tryParseRegister parseInstruction ParseInstruction ParseDirective matchAndEmitInstruction "
        "MatchAndEmitInstruction",
    ),
}
_BRANCH_METHODS = {
    "analyzeBranch", "removeBranch", "insertBranch", "reverseBranchCondition", "getBranchDestBlock", "isBranchOffsetInRange",
}  # fmt: skip
_FAR = 1 << 62
"""No offset is greater: C++ has no literal for the least number of 64 bits."""
_OPTIONAL = {"fixupNeedsRelaxation", "ParseDirective", "fixELFSymbolsInTLSFixups", "getNumFixupKinds"}


_SHIFTS = frozenset({"shl", "sra", "srl"})


def values(d: Description, m: Facts, llvm: Interface, arch: str, machine: int = 0, *, big_endian: bool | None = None) -> dict[str, Any]:
    """Returns every value that a template names. ``arch``: the first part of the triple. For ``machine`` and ``big_endian`` see
    ``archetypes.files.archetypes``."""
    registered = any(llvm.enumerator(header, arch) for header in TRIPLES)
    big_endian = True if m.big_endian else big_endian
    kinds, fixed = fixups(d, m)
    sizes = [i.size for i in d.instructions if i.size and _encoded(i)]
    fields = subtarget_fields(d)
    asked = registered and big_endian is None
    untold, named = "false" if big_endian else "true", f"EM_{arch.upper()}"
    answers = subtarget_predicates(d, fields, llvm, "TT.isLittleEndian()" if asked else untold)
    doubt = m.doubts.get("stack_alignment")
    tails = [tail for tail in tail_calls(d, m) if tail.node]
    aligned = partial(Doubtful, doubt=doubt) if doubt else str
    given: dict[str, Any] = {
        "N": d.name, "T": d.folder, "NS": d.namespace, "m": m, "llvm": llvm,
        "arch": arch if registered else "UnknownArch", "march": arch,
        "little_endian": "TT.isLittleEndian()" if asked else untold,
        "little_endian_here": "STI.getTargetTriple().isLittleEndian()" if asked else untold,
        "machine_number": f"ELF::{named}" if llvm.enumerator("llvm/BinaryFormat/ELF.h", named) else str(machine or "ELF::EM_NONE"),
        "narrow_conversions": m.native == 64 and not m.narrow, "sign_extended_words": sign_extended_words(d, m),
        # The stack is aligned no more: what a caller aligned further would lie elsewhere.
        "variable_alignment": min(m.wide_alignment, m.stack_alignment) if m.wide_alignment > m.native // 8 else 0,
        "stack_alignment": aligned(str(m.stack_alignment)), "data_layout": aligned(f'"{data_layout(m)}"'),
        "code_alignment": code_unit(d), "largest_instruction": max(sizes, default=4),
        # Every function can be called: where calls count in greater units than instructions lie in, from one of those.
        "function_alignment": max([code_unit(basic(d)), *(k.rounded for k in kinds if k.use == "jump")]),
        "default_cpu": d.data.get(CPU) or default_cpu(d), "default_features": d.data.get(ATTRS, ""),
        "named_types": named_types(d), "range_tests": range_tests(d),
        "register_width_methods": width_methods(d), "register_type_methods": type_methods(d),
        "modes": [mode.name for mode in d.modes], "mode": d.data.get(MODE, ""),
        "subtarget_fields": fields, "fields_by_macro": by_macro(d, fields),
        "subtarget_predicates": answers, "comment": Doubtful(_comment(d), _COMMENT),
        "in_words": byte_order(d) is ByteOrder.WORDS,
        "fixups": kinds, "fixed_operands": fixed, "named_fixups": _named_fixups(d, kinds), "nop": _nop(d, m),
        "unsized": unsized(d),
        "wide_code": any(len(i.encoding) > 64 for i in d.instructions),
        "node_scopes": _scopes(d), "calling_hooks": calling_hooks(d, m, llvm),
        "module_asked": any(c.asks_module for c in d.calling_conventions),
        "calling_entries": [c.name for c in d.calling_conventions if c.entry],
        "complex_patterns": [], "alternative_names": d.alternative_names,
        "pass_subtarget": d.data.get("AsmWriter.PassSubtarget", "0") != "0", "namesakes": namesakes(d),
        "register_prefix": register_prefix(d, m.gpr), "encoded": d.data.get("Disassembler.present") == "1",
        "colon_in_registers": any(":" in r.asm_name for r in d.registers),
        "breaks_at_point": "." in d.data.get("AsmParserVariant.BreakCharacters", ""),
        "delayed": _delayed(d, m) if m.nop else "",
        "nop_bytes": next((i.size for i in d.instructions if m.nop and i.name == m.nop.record), 0),
        "numbers": [] if d.data.get("Register.encoded", "1") == "1" else [(r.name, r.encoding) for r in d.registers if r.encoding],
        "instruction_predicates": d.data.get("InstrInfo.predicates") == "1", "made_calls": made_calls(d, m), "sized": sized(d, m),
        "expansions": expansions(d), "tails": tails, "written": [*written(d, m), *((tail.record, tail.jump) for tail in tails)],
        "memory_operands": memory_operands(d),
        "encodings": own_encodings(d), "counted_targets": counted_targets(d), "unplaced": unplaced(d),
        "plain_siblings": plain_siblings(d), "number_loads": number_loads(m),
        "inserted_parts": inserted_parts(m),
        "pool_before": bool(m.pool) and any(kinds[o.fixup].back for o in fixed if m.pool in o.records),
        "zero_reads": _zero_reads(d, m), "copy_by_add": bool(m.add_immediate), "has_stack": m.sp != "NoRegister",
        "printer": d.name + (d.data.get("AsmWriter.AsmWriterClassName") or "InstPrinter"),
        "prefixed": m.prefix is not None and m.load_symbol is not None,
        "parser_class": d.data.get("AsmParser.AsmParserClassName") or "AsmParser",
        "match_names": d.data.get("AsmParser.ShouldEmitMatchRegisterName", "1") == "1",
        "match_alternative_names": d.data.get("AsmParser.ShouldEmitMatchRegisterAltName", "0") == "1",
        "near_misses": d.data.get("AsmParser.ReportMultipleNearMisses", "0") == "1",
        "older_constants": older_constants(d),
        "older_names": older_names(d, llvm),
        "customary": customary(d), "function_info": function_info(d),
        "soft_float_asked": "useSoftFloat()" in d.data.get("CallingConv.conditions", ""),
        "register_variables": register_variables(d, llvm), "subtarget_variable": d.data.get("Subtarget.variable", ""),
        "subtarget_by_dot": any("Subtarget." in code for code in d.predicates.values()),
        "inserted_frames": [
            i.name for i in d.instructions if "usesCustomInserter" in i.flags and i.name in (m.frame_setup, m.frame_destroy)
        ],
        "br_pattern": "br" in m.legal, "brind_pattern": "brind" in m.legal,
    }  # fmt: skip
    given["part_stores"] = part_stores(d, m)
    for key, (owner, names) in _METHODS.items():
        given[key] = [n for n in names.split() if llvm.declares(f"{owner}::{n}") and (n not in _OPTIONAL or llvm.pure(f"{owner}::{n}"))]
    if not m.jump:  # no branch can be analyzed or moved
        given["instr_info_methods"] = [n for n in given["instr_info_methods"] if n not in _BRANCH_METHODS]
    given["cheap_sums"] = _cheap_sums(d)
    given["instr_info_methods"] += ["isAsCheapAsAMove"] if given["cheap_sums"] else []
    given["instr_info_methods"] += ["expandPostRAPseudo"] if m.compare_branches else []
    given["lowering_methods"] += ["EmitInstrWithCustomInserter"] if m.selects or given["inserted_frames"] or given["part_stores"] else []
    given["register_info_methods"] += [] if m.stack or _address_register(m) else ["isFrameOffsetLegal"]
    given["register_info_methods"] += ["useFPForScavengingIndex"] if _low_frame(m) else []
    if any(o.decoder_method.startswith("DecodePointerLike") for o in d.operand_classes):
        given["register_info_methods"].append("getPointerRegClass")
    known = {field["getter"] for field in fields} | answers.keys()
    given |= frame_information(d, m) | interface_values(llvm) | string_values(d) | extension_values(d) | _code_generator(d, m, known)
    given |= float_values(d, m, known) | atomic_values(d, m, known) | addressing_values(d, m, kinds, fixed)
    return given | relocation_values(d, kinds, fixed, llvm) | contract_values(d, m, given)


def _cheap_sums(d: Description) -> bool:
    """Whether an instruction that the .td calls as cheap as a move reads a register."""
    s = Selections(d)
    return any(not o.out and o.kind is OperandKind.REG for i in d.instructions if "isAsCheapAsAMove" in i.flags for o in s.operands(i.name))


def _zero_reads(d: Description, m: Facts) -> bool:
    """Whether the zero register is of the pointers' class and constant in the .td: then the register allocator knows that copies of it
    need no instruction."""
    members = next((c.members for c in d.register_classes if c.name == m.gpr), ())
    return m.zero in d.data.get("Register.constant", "").split() and m.zero in members and m.gpr in m.copies


def _delayed(d: Description, m: Facts) -> str:
    """Returns the C++ that asks whether an instruction MI has a delay slot, "" where none has."""
    flagged = any("hasDelaySlot" in i.flags for i in d.instructions)
    return "MI.hasDelaySlot()" if m.delayed and flagged else "MI.isBranch() || MI.isCall() || MI.isReturn()" if m.delayed else ""


def data_layout(m: Facts) -> str:
    """Returns the data layout string without its byte order ("e" or "E"). What is wider than a word has ``wide_alignment``."""
    wide = max(m.wide_alignment * 8, 16)
    types = ["i64"] if m.native == 64 else ["i64", "f64"] if m.native == 32 else ["i32", "i64", "f32", "f64"]
    types = [t for t in types if t not in {f.type for f in m.floats}]  # instructions access those where they are aligned
    types += ["i128"] if wide > 64 else []
    aligned = "-".join(f"{t}:{min(wide, int(t[1:]))}" for t in types)
    return f"-m:e-p:{m.native}:{m.native}-{aligned}-n{m.native}-S{m.stack_alignment * 8}"


def unsized(d: Description) -> dict[int, list[str]]:
    """Returns bytes of an encoding -> the instructions that have it and for which the .td sets no Size, most instructions last."""
    found: dict[int, list[str]] = {}
    for i in d.instructions:
        if _encoded(i) and (not i.size or d.data.get("Instruction.sized") == "0"):
            found.setdefault(len(i.encoding) // 8, []).append(i.name)
    return dict(sorted(found.items(), key=lambda pair: len(pair[1])))


def _comment(d: Description) -> str:
    """Returns what begins a comment, as a C++ string. TableGen's matcher reads a # before a number all the same."""
    taken = d.data.get("AsmParser.present") != "1" and any("#" in i.asm for i in d.instructions if _encoded(i))
    return '"//"' if taken else '"#"'


def _encoded(i: Instruction) -> bool:
    return any(bit in "01" for bit in i.encoding) and "isPseudo" not in i.flags


def _named_fixups(d: Description, kinds: Sequence[Fixup]) -> list[str]:
    """Enumerators of the target's namespace that the templates of encoder methods take as arguments, and no fixup of ours is called.
    Registers are of that namespace too, and have theirs."""
    given = {a for o in d.operand_classes for a in template_arguments(o.encoder_method) if a.startswith(f"{d.namespace}::")}
    return sorted({a.rpartition("::")[2] for a in given} - {k.name for k in kinds} - {r.name for r in d.registers})


def _scopes(d: Description) -> list[tuple[str, list[str]]]:
    found: dict[str, dict[str, None]] = {}
    for node in d.nodes:
        scope, _, name = node.opcode.rpartition("::")
        if scope:
            found.setdefault(scope, {})[name] = None
    return [(scope, list(names)) for scope, names in found.items()]


def _nop(d: Description, m: Facts) -> list[int]:
    """Returns the bytes of the nop as they lie in little-endian memory."""
    i = next((i for i in d.instructions if m.nop and i.name == m.nop.record), None)
    if i is None or m.nop is None or not i.encoding:
        return []
    bits = int("".join(b if b in "01" else "0" for b in i.encoding), 2)
    s, codes = Selections(d), {r.name: r.encoding for r in d.registers}
    for index, operand in enumerate(s.operands(i.name)):
        code = codes.get(m.nop.value(index), 0)  # a number is 0
        bits |= sum(1 << at for bit, at in s.field(i.name, operand.name) if operand.part < 1 and code >> bit & 1)
    plain = bits.to_bytes(max(len(i.encoding) // 8, i.size, 1), "little")
    order = byte_order(d)
    return [plain[order.place(n, i.size)] for n in range(i.size)]


def _sum_class(d: Description, m: Facts) -> str:
    """Returns the class of the registers that the sum of two addresses can be put into: that of addresses, or some of it."""
    return own_class(d, m.gpr, m.add, OperandRole.DST) or m.gpr


def _parts(d: Description, m: Facts) -> set[str]:
    """Returns the registers that are parts of those that hold addresses and are not reserved."""
    registers = {r.name: r for r in d.registers}
    members = next((c.members for c in d.register_classes if c.name == m.gpr), ())
    found, waiting = set[str](), [r for r in members if r not in m.reserved]
    while waiting:
        inner = registers[name].subregisters if (name := waiting.pop()) in registers else ()
        waiting += [r for r in inner if r not in found]
        found |= {*inner}
    return found


def _behind(op: Operation) -> int:
    """Returns how many operands behind the base an operation has its offset."""
    base = OperandRole.BASE if OperandRole.BASE in op.roles else OperandRole.SRC
    return op.index(OperandRole.IMM) - op.index(base) if {base, OperandRole.IMM} <= set(op.roles) else 1


def _code_generator(d: Description, m: Facts, known: AbstractSet[str]) -> dict[str, Any]:
    load, store = m.loads.get(("", m.native)), m.stores.get(m.native)
    floating = [op for f in m.floats for op in (f.load, f.store)]
    memory = [*m.loads.values(), *m.stores.values(), *floating, *([m.add_immediate] if m.add_immediate else [])]
    ranges: dict[tuple[int, int, int], list[str]] = {}
    offsets = {op.record: (op.range, _behind(op)) for op in memory if op.range} | _offsets(d)
    for record, (r, _) in offsets.items():
        ranges.setdefault((r.low, r.high, r.shift), []).append(record)
    farther = {at: [record for record, (_, other) in offsets.items() if other == at] for at in {at for _, at in offsets.values()} - {1}}
    add = m.add_immediate.range if m.add_immediate else None
    unit = max(m.native // 8 * 2, 2)
    high = add.high // unit * unit if add else 0
    saved = [r for r in m.saved if r not in m.reserved or r == m.ra]
    saved += [r for r in (m.ra, m.fp) if r and r not in saved]
    allocatable = {r for c in d.register_classes if c.allocatable for r in c.members}
    parts = _parts(d, m)
    selections = Selections(d)
    return {
        "load": load, "store": store,
        "load_class": own_class(d, m.gpr, load, OperandRole.DST), "store_class": own_class(d, m.gpr, store, OperandRole.SRC),
        "some_bases": _some_bases(d), "sum_class": _sum_class(d, m), "adds_to_zero": adds_to_zero(d, m),
        "offset_ranges": [(max(low, -_FAR), min(high, _FAR), shift, names) for (low, high, shift), names in ranges.items()],
        "farther_offsets": farther,
        "low_frame": _low_frame(m), "upper_fp": bool(m.fp) and not _low_frame(m), "address_register": _address_register(m),
        "saved_arguments": [r for r in saved if r in m.arguments],
        "link_saved": next((r for r in saved if r not in (m.ra, m.fp, m.sp, *m.arguments)), "")
        if m.link and not m.scratch else "",
        "scratch": f"{d.namespace}::{m.scratch}" if m.scratch else "Register()",
        "step_high": high, "step_low": -(-add.low // unit * unit) if add and add.signed else -high,
        "callee_saved": saved,
        "reserved": [r for r in m.reserved if r in allocatable and r not in parts],
        "reserved_parts": [r for r in m.reserved if r in allocatable and r in parts],
        "unallocatable": [r for r in dict.fromkeys((*m.reserved, *m.register_roles, *_read(d))) if r not in allocatable],
        "value_classes": [(m.type, m.gpr), *([(f"i{m.narrow.bits}", m.narrow.register_class)] if m.narrow else [])],
        "conditional_branches": _conditional_branches(d, m), **compared_values(d, m),
        "pushed": m.native // 8 if m.calls.direct and OperandRole.LINK not in m.calls.direct.roles and not (m.ra or m.link) else 0,
        "actions": [
            *(f"setOperationAction({a});" for a in operation_actions(m)), *fence_action(d, m), *narrow_actions(m),
            *legality_actions(d, m, known),
        ],
        "condition_actions": condition_actions(m), **memory_actions(m), "evidence": evidence(m),
        "set_custom": not (m.selects and m.compare_branches) and not set(CONDITIONS) <= m.sets,
        "by_truth": by_truth(m), "set_branches": [] if by_truth(m) else set_branches(m),
        "branch_custom": not m.compare_branches and not by_truth(m) and (branch_custom(m) or not set(CONDITIONS) <= m.sets),
        "number_part": part(d, m, m.narrow) if m.narrow and "imm" not in m.narrow.legal else None,
        "part_copies": part_copies(d, m), "shift_amount": shift_amount(d, m), "inner_classes": inner_classes(d, m),
        "part_classes": part_classes(d, m),
        "shift_nodes": {root: op for root, op in m.shifts.items() if all(s.record != op.record for s in selections.of(root))},
        "shifts_parts": shifts_parts(m), "library_logic": library_logic(m),
        "shift_custom": not m.legal >= _SHIFTS or bool(m.narrow and not m.narrow.legal >= _SHIFTS),
    }  # fmt: skip


def _low_frame(m: Facts) -> bool:
    """Whether the frame pointer belongs at the lower end of the frame: no offset of a load or store is negative."""
    words = [op.range for op in (m.loads.get(("", m.native)), m.stores.get(m.native)) if op and op.range]
    return bool(m.fp and words) and not m.stack and all(r.low >= 0 and r.high > 0 for r in words)


def _address_register(m: Facts) -> str:
    """Returns the register that is kept for addresses on the stack, "" where a load or store of a word has an offset, or none is free."""
    words = [op for op in (m.loads.get(("", m.native)), m.stores.get(m.native)) if op]
    return m.scratch if words and not m.stack and not all(OperandRole.IMM in op.roles for op in words) else ""


def _offsets(d: Description) -> dict[str, tuple[Range, int]]:
    """Returns instruction with a base register and an offset -> the offsets that all its memory operands allow, and how many operands
    behind the base the offset stands."""
    selections = Selections(d)
    found: dict[str, tuple[Range, int]] = {}
    for i in d.instructions:
        slots = [slot for slot in selections.operands(i.name) if not is_shifted(slot.whole, selections)]
        bases = [slot.name for slot in slots if slot.part == 0 and slot.kind is OperandKind.REG]
        parts = {name: offset_part(selections, i.name, name) for name in bases}
        numbers = [slot for slot in slots if parts.get(slot.name, -1) == slot.part > 0]
        first = [a for a, b in pairwise(slots) if a.name == b.name and (a.part, b.part, a.kind, b.kind) == (0, 1, "imm", "reg")]
        if numbers:
            found[i.name] = min(((selections.immediate(i.name, slot), slot.part) for slot in numbers), key=lambda pair: pair[0].high)
        elif first:
            found[i.name] = min(((selections.immediate(i.name, slot), -1) for slot in first), key=lambda pair: pair[0].high)
        elif beside := _beside(selections, i):
            found[i.name] = selections.immediate(i.name, beside), 1
    return found


def _beside(s: Selections, i: Instruction) -> OperandInfo | None:
    """Returns the offset, in bytes, of a load or store whose pattern has the base before it: (load (address GR:$base, off:$offset))."""
    if i.flags.isdisjoint({"mayLoad", "mayStore"}):
        return None
    for one in s.every(i.name):
        for base, offset in pairwise(s.operands(i.name)):
            paths = one.paths.get(base.name, ()), one.paths.get(offset.name, ())
            joined = len(paths[0]) == 2 and (*paths[0][:1], 1) == paths[1] and paths[0][1] == 0
            kinds = base.kind is OperandKind.REG and offset.kind is OperandKind.IMM and offset.part < 0
            if joined and kinds and step(s, offset.type) == 1:
                return offset
    return None


def _read(d: Description) -> Iterator[str]:
    """Yields the registers that calls read though no argument is in them, as one of rounding modes: they have a value from the start."""
    yield from (r for i in d.instructions if "isCall" in i.flags for r in i.uses)


def _some_bases(d: Description) -> bool:
    """Whether the base of some memory operand is of a class without the register of number 0."""
    s = Selections(d)
    based = {slot.type for i in d.instructions for slot in s.operands(i.name) if slot.part == 0 and slot.kind is OperandKind.REG}
    return any(may_be_absent(d, type_name) for type_name in based)


def _conditional_branches(d: Description, m: Facts) -> list[dict[str, Any]]:
    """Returns the conditional branches with one target: the target's operand, its range, and the branch with the opposite condition."""
    selections = Selections(d)
    found: list[dict[str, Any]] = []
    for i in d.instructions:
        if not {"isBranch", "isTerminator"} <= i.flags or i.flags & {"isBarrier", "isIndirectBranch", "isCall"}:
            continue
        targets = [n for n, slot in enumerate(selections.operands(i.name)) if slot.kind is OperandKind.TARGET]
        if len(targets) == 1:
            own = next((pair for pair in m.branches.items() if pair[1].record == i.name), None)
            other = m.branches.get(OPPOSITE[own[0]]) if own else None
            slot = selections.operands(i.name)[targets[0]]
            r, origin = selections.immediate(i.name, slot), selections.distances.origin(slot.type)
            alike = own and other and other.roles == own[1].roles and other.record != i.name  # else the number of a condition tells them
            opposite_record = other.record if other and alike else opposite_by_flags(m, i.name)
            found.append({"record": i.name, "target": targets[0], "opposite": opposite_record, "reach": (r.low + origin, r.high + origin)})
    return found
