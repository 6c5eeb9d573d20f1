"""Turn raw TableGen records into the typed records of a ``Description``, one view for each TableGen class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from vega_gen.records import (
    PART_OF_OTHERS,
    ComplexPattern,
    Fragment,
    Instruction,
    InstructionOperand,
    OperandClass,
    PatternOperator,
    Register,
    RegisterClass,
    SDNode,
)
from vega_gen.tablegen.raw import Dag, Raw, parse_dag, top_level
from vega_gen.tablegen.registers import RegisterSets

WANTED = frozenset(
    {
        "Instruction", "Register", "RegisterTuples", "RegisterClass", "RegisterOperand", "DAGOperand", "AsmOperandClass",
        "SDNode", "SDPatternOperator", "ComplexPattern", "SubtargetFeature", "CallingConv", "CalleeSavedRegs", "CCAction",
        "Processor", "SubRegIndex", "Target", "InstrInfo", "AsmParser", "AsmParserVariant", "AsmWriter", "SDNodeXForm",
        "HwMode", "HwModeSelect", "Predicate", "Pattern", "RegAltNameIndex", "RegInfo", "ValueType", "SDTypeProfile", "SDTypeConstraint",
        "PointerLikeRegClass", "SchedMachineModel", "InstRW", "InstAlias", "TIIPredicate",
    }
)
DEFAULT_MODE = "DefaultMode"
_LLVM_NAMESPACES = ("ISD::", "TargetOpcode::")
_CALL = re.compile(r"(?<![\w.>])((?:\w+::)*\w+)\s*(?:<[\w\s,:]*>)?\s*\(")
_KEYWORDS = frozenset({"if", "for", "while", "switch", "return", "sizeof", "static_cast", "const_cast", "catch", "defined", "assert"})
_TYPES = re.compile(r"u?int\d*(_t)?|unsigned|bool|char|float|double")
_VECTOR = re.compile(r"\b(?:nx)?v\d+(?:[if]\d+|bf16)\b")
_JUMPS = ("(br ", "(brind ")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_UNREAL = frozenset({"isPseudo", "isAsmParserOnly", "isCodeGenOnly"})


def of_class(raws: Mapping[str, Raw], *names: str) -> Iterator[Raw]:
    """Yield the records that have one of these classes, in order."""
    wanted = set(names)
    return (raw for raw in raws.values() if not wanted.isdisjoint(raw.classes))


def called_names(code: str) -> tuple[str, ...]:
    """Return the names that a piece of C++ calls as free functions or as methods of the enclosing class."""
    text = _COMMENT.sub(" ", code)
    return tuple(dict.fromkeys(name for name in _CALL.findall(text) if name not in _KEYWORDS and not _TYPES.fullmatch(name)))


def registers(raws: Mapping[str, Raw], sets: RegisterSets) -> tuple[Register, ...]:
    """Return the target's registers; those that TableGen synthesises from RegisterTuples come last.

    Where no register has a HWEncoding, encodings are the DWARF numbers. One without a Namespace that is in a register class has that of the
    first, as its enumerator has (llvm/utils/TableGen/RegisterInfoEmitter.cpp, runEnums).
    """
    found: list[Register] = []
    known = [raw for raw in of_class(raws, "Register") if raw.name != "NoRegister"]
    usual = next((scope for raw in known if (scope := raw.string("Namespace"))), "")
    held = {name for raw in of_class(raws, "RegisterClass") for name in sets.named(raw.name)}
    for raw in known:
        if not raw.string("Namespace") and raw.name not in held:
            continue
        dwarf = tuple(int(n) for n in raw.items("DwarfNumbers") if n.lstrip("-").isdigit())
        alias = raws.get(raw.string("DwarfAlias"))
        if not dwarf and alias is not None:
            dwarf = tuple(int(n) for n in alias.items("DwarfNumbers") if n.lstrip("-").isdigit())
        found.append(
            Register(
                raw.name,
                raw.string("AsmName") or raw.name,
                raw.string("Namespace") or usual,
                raw.number("HWEncoding"),
                raw.items("SubRegs"),
                raw.items("Aliases"),
                dwarf,
                _places(raws, raw),
                tuple(dict.fromkeys(name for text in raw.items("AltNames") if (name := text.strip('"')) and name != raw.string("AsmName"))),
                raw.items("SubRegIndices"),
            )
        )
    if not any(register.encoding for register in found):  # such a backend encodes registers in C++; the DWARF numbers are usually the ISA's
        found = [replace(register, encoding=max(register.dwarf[0], 0) if register.dwarf else 0) for register in found]
    by_name = {register.name: register for register in found}
    for raw in of_class(raws, "RegisterTuples"):
        names = raw.items("RegAsmNames")
        for index, (name, parts) in enumerate(sets.tuples(raw)):
            first = by_name.get(parts[0])
            if name not in by_name and first is not None:
                asm_name = names[index] if index < len(names) else name
                by_name[name] = Register(name, asm_name, first.namespace, first.encoding, parts, (), (), _places(raws, raw))
    return tuple(by_name.values())


def _places(raws: Mapping[str, Raw], raw: Raw) -> tuple[tuple[int, int], ...]:
    """Return (bit offset, bits) of each sub-register of a register or of a tuple; 65535 of SubRegIndex means unknown."""
    found: list[tuple[int, int]] = []
    for name in raw.items("SubRegIndices"):
        index = raws.get(name)
        offset, size = (index.number("Offset"), index.number("Size")) if index is not None else (-1, -1)
        found.append((-1 if offset == 65535 else offset, -1 if size == 65535 else size))
    return tuple(found)


def register_classes(raws: Mapping[str, Raw], sets: RegisterSets, mode: str = DEFAULT_MODE) -> tuple[RegisterClass, ...]:
    """Return the target's register classes, with the value types and sizes of a hardware mode."""
    found: list[RegisterClass] = []
    for raw in of_class(raws, "RegisterClass"):
        types = tuple(t for t in dict.fromkeys(value_type(raws, name, mode) for name in raw.items("RegTypes")) if t)
        told = raws.get(by_mode(raws, raw.string("RegInfos"), mode))
        size = (told.number("SpillSize") if told else raw.number("Size")) or next((n for n in (_bits(raws, t) for t in types) if n), 0)
        allocatable = raw.number("isAllocatable") == 1
        scope, alignment = raw.string("Namespace"), told.number("SpillAlignment") if told else raw.number("Alignment")
        found.append(RegisterClass(raw.name, scope, types, size, alignment, sets.named(raw.name), allocatable))
    return tuple(found)


def value_type(raws: Mapping[str, Raw], name: str, mode: str = DEFAULT_MODE) -> str:
    """Return a value type's name; for one that depends on the hardware mode, that in ``mode``, "" if it has none there."""
    raw = raws.get(name)
    return name if raw is None or "HwModeSelect" not in raw.classes else by_mode(raws, name, mode)


def by_mode(raws: Mapping[str, Raw], name: str, mode: str) -> str:
    """Return what a HwModeSelect record has for a mode, else for the default mode, else where it has one object without a mode; or ""."""
    raw = raws.get(name)
    if raw is None or "HwModeSelect" not in raw.classes:
        return ""
    held = dict(zip(raw.items("Modes"), raw.items("Objects"), strict=False))
    return held.get(mode) or held.get(DEFAULT_MODE, "")


def _bits(raws: Mapping[str, Raw], name: str) -> int:
    raw = raws.get(name)
    return raw.number("Size") if raw is not None else 0


def operand_classes(raws: Mapping[str, Raw], mode: str = DEFAULT_MODE) -> tuple[OperandClass, ...]:
    """Return the operand types: Operand and RegisterOperand records, and register classes, which instructions may use directly."""
    found: list[OperandClass] = []
    for raw in of_class(raws, "DAGOperand", "PointerLikeRegClass"):
        is_class = "RegisterClass" in raw.classes
        by_kind = f"DecodePointerLikeRegClass{raw.number('RegClassKind')}" if "PointerLikeRegClass" in raw.classes else ""
        match_class = raws.get(raw.string("ParserMatchClass"))
        name = match_class.string("Name") if match_class is not None else ""
        info = raw.dag("MIOperandInfo")
        implied = "OperandWithDefaultOps" in raw.classes  # predicate and optional-definition operands, which C++ seldom mentions
        found.append(
            OperandClass(
                name=raw.name,
                type=value_type(raws, raw.string("Type") if not is_class else (raw.items("RegTypes") or ("",))[0], mode),
                print_method=raw.string("PrintMethod") or "printOperand",
                encoder_method=raw.string("EncoderMethod"),
                decoder_method=raw.string("DecoderMethod") or by_kind,
                parser_class="Reg" if is_class else name,
                predicate_method=(match_class.string("PredicateMethod") or f"is{name}") if match_class is not None else "",
                render_method=(match_class.string("RenderMethod") or f"add{name}Operands") if match_class is not None else "",
                parser_method=match_class.string("ParserMethod") if match_class is not None else "",
                operand_type="OPERAND_DEFAULT" if implied else raw.string("OperandType"),
                sub_operands=_parts(raw.name, info) if info is not None else (),
                register_class=raw.name if is_class else raw.string("RegClass"),
                optional=match_class is not None and match_class.number("IsOptional") == 1,
                default_method=match_class.string("DefaultMethod") if match_class is not None else "",
                defaults=_defaults(raw),
            )
        )
    return tuple(found)


def _defaults(raw: Raw) -> tuple[str, ...]:
    """Return the values of an operand's DefaultOps: (ops (i32 14), (i32 zero_reg)) has "14" and "zero_reg"."""
    given = raw.dag("DefaultOps")
    return tuple(value for value, _ in given.leaves()) if given is not None else ()


def _parts(name: str, info: Dag) -> tuple[str, ...]:
    """Return the types of an operand's sub-operands; () where the only one is the operand itself."""
    parts = tuple(value for value, _ in info.leaves())
    return () if parts == (name,) else parts


def instructions(raws: Mapping[str, Raw]) -> tuple[Instruction, ...]:
    """Return the target's instructions.

    An instruction without a pattern of its own takes the shortest pattern (Pat) that selects just this instruction. One in a variant of
    the assembly that no parser has is only a part of others, as the halves of a duplex: ``PART_OF_OTHERS`` is among its flags.
    """
    variants = {"", *(raw.string("Name") for raw in of_class(raws, "AsmParserVariant"))}
    selected = _selecting_patterns(raws)
    sets = {target.string("InstructionSet") for target in of_class(raws, "Target")}
    first_is_highest = any(raws[name].number("isLittleEndianEncoding") for name in sets if name in raws)
    found: list[Instruction] = []
    for raw in of_class(raws, "Instruction"):
        if raw.string("Namespace") in ("", "TargetOpcode"):
            continue
        own = raw.dags("Pattern")
        printed = raw.field("Pattern") if own else None
        if not own and raw.name in selected:
            printed, own = selected[raw.name]
        found.append(
            Instruction(
                name=raw.name,
                namespace=raw.string("Namespace"),
                asm=raw.string("AsmString"),
                outs=_operands(raw.dag("OutOperandList")),
                ins=_operands(raw.dag("InOperandList")),
                pattern=printed or "",
                nodes=tuple(op for dag in own for op in _operators(raws, dag, 0)),
                flags=raw.true_bits() if raw.string("AsmVariantName") in variants else raw.true_bits() | {PART_OF_OTHERS},
                size=raw.number("Size"),
                encoding=raw.bits("Inst")[::-1] if first_is_highest else raw.bits("Inst"),
                defs=raw.items("Defs"),
                uses=raw.items("Uses"),
                constraints=raw.string("Constraints"),
                predicates=raw.items("Predicates"),
                itinerary=_itinerary(raw),
                classes=raw.classes,
                decoder_method=raw.string("DecoderMethod"),
                post_encoder_method=raw.string("PostEncoderMethod"),
                decoder_namespace=raw.string("DecoderNamespace"),
                expansion=(raw.field("ResultInst") or "") if "PseudoInstExpansion" in raw.classes else "",
            )
        )
    real = [i for i in found if i.asm and not i.flags & _UNREAL]
    coded = sum(any(bit != "?" for bit in i.encoding) for i in real)
    finished = any(bit not in ("0", "1", "?") for i in found for bit in i.encoding) and 2 * coded >= len(real)
    written = {dag.op for raw in of_class(raws, "InstAlias") if (dag := raw.dag("ResultInst"))}
    return tuple(found if finished else (_assembly_only(i, aliased=i.name in written) for i in found))


def _assembly_only(i: Instruction, *, aliased: bool) -> Instruction:
    """Return an instruction of a target whose encodings are not written, most of them or all operands' fields, as one that assembly alone
    has, unless it is a pseudo instruction.

    One that the parser does not know (isCodeGenOnly) is real where an alias of the assembly stands for it (``aliased``)."""
    unreal = _UNREAL - {"isCodeGenOnly"} if aliased else _UNREAL
    return replace(i, assembly_only=bool(i.asm) and not i.flags & unreal)


def _operands(dag: Dag | None) -> tuple[InstructionOperand, ...]:
    """Return the operands of a dag. One that names its sub-operands, (MEMri $base, $offset), is a single operand of that type."""
    if dag is None:
        return ()
    return tuple(
        InstructionOperand(name, value.op, tuple(part for _, part in value.args))
        if isinstance(value, Dag)
        else InstructionOperand(name, value)
        for value, name in dag.args
    )


def _itinerary(raw: Raw) -> str:
    name = raw.string("Itinerary")
    return name if name not in ("", "NoItinerary") else " ".join(raw.items("SchedRW"))


def _operators(raws: Mapping[str, Raw], dag: Dag, depth: int) -> Iterator[str]:
    """Yield operators, outermost first: an SDNode's opcode; a fragment's name, then its expansion. Types are skipped."""
    raw = raws.get(dag.op)
    if raw is None:
        yield dag.op
    elif "SDNode" in raw.classes:
        yield raw.string("Opcode") or dag.op
    elif "PatFrags" in raw.classes and depth < 4:
        yield dag.op
        for inner in raw.dags("Fragments")[:1]:
            yield from _operators(raws, inner, depth + 1)
    elif not ("ValueType" in raw.classes or "RegisterClass" in raw.classes):
        yield dag.op
    for arg, _ in dag.args:
        if isinstance(arg, Dag):
            yield from _operators(raws, arg, depth)


def _selecting_patterns(raws: Mapping[str, Raw]) -> dict[str, tuple[str, tuple[Dag, ...]]]:
    best: dict[str, tuple[str, tuple[Dag, ...]]] = {}
    for raw in of_class(raws, "Pattern"):
        results = raw.field("ResultInstrs") or ""
        # A pattern tells what an instruction does only where the result is that one instruction, without nested instructions.
        if results.count("(") - results.count("((") != 1:
            continue
        name = results[2:].split(" ", 1)[0].rstrip(")]")
        target, printed = raws.get(name), raw.field("PatternToMatch")
        if target is None or printed is None or "Instruction" not in target.classes or _jumps_by_call(raws, printed, results):
            continue
        if name not in best or len(printed) < len(best[name][0]):
            best[name] = (printed, (parse_dag(printed),))
    return best


def patterns(raws: Mapping[str, Raw]) -> tuple[tuple[tuple[str, str], tuple[str, ...]], ...]:
    """Return the standalone selection patterns as (source, result), each with its Predicate records. Those of vectors are left out,
    and jumps that are selected as calls."""
    found: list[tuple[tuple[str, str], tuple[str, ...]]] = []
    for raw in of_class(raws, "Pattern"):
        matched, given = raw.field("PatternToMatch"), raw.field("ResultInstrs")
        if matched and given and not _VECTOR.search(matched) and not _jumps_by_call(raws, matched, given):
            found.append(((matched, given), raw.items("Predicates")))
    return tuple(found)


def _jumps_by_call(raws: Mapping[str, Raw], matched: str, given: str) -> bool:
    """Whether a pattern selects a call for a jump that always goes: a basic block cannot end with it, and nobody wants to return."""
    if not matched.startswith(_JUMPS):
        return False
    selected = (raws.get(name) for name in re.findall(r"\((\w+)", given))
    flags = {flag for raw in selected if raw for flag in raw.true_bits() & {"isCall", "isBranch", "isTerminator"}}
    return flags == {"isCall"}


def aliases(raws: Mapping[str, Raw]) -> tuple[tuple[str, str], ...]:
    """Return the assembly aliases (InstAlias) as (assembly string, the instruction that it stands for)."""
    found = ((raw.string("AsmString"), raw.field("ResultInst")) for raw in of_class(raws, "InstAlias"))
    return tuple((asm, given) for asm, given in found if asm and given)


def nodes(raws: Mapping[str, Raw]) -> tuple[SDNode, ...]:
    """Return the target's own SDNodes: those whose opcode is not one of LLVM's."""
    found: list[SDNode] = []
    for raw in of_class(raws, "SDNode"):
        opcode = raw.string("Opcode")
        profile = raws.get(raw.string("TypeProfile"))
        if not opcode or opcode.startswith(_LLVM_NAMESPACES) or profile is None:
            continue
        constraints = tuple(_constraint(raws[name]) for name in profile.items("Constraints") if name in raws)
        found.append(
            SDNode(raw.name, opcode, profile.number("NumResults"), profile.number("NumOperands"), constraints, raw.items("Properties"))
        )
    return tuple(found)


def _constraint(raw: Raw) -> str:
    kind = next((c for c in reversed(raw.classes) if c != "SDTypeConstraint"), "SDTypeConstraint")
    other = next((raw.field(f) for f in ("VT", "OtherOperandNum", "BigOperandNum", "OtherOpNum") if raw.field(f)), None)
    return f"{kind}<{raw.number('OperandNum')}{f', {other}' if other else ''}>"


def fragments(raws: Mapping[str, Raw]) -> tuple[Fragment, ...]:
    """Return pattern fragments and node transforms that contain C++, LLVM's own included."""
    found: list[Fragment] = []
    for raw in of_class(raws, "PatFrags", "SDNodeXForm"):
        code = raw.string("PredicateCode") or raw.string("ImmediateCode") or raw.string("XFormFunction")
        if code.strip():
            transform = (raw.field("OperandTransform") or "").replace("NOOP_SDNodeXForm", "")
            found.append(Fragment(raw.name, code, called_names(code), raw.field("Fragments") or raw.field("Opcode") or "", transform))
    return tuple(found)


def operators(raws: Mapping[str, Raw]) -> tuple[PatternOperator, ...]:
    """Return what stands behind the operators of all patterns: SDNodes and fragments, and what fragments expand to, by name."""
    found: dict[str, PatternOperator] = {}
    waiting = [dag for raw in of_class(raws, "Instruction") for dag in raw.dags("Pattern")]
    waiting += [dag for raw in of_class(raws, "Pattern") if (dag := raw.dag("PatternToMatch")) is not None]
    while waiting:
        dag = waiting.pop()
        for name in {*dag.operators(), *(value for value, _ in dag.leaves())}:
            raw = raws.get(name)
            if raw is None or name in found:
                continue
            if "SDNode" in raw.classes:
                found[name] = PatternOperator(name, raw.string("Opcode"))
            elif "PatFrags" in raw.classes:
                expansions, given = raw.dags("Fragments"), raw.dag("Operands")
                parameters = tuple(parameter for _, parameter in given.leaves()) if given is not None else ()
                code = raw.string("PredicateCode") or raw.string("ImmediateCode")
                printed = (raw.field("Fragments") or "[]")[1:-1]
                memory = raw.string("MemoryVT") or raw.string("ScalarMemoryVT")
                texts = top_level(printed)
                first = texts[0] if texts else ""
                found[name] = PatternOperator(name, "", parameters, first, raw.true_bits(), memory, code.strip(), tuple(texts[1:]))
                waiting += expansions
    return tuple(found[name] for name in sorted(found))


def complex_patterns(raws: Mapping[str, Raw], mode: str = DEFAULT_MODE) -> tuple[ComplexPattern, ...]:
    """Return the complex patterns."""
    return tuple(
        ComplexPattern(
            raw.name,
            value_type(raws, raw.string("Ty"), mode),
            raw.number("NumOperands"),
            raw.string("SelectFunc"),
            raw.items("RootNodes"),
            raw.items("Properties"),
        )
        for raw in of_class(raws, "ComplexPattern")
    )




def namespace(raws: Mapping[str, Raw], fallback: str) -> str:
    """Return the most frequent namespace among the target's instructions, ``fallback`` if there are none."""
    seen = Counter(raw.string("Namespace") for raw in of_class(raws, "Instruction"))
    for none in ("", "TargetOpcode"):
        del seen[none]
    return seen.most_common(1)[0][0] if seen else fallback


def target_data(raws: Mapping[str, Raw], target: Raw) -> dict[str, str]:
    """Return fields of the Target record, its InstrInfo, parsers, variants and writers: "AsmWriter.PassSubtarget" -> "1"."""
    data = {"Target.AllowRegisterRenaming": target.field("AllowRegisterRenaming") or "0"}
    groups = {
        "InstrInfo": (target.string("InstructionSet"),),
        "AsmParser": target.items("AssemblyParsers"),
        "AsmParserVariant": target.items("AssemblyParserVariants"),
        "AsmWriter": target.items("AssemblyWriters"),
    }
    for group, names in groups.items():
        for index, name in enumerate(names):
            raw = raws.get(name)
            prefix = group if index == 0 else f"{group}.{index}"
            if raw is not None:
                data[f"{prefix}.record"] = name
                data |= {f"{prefix}.{key}": value for key, value in _plain_fields(raw).items()}
    return data


def assembler_predicates(raws: Mapping[str, Raw]) -> dict[str, str]:
    """Map predicates that bind the assembler and the disassembler to their AssemblerCondDag as printed."""
    found = {raw.name: raw.field("AssemblerCondDag") for raw in of_class(raws, "Predicate") if raw.number("AssemblerMatcherPredicate")}
    return {name: printed for name, printed in found.items() if printed}


def _plain_fields(raw: Raw) -> dict[str, str]:
    found = re.findall(r"\n  (?:bit|int|string) (\w+) = ([^\n]*);", raw.text)
    return {name: value.strip('"') for name, value in found if value != "?"}
