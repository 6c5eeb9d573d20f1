"""The selection patterns of instructions whose meaning is a fact, and that no pattern of the .td selects.

Each is of LLVM's basic nodes: arithmetic and logic on registers and immediates, comparisons into a register, loads and stores, the branch
on a truth value where no other is known. Branches on comparisons, constants, addresses and calls need none: archetypes select them as the
facts say.
"""

from __future__ import annotations

from collections.abc import Iterator

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.named import Computed, certain
from vega_gen.facts.operations import OperandRole, Operation
from vega_gen.facts.selections import OperandInfo, Range, Selections
from vega_gen.records import Evidence

_KNOWN = {OperandRole.DST, OperandRole.SRC, OperandRole.SRC2, OperandRole.IMM}
_FIRST = 1000
"""AddedComplexity that no pattern of a .td outweighs."""
_ADDRESS = {OperandRole.DST, OperandRole.SRC, OperandRole.BASE, OperandRole.IMM}


def part(lacking: Lacking) -> str:
    """Returns the patterns, "" where the .td has all that its instructions can do."""
    if not lacking.m.native or not lacking.m.gpr:
        return ""
    made = _Patterns(lacking)
    computed = [line for one, op in lacking.m.computed.items() for line in made.computed(one, op)]
    others = [*made.loads(), *made.stores(), *made.branch()]
    note = "// No pattern of the .td selects these instructions: their meaning is that of their mnemonics, or a facts file's."
    return "\n".join([note, *made.leaves, *made.addresses, *computed, *others]) if computed or others else ""


class _Patterns:
    """Writes patterns. ``leaves``, ``addresses``: the records that they need, in the order of their first use."""

    def __init__(self, lacking: Lacking) -> None:
        self.lacking, self.m, self.s = lacking, lacking.m, Selections(lacking.d)
        self.leaves: list[str] = []
        self.addresses: list[str] = []
        self._fragments = {f.name for f in lacking.d.fragments}
        self._named: dict[tuple[str, str], str] = {}

    def computed(self, one: Computed, op: Operation) -> Iterator[str]:
        """Yields the pattern of an instruction that computes something of registers and an immediate."""
        if not {*op.free} <= _KNOWN:
            return
        root, _, width = one.root.partition(" ")
        leaf = ""
        if one.immediate:
            values = certain(self.s, op, root)
            if values.bits <= 0:
                return
            leaf = self._leaf(self.s.operands(op.record)[op.index(OperandRole.IMM)], values)
        sources = [self._register(op, role) for role in (OperandRole.SRC, OperandRole.SRC2) if role in op.roles]
        args = ", ".join([*sources, *([f"{leaf}:$imm"] if leaf else []), *([width] if width else [])])
        yield self._pattern(op, f"{root} {args}", {OperandRole.IMM: "imm:$imm"})

    def loads(self) -> Iterator[str]:
        """Yields the patterns of loads."""
        extended: set[int] = set()
        for (extension, bits), op in sorted(self.m.loads.items(), key=lambda pair: (pair[0][1], pair[0][0] != "zext")):
            key = f"instruction.load.{bits}" + (f".{extension}" if extension else "")
            roots = [f"{extension}loadi{bits}" if extension else "load"]
            roots += [f"extloadi{bits}"] if extension in ("sext", "zext") and bits not in extended else []
            extended.add(bits)
            yield from self._accesses(key, op, [root for root in roots if not self._accessed(root)], "")

    def stores(self) -> Iterator[str]:
        """Yields the patterns of stores."""
        for bits, op in sorted(self.m.stores.items()):
            root = "store" if bits == self.m.native else f"truncstorei{bits}"
            roots = [] if self._accessed(root) else [root]
            yield from self._accesses(f"instruction.store.{bits}", op, roots, f"{self._register(op, OperandRole.SRC)}, ")

    def branch(self) -> Iterator[str]:
        """Yields the pattern of the branch on whether a register is zero, which goes before patterns of pseudo instructions that C++ of
        the target's own expands."""
        op = self.m.branch_nonzero
        if op and "brcond" not in self.m.legal and self.m.records["instruction.branch.nonzero"].evidence is not Evidence.PATTERN:
            matched = f"brcond {self._typed(self._register(op, OperandRole.SRC))}, bb:$target"
            pattern = self._pattern(op, matched, {OperandRole.TARGET: "bb:$target", OperandRole.NONE: "0"})
            yield f"let AddedComplexity = {_FIRST} in\n{pattern}"

    def _accesses(self, key: str, op: Operation, roots: list[str], value: str) -> Iterator[str]:
        fact = self.m.records.get(key)
        if fact is None or fact.evidence is Evidence.PATTERN or not {*op.free} <= _ADDRESS:
            return
        at, offset = op.index(OperandRole.BASE), op.index(OperandRole.IMM)
        operands = self.s.operands(op.record)
        base = operands[at]
        given = {OperandRole.BASE: f"{base.type}:$base", OperandRole.IMM: f"{operands[offset].type}:$offset"}
        if base.part >= 0:  # the base and the offset are one operand
            whole = f"{self._address(operands, offset)}:$address"
            given, matched = {OperandRole.BASE: whole, OperandRole.IMM: ""}, whole
        elif offset >= 0:
            matched = f"({self._address(operands, offset)} {given[OperandRole.BASE]}, {given[OperandRole.IMM]})"
        else:
            matched = given[OperandRole.BASE]
        for root in roots:
            yield self._pattern(op, f"{root} {value}{matched}", given)

    def _pattern(self, op: Operation, matched: str, given: dict[OperandRole, str]) -> str:
        """Returns the Pat that selects ``op``. ``given``: what stands for operands other than SRC and SRC2 in the result."""
        operands = self.s.operands(op.record)
        fixed = dict(op.fixed)
        result = [op.record]
        for n, (operand, role) in enumerate(zip(operands, op.roles, strict=True)):
            if operand.out or operand.default:
                continue
            if role is OperandRole.FIXED:
                text = fixed[n]
            elif role in (OperandRole.SRC, OperandRole.SRC2):
                text = self._register(op, role)
            else:
                text = given[role]
            result += [text] if text else []
        stores = not any(o.out for o in operands)
        typed = matched if stores else self._typed(f"({matched})")
        whole = f"def : Pat<{f'({matched})' if stores else typed}, ({result[0]} {', '.join(result[1:])})>;"
        predicates = self.lacking.instruction(op).predicates
        return f"let Predicates = [{', '.join(predicates)}] in\n{whole}" if predicates else whole

    def _typed(self, dag: str) -> str:
        """Returns a dag or an operand with its type, where its register class has that type in every mode."""
        return dag if self.lacking.d.modes else f"({self.m.type} {dag})"

    def _register(self, op: Operation, role: OperandRole) -> str:
        operand = self.s.operands(op.record)[op.index(role)]
        return f"{operand.type}:${'a' if role is OperandRole.SRC else 'b'}"

    def _leaf(self, operand: OperandInfo, values: Range) -> str:
        """Returns what a pattern has for an immediate: its operand class where that has the predicate, else a leaf of our own."""
        if operand.type in self._fragments and self.s.said(operand.type) == values:
            return operand.type
        sign, low = ("S", f"isInt<{values.bits}>(Imm)") if values.signed else ("U", f"isUInt<{values.bits}>(Imm)")
        record = self.lacking.name(f"{sign}Imm{values.bits}Number")
        if ("leaf", record) not in self._named:
            self._named["leaf", record] = record
            self.leaves.append(f"def {record} : ImmLeaf<{self._type()}, [{{ return {low}; }}]>;")
        return record

    def _type(self) -> str:
        """Returns the type of addresses: that of their register class, which may hang on a mode."""
        if not self.lacking.d.modes:
            return self.m.type
        types = next(c.value_types for c in self.lacking.d.register_classes if c.name == self.m.gpr)
        return f"{self.m.gpr}.RegTypes[{types.index(self.m.type)}]"

    def _address(self, operands: tuple[OperandInfo, ...], offset: int) -> str:
        """Returns the ComplexPattern of a base register and an offset; one for each kind of offset."""
        kind = operands[offset].type if offset >= 0 else ""
        key = ("address", kind)
        if key not in self._named:
            name = self.lacking.name(f"Address_{kind}" if kind else "Address")
            self._named[key] = name
            self.addresses.append(f'def {name} : ComplexPattern<iPTR, 2, "select{name.replace("_", "")}">;')
        return self._named[key]

    def _accessed(self, root: str) -> bool:
        """Whether a pattern of the .td selects a load or store for registers that hold addresses."""
        return root in self.m.legal
