"""Derive contracts: the C++ functions and names that a target's .td files oblige its backend to define.

Signatures are the ones that LLVM 19's TableGen backends (llvm/utils/TableGen) emit calls for. No C++ of a target is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vega_gen.records import CallingConvention, ComplexPattern, Contract, ContractRole, Fragment, Instruction, OperandClass, SDNode
from vega_gen.tablegen.older_encodings import METHOD

# Headers that declare the functions which C++ in pattern fragments calls without qualification.
_LLVM_HEADERS = (
    "Support/MathExtras.h",
    "Support/Casting.h",
    "Support/Alignment.h",
    "ADT/bit.h",
    "ADT/APInt.h",
    "ADT/APFloat.h",
    "ADT/STLExtras.h",
    "ADT/Twine.h",
    "CodeGen/SelectionDAG.h",
    "CodeGen/SelectionDAGNodes.h",
    "CodeGen/SelectionDAGISel.h",
    "CodeGen/ISDOpcodes.h",
    "CodeGen/MachineValueType.h",
    "CodeGenTypes/MachineValueType.h",
    "CodeGen/ValueTypes.h",
    "CodeGen/TargetLowering.h",
    "IR/DebugLoc.h",
    "Support/ErrorHandling.h",
)
_TYPE = re.compile(r"u?int\d+_t|unsigned|int|bool|float|double")
_DECLARED = re.compile(r"\b(\w+)\s*\(|\b(?:class|struct)\s+(\w+)")
_TIED = re.compile(r"\$([\w.]+)\s*=\s*\$([\w.]+)")
_BUILT_IN_PARSER_CLASSES = ("", "Reg")
DEFAULT = re.compile(r" = (?:0|false|int64_t)(?=[,>])")
"""The default of a template's parameter, which stands in the declaration alone."""
_DEFAULTS = {"bool": " = false", "typename": " = int64_t"}
_NOT_REAL = frozenset({"isPseudo", "isCodeGenOnly"})


def llvm_names(llvm_include: Path) -> frozenset[str]:
    """Return the names that LLVM declares or calls in the headers that the C++ of fragments sees.

    ``llvm_include``: LLVM's include folder.
    """
    names: set[str] = set()
    for header in _LLVM_HEADERS:
        path = llvm_include / "llvm" / header
        if path.is_file():
            for function, record in _DECLARED.findall(path.read_text(encoding="utf-8", errors="replace")):
                names.add(function or record)
    return frozenset(names)


@dataclass(frozen=True)
class Views:
    """The views of a target from which its contracts follow.

    ``own_parser_classes``: names of its AsmOperandClass records. ``pass_subtarget``: whether printers take the subtarget
    (AsmWriter.PassSubtarget). ``llvm``: the result of ``llvm_names``.
    """

    name: str
    instructions: Sequence[Instruction]
    operand_classes: Mapping[str, OperandClass]
    nodes: Sequence[SDNode]
    fragments: Sequence[Fragment]
    complex_patterns: Sequence[ComplexPattern]
    calling_conventions: Sequence[CallingConvention]
    own_parser_classes: frozenset[str]
    pass_subtarget: bool
    llvm: frozenset[str]


class _Collector:
    """Contracts by role and name, each with the records and operand types that require it."""

    def __init__(self) -> None:
        self._found: dict[tuple[ContractRole, str, str], tuple[str, str, dict[str, None], dict[str, None]]] = {}
        self._arguments: dict[tuple[ContractRole, str, str], list[tuple[str, ...]]] = {}

    def add(self, role: ContractRole, written: str, signature: str, owner: str, record: str, types: Iterable[str] = ()) -> None:
        """Add a contract, or a record that requires a known one.

        ``written``: the name as the .td writes it; ``decodeSImm<12>`` is an instance of a function template.
        """
        name = written.partition("<")[0]
        arguments = template_arguments(written)
        signature = signature.replace(written, name)
        # Only printers are overloaded: one with an address for operands relative to it, one without; so may a template and a plain one.
        overload = f"{'<' in written} {signature}" if role is ContractRole.PRINTER else ""
        key = role, name, overload
        _, _, records, kinds = self._found.setdefault(key, (signature, owner, {}, {}))
        self._arguments.setdefault(key, []).append(arguments)
        records[record] = None
        kinds.update(dict.fromkeys(types))

    def contracts(self) -> tuple[Contract, ...]:
        return tuple(
            Contract(name, role, _head(role, self._arguments[role, name, overload]) + signature, owner, tuple(records), tuple(kinds))
            for (role, name, overload), (signature, owner, records, kinds) in self._found.items()
        )


def _head(role: ContractRole, instances: Sequence[tuple[str, ...]]) -> str:
    """The ``template_head`` of a contract: the numbers of a decoder, which are widths mostly, are unsigned where none is negative."""
    head = template_head(instances)
    negative = any(argument.startswith("-") for arguments in instances for argument in arguments)
    return head.replace("int P", "unsigned P") if role is ContractRole.DECODER and not negative else head


def template_arguments(written: str) -> tuple[str, ...]:
    """The arguments of an instance of a function template: ("7", "-1") of ``isUImm<7, -1>``, none of ``isUImm``."""
    given = written.partition("<")[2].rstrip(">")
    return tuple(argument.strip() for argument in given.split(",")) if given else ()


def is_instance(arguments: Sequence[str]) -> str:
    """C++ that says whether the parameters of a function template equal ``arguments``, "" for none: "P0 == 7 && P1 == -1"."""
    named = [(f"P{n}", a) for n, a in enumerate(arguments)]
    return " && ".join(f"std::is_same_v<{p}, {a}>" if _TYPE.fullmatch(a) else f"{p} == {a}" for p, a in named)


def template_head(instances: Sequence[tuple[str, ...]]) -> str:
    """What makes a function a template that all of these lists of arguments instantiate: "template <int P0, int P1 = 0> ", "" for no
    arguments at all. What some instances leave out, and calls without arguments do, has a default."""
    longest = max(instances, key=len)
    least = min(map(len, instances))
    found = [{_parameter_type(a[i]) for a in instances if len(a) > i} for i in range(len(longest))]
    types = [next(iter(kinds)) if len(kinds) == 1 else "auto" for kinds in found]
    defaults = ["" if i < least else _DEFAULTS.get(t, " = 0") for i, t in enumerate(types)]
    return f"template <{', '.join(f'{t} P{i}{d}' for i, (t, d) in enumerate(zip(types, defaults, strict=True)))}> " if types else ""


def _parameter_type(argument: str) -> str:
    """Return the type of a template parameter, inferred from one argument."""
    text = argument.strip()
    if text in ("true", "false"):
        return "bool"
    if _TYPE.fullmatch(text):
        return "typename"
    return "int" if re.fullmatch(r"-?(0x)?[0-9a-fA-F]+", text) else "auto"


def contracts(views: Views) -> tuple[Contract, ...]:
    """Return every contract of a target in order of roles, each once for its role (printers: once for each overload)."""
    out = _Collector()
    used = [i for i in views.instructions if i.namespace != "TargetOpcode"]
    real = [i for i in used if has_encoding(i) and _NOT_REAL.isdisjoint(i.flags)]
    _encoders(views, [i for i in used if has_encoding(i) and "isPseudo" not in i.flags], out)
    _decoders(views, [i for i in real if "isAsmParserOnly" not in i.flags], out)
    _printers(views, used, out)
    _parsers(views, [i for i in used if i.asm and "isCodeGenOnly" not in i.flags], out)
    _selection(views, out)
    _calling(views, out)
    return out.contracts()


def has_encoding(instruction: Instruction) -> bool:
    """Whether any bit of ``Inst`` is fixed. CodeEmitterGen and DecoderEmitter skip other instructions."""
    return any(bit in ("0", "1") for bit in instruction.encoding)


def has_asm_parser(
    operand_classes: Iterable[OperandClass], own_parser_classes: frozenset[str], instructions: Sequence[Instruction]
) -> bool:
    """Whether TableGen's matcher can read the assembly: the .td files define assembly operand classes of their own, beyond Target.td's
    immediates and registers, and most instructions begin with a mnemonic, not as equations do ("$dst += $src")."""
    texts = [i.asm for i in instructions if has_encoding(i) and i.asm]
    equations = sum(text.startswith(("$", "*")) for text in texts)
    return any(o.parser_class in own_parser_classes for o in operand_classes) and equations * 2 <= len(texts)


def _operands(views: Views, instruction: Instruction) -> Iterator[tuple[str, OperandClass]]:
    for operand in (*instruction.outs, *instruction.ins):
        known = views.operand_classes.get(operand.type)
        if known is not None:
            yield operand.name, known


def _encoders(views: Views, instructions: Sequence[Instruction], out: _Collector) -> None:
    tail = "SmallVectorImpl<MCFixup> &Fixups, const MCSubtargetInfo &STI) const"
    for instruction in instructions:
        wide = len(instruction.encoding) > 64
        result, value = ("void", "APInt &Value, ") if wide else ("uint64_t" if len(instruction.encoding) > 32 else "unsigned", "")
        for _, operand in _operands(views, instruction):
            for part in (operand, *(views.operand_classes[s] for s in operand.sub_operands if s in views.operand_classes)):
                if part.encoder_method:
                    signature = f"{result} {part.encoder_method}(const MCInst &MI, unsigned OpNo, {value}{tail}"
                    out.add(ContractRole.ENCODER, part.encoder_method, signature, "MCCodeEmitter", instruction.name, (part.name,))
        name = instruction.post_encoder_method
        if name:
            signature = f"unsigned {name}(const MCInst &MI, unsigned EncodedValue, const MCSubtargetInfo &STI) const"
            out.add(ContractRole.INSTRUCTION_ENCODER, name, signature, "MCCodeEmitter", instruction.name)


def _decoders(views: Views, instructions: Sequence[Instruction], out: _Collector) -> None:
    rest = "uint64_t Address, const MCDisassembler *Decoder)"
    for instruction in instructions:
        value = "uint64_t" if len(instruction.encoding) > 32 else "unsigned"
        name = instruction.decoder_method
        if name:
            out.add(
                ContractRole.INSTRUCTION_DECODER,
                name,
                f"static DecodeStatus {name}(MCInst &Inst, {value} Insn, {rest}",
                "",
                instruction.name,
                (o.type for o in (*instruction.outs, *instruction.ins)),
            )
            if name != METHOD:  # of these, TableGen makes a decoder too, which is not used
                continue
        encoded = {bit.partition("{")[0] for bit in instruction.encoding} - {"0", "1", "?"}
        said = [(a.partition(".")[0], b.partition(".")[0]) for a, b in _TIED.findall(instruction.constraints)]  # a part ties the whole
        tied = dict(pair for a, b in said for pair in ((a, b), (b, a)))
        names = {o.name for o in (*instruction.outs, *instruction.ins)}
        for operand_name, operand in _operands(views, instruction):
            parts = [views.operand_classes[s] for s in operand.sub_operands if s in views.operand_classes]
            # DecoderEmitter.cpp decodes an operand only if Inst has a field of its name; otherwise its sub-operands are decoded.
            whole = operand_name in encoded or tied.get(operand_name, operand_name) in encoded
            fields = {operand_name, tied.get(operand_name, operand_name)}
            width = sum(bit.partition("{")[0] in fields for bit in instruction.encoding)
            of_operand = "unsigned" if whole and width <= 32 else value  # a field, not the instruction, is what it decodes
            for part in [operand] if whole else parts if encoded - names else ():
                _operand_decoder(part, of_operand, rest, instruction.name, out)


def _operand_decoder(operand: OperandClass, value: str, rest: str, record: str, out: _Collector) -> None:
    name, role, kind = operand.decoder_method, ContractRole.DECODER, operand.name
    if not name and operand.register_class:
        name, role, kind = f"Decode{operand.register_class}RegisterClass", ContractRole.REGISTER_CLASS_DECODER, operand.register_class
    if name:
        argument = "unsigned RegNo" if role is ContractRole.REGISTER_CLASS_DECODER else f"{value} Val"  # a register's number fits unsigned
        out.add(role, name, f"static DecodeStatus {name}(MCInst &Inst, {argument}, {rest}", "", record, (kind,))


def _printers(views: Views, instructions: Sequence[Instruction], out: _Collector) -> None:
    subtarget = "const MCSubtargetInfo &STI, " if views.pass_subtarget else ""
    # One method prints operands with a modifier and those without: its parameter has a default, which an overload would make ambiguous.
    modified = {
        operand.print_method
        for instruction in instructions
        for name, operand in _operands(views, instruction)
        if f"${{{name}:" in instruction.asm
    }
    for instruction in instructions:
        # AsmWriterInst.cpp prints the operands that the assembly string names.
        printed = set(re.findall(r"\$\{?(\w+)", instruction.asm))
        for name, operand in _operands(views, instruction):
            if name not in printed:
                continue
            address = "uint64_t Address, " if operand.operand_type == "OPERAND_PCREL" else ""
            extra = ", const char *Modifier" if operand.print_method in modified else ""
            signature = f"void {operand.print_method}(const MCInst *MI, {address}unsigned OpNo, {subtarget}raw_ostream &O{extra})"
            out.add(ContractRole.PRINTER, operand.print_method, signature, "MCInstPrinter", instruction.name, (operand.name,))


def _parsers(views: Views, instructions: Sequence[Instruction], out: _Collector) -> None:
    if not has_asm_parser(views.operand_classes.values(), views.own_parser_classes, instructions):
        return
    for instruction in instructions:
        for _, operand in _operands(views, instruction):
            parsed = [operand]
            if operand.parser_class not in views.own_parser_classes and operand.sub_operands:
                parsed = [views.operand_classes[s] for s in operand.sub_operands if s in views.operand_classes]
            for part in parsed:
                _operand_parser(part, instruction.name, out)


def _operand_parser(operand: OperandClass, record: str, out: _Collector) -> None:
    owner, kinds = "MCParsedAsmOperand", (operand.name,)
    render = "addRegOperands" if operand.parser_class in _BUILT_IN_PARSER_CLASSES and operand.register_class else operand.render_method
    if render:
        signature = f"void {render}(MCInst &Inst, unsigned N) const"
        out.add(ContractRole.OPERAND_RENDER, render, signature, owner, record, kinds)
    if operand.predicate_method and operand.parser_class not in _BUILT_IN_PARSER_CLASSES:
        name = operand.predicate_method
        out.add(ContractRole.OPERAND_PREDICATE, name, f"bool {name}() const", owner, record, kinds)
    if operand.parser_method:
        name = operand.parser_method
        out.add(ContractRole.OPERAND_PARSER, name, f"ParseStatus {name}(OperandVector &Operands)", "MCTargetAsmParser", record, kinds)


def _selection(views: Views, out: _Collector) -> None:
    for pattern in views.complex_patterns:
        params = ["SDNode *Parent"] if "SDNPWantParent" in pattern.properties else []
        params += ["SDNode *Root"] if "SDNPWantRoot" in pattern.properties else []
        params += ["SDValue N", *(f"SDValue &Op{i}" for i in range(pattern.operands))]
        signature = f"bool {pattern.select_function}({', '.join(params)})"
        if pattern.select_function:
            out.add(ContractRole.COMPLEX_PATTERN, pattern.select_function, signature, "SelectionDAGISel", pattern.name, (pattern.type,))
    inserter = "EmitInstrWithCustomInserter"
    for instruction in views.instructions:
        if "usesCustomInserter" in instruction.flags:
            signature = f"MachineBasicBlock *{inserter}(MachineInstr &MI, MachineBasicBlock *MBB) const"
            types = (o.type for o in (*instruction.outs, *instruction.ins))
            out.add(ContractRole.CUSTOM_INSERTER, inserter, signature, "TargetLowering", instruction.name, types)
    for node in views.nodes:
        out.add(ContractRole.ISD_NODE, node.opcode, f"enum NodeType {{ {node.opcode.rpartition('::')[2]} }}", "", node.name)
    for fragment in views.fragments:
        for name in fragment.calls:
            if "::" not in name and name not in views.llvm:
                out.add(ContractRole.FRAGMENT_HELPER, name, f"{name}(...)", "SelectionDAGISel", fragment.name)


def _calling(views: Views, out: _Collector) -> None:
    parameters = "ValNo, MVT {r}ValVT, MVT {r}LocVT, CCValAssign::LocInfo {r}LocInfo, ISD::ArgFlagsTy {r}ArgFlags, CCState &State)"
    for convention in views.calling_conventions:
        for hook in convention.hooks:
            if hook in views.llvm or "::" in hook:
                continue
            # CallingConvEmitter.cpp passes references to a CCCustom function; a custom convention has the type CCAssignFn.
            r = "" if hook == convention.name else "&"
            signature = f"bool {hook}(unsigned {r}{parameters.format(r=r)}"
            out.add(ContractRole.CALLING_CONVENTION, hook, signature, "", convention.name)
