"""What records of the .td lack, and a completion cannot give them: a record cannot be changed once it is defined.

It goes into copies of the files that define them (``pipeline.completing``): a decoder for an operand of several parts, which llvm-tblgen
wants for the disassembler; that a register is read and written, where assembly has it once; the flags of what ends a basic block; the
second operand of what begins a call; the registers of a return; that a jump without bits of its target is not decoded; that an instruction
of registers is not selected for a number; that a fragment never matches whose C++ cannot be used; a condition for a hardware mode.
"""

from __future__ import annotations

import re

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.archetypes.own_encodings import unplaced
from vega_gen.facts.left_out import left_out_by
from vega_gen.facts.misplaced import misplaced_numbers
from vega_gen.facts.view import TargetView
from vega_gen.records import Description, Instruction
from vega_gen.tablegen.mending import without_condition

_SKIPPED = frozenset({"isPseudo", "isCodeGenOnly", "isAsmParserOnly"})


def part(lacking: Lacking) -> str:
    """Returns what the copies of the target's files have that the files lack, as comments."""
    said = [f"// In the copy of the file that defines it, {name} says: {line}" for name, line in mendings(lacking).items()]
    if without_condition(lacking.own):
        said.append("// Each hardware mode has a condition, its features, in the copy of the file that defines it.")
    return "\n".join(said)


def mendings(lacking: Lacking) -> dict[str, str]:
    """Returns record -> the line that it lacks."""
    found = _undecoded(lacking.d)
    for more in (
        _untied(lacking.d), _unended(lacking), _no_branches(lacking.d), _older_calls(lacking), _unplaced(lacking.d), _misplaced(lacking),
        _unmatched(lacking.d), _return_node(lacking),
    ):  # fmt: skip
        found |= {name: f"{found[name]} {line}" if name in found else line for name, line in more.items()}
    return found


def _undecoded(d: Description) -> dict[str, str]:
    """Returns the operand types of which an encoding holds several parts as one field, and which the .td gives no decoder."""
    if d.data.get("Disassembler.present") != "1":
        return {}
    several = {o.name for o in d.operand_classes if len(o.sub_operands) > 1 and not o.decoder_method}
    found: dict[str, str] = {}
    for i in d.instructions:
        if not i.size or i.flags & _SKIPPED or i.decoder_method:
            continue
        fields = {bit.partition("{")[0] for bit in i.encoding}
        found |= {o.type: f'let DecoderMethod = "decode{o.type}";' for o in (*i.outs, *i.ins) if o.type in several and o.name in fields}
    return found


def _untied(d: Description) -> dict[str, str]:
    """Returns the instructions that read a register which their assembly does not name: it can only be the one that they write."""
    registers = {c.name for c in d.register_classes}
    return {i.name: f'let Constraints = "${name} = ${i.outs[0].name}";' for i in d.instructions if (name := _read(i, registers))}


def _unended(lacking: Lacking) -> dict[str, str]:
    """Returns the jumps, branches, calls and returns that lack a flag without which LLVM takes them for instructions in the middle of a
    basic block, or that have the flag of a call and are none, as far as a file defines them one by one."""
    m = lacking.m
    compared = [pair.branch for pairs in m.comparisons.values() for pair in pairs.values()]
    ends = "isTerminator", "isBarrier"
    calls = {op.record for op in (m.calls.direct, m.calls.indirect) if op}
    wanted: dict[str, tuple[str, ...]] = {}
    for op, flags in (
        *((op, ("isBranch", "isTerminator")) for op in (*m.branches.values(), m.branch_nonzero, *compared)),
        (m.jump, ("isBranch", *ends)),
        (m.jump_register, ("isBranch", "isIndirectBranch", *ends)),
        (m.calls.direct, ("isCall",)),
        (m.calls.indirect, ("isCall",)),
        (m.returns if m.return_node and not m.return_pseudo else None, ("isReturn", *ends)),
    ):
        # What has the return address as a result calls and jumps: pseudo instructions say which (see jumps).
        if op and op.outs == 0 and (flags == ("isCall",) or op.record not in calls):
            wanted[op.record] = flags
    known = {i.name: i.flags for i in lacking.d.instructions}
    found: dict[str, str] = {}
    for name, flags in wanted.items():
        lines = [f"let {flag} = 1;" for flag in flags if flag not in known[name]]
        lines += ["let isCall = 0;"] if "isCall" in known[name] and name not in calls else []
        if lines and re.search(rf"\bdef\s+{name}\b", lacking.own):
            found[name] = " ".join(lines)
    return found


def _no_branches(d: Description) -> dict[str, str]:
    """Returns the returns that say they are branches as well: LLVM would ask them for the block that they go to."""
    both = {"isReturn", "isBranch", "isBarrier"}
    return {i.name: "let isBranch = 0;" for i in d.instructions if both <= i.flags and "isIndirectBranch" not in i.flags}


def _return_node(lacking: Lacking) -> dict[str, str]:
    """Returns the node of a return that takes no registers: what is returned would not live until then."""
    own = [n for n in lacking.d.nodes if n.opcode == lacking.m.return_node and "SDNPVariadic" not in n.properties]
    return {n.name: f"let Properties = [{', '.join((*n.properties, 'SDNPVariadic'))}];" for n in own}


def _older_calls(lacking: Lacking) -> dict[str, str]:
    """Returns the node and the pseudo instructions of ISD::CALLSEQ_START where they have one operand, as before LLVM 5: a second one, the
    bytes of the sequence that the frame has already, is wanted since (llvm/include/llvm/CodeGen/ISDOpcodes.h)."""
    found: dict[str, str] = {}
    for i in lacking.d.instructions:
        begins = re.search(r"\((\w+) ", i.pattern) if "ISD::CALLSEQ_START" in i.nodes and len(i.ins) == 1 else None
        if begins:
            amount = i.ins[0]
            vt = next((o.type for o in lacking.d.operand_classes if o.name == amount.type and o.type), lacking.m.type)
            operands = f"let InOperandList = (ins {amount.type}:${amount.name}, {amount.type}:$inner);"
            found[i.name] = f"{operands} let Pattern = [({begins[1]} timm:${amount.name}, timm:$inner)];"
            found[begins[1]] = f"let TypeProfile = SDCallSeqStart<[SDTCisVT<0, {vt}>, SDTCisVT<1, {vt}>]>;"
    return found


def _unplaced(d: Description) -> dict[str, str]:
    """Returns the jumps whose target has no bits in the encoding: no decoder tells them from others, and llvm-tblgen would take others for
    them. Assembly has them all the same."""
    line = "let isAsmParserOnly = 1;"
    told = {i.name for i in d.instructions if not i.decoder_method and any(bit in "01" for bit in i.encoding)}
    return {name: line for name in unplaced(d) if name in told}


def _misplaced(lacking: Lacking) -> dict[str, str]:
    """Returns the instructions whose own pattern has a number where they have a register, as far as a file defines them one by one."""
    own = {i.name for i in lacking.d.instructions if i.pattern.startswith("[")}
    return {name: "let Pattern = [];" for name in misplaced_numbers(TargetView(lacking.d)) if name in own}


def _unmatched(d: Description) -> dict[str, str]:
    """Returns the fragments that never match, since their C++ or that of a transform that their numbers go through cannot be used, and
    those transforms."""
    wrong = left_out_by(d)
    transforms = {f.name for f in d.fragments if f.name in wrong and not f.dag.startswith("[")}
    never = wrong - transforms | {f.name for f in d.fragments if f.transform in transforms}
    own = {f.name: f for f in d.fragments if f.dag.startswith("[")}
    for matched, result in d.patterns:
        for name in re.findall(rf"\((?:{'|'.join(transforms)}) [^()]*\$(\w+)", result) if transforms else ():
            never |= set(re.findall(rf"(\w+):\${name}\b", matched)) & own.keys()
    found = dict.fromkeys(transforms, 'let XFormFunction = [{ llvm_unreachable("no fragment that matches asks for it"); }];')
    for name in never:
        field = "ImmediateCode" if re.search(r"\bImm\b", own[name].code) else "PredicateCode"
        found[name] = f"let {field} = [{{ return false; }}];"
    return found


def _read(i: Instruction, registers: set[str]) -> str:
    """Returns the register operand that an instruction without a pattern reads in the class of its result and does not name, "" if none."""
    if len(i.outs) != 1 or i.pattern or i.constraints or i.flags & _SKIPPED or not i.asm:
        return ""
    named = set(re.findall(r"\$\{?(\w+)", i.asm))
    unnamed = [o.name for o in i.ins if o.type in registers and o.name not in named]
    alike = [o.name for o in i.ins if o.type == i.outs[0].type and o.name not in named]
    return alike[0] if len(unnamed) == 1 == len(alike) and i.outs[0].name in named else ""
