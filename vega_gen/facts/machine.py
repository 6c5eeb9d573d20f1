"""What a target's records are for: which register is the stack pointer, which instruction adds an immediate, calls, branches.

Enters: a ``Description``. Leaves: ``Machine``: role -> record, found by selection pattern, operands, flags and, last, names. A fact that
the .td files do not give is None or empty. It writes no C++.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from vega_gen.facts.constants import constant_registers, symbol_loads
from vega_gen.facts.narrow import narrow
from vega_gen.facts.operations import CONDITIONS, Calls, Machine, Operation
from vega_gen.facts.roles import role_names
from vega_gen.facts.selections import Range, Selection, Selections, Slot, leaf_name
from vega_gen.facts.shapes import native_width, node_meaning
from vega_gen.records import Description, Instruction
from vega_gen.tablegen.raw import Dag

_MOVES = re.compile(r"(mov|move|mv|cpy|copy|mr|mov32|mov16)(\.[bhwlq])?")
_UPPER = re.compile(r"lui|\w*hi|\w*high\w*|\w*upper\w*|lu\d+i\.?\w?|movhi\w*|orhi|seti?hi")
_MNEMONICS = {"add": r"add\.?i\w*", "or": r"or\.?i\w*", "shl": r"s[hl]l\.?i\w*|slli\w*|lsli?|shli"}


def machine(d: Description) -> Machine:
    """The roles of a target's records."""
    return _Finder(d).machine()


class _Finder:
    def __init__(self, d: Description) -> None:
        self.d = d
        self.roles = role_names(d)
        self.by_role: dict[str, list[str]] = {}
        for name, role in self.roles.items():
            self.by_role.setdefault(role, []).append(name)
        self.native = native_width(d, self.roles)
        self.s = Selections(d)
        self.type = f"i{self.native}"
        self.gpr = self._gpr()
        self.members = next((c.members for c in d.register_classes if c.name == self.gpr), ())
        held = constant_registers(self.s, self.members)
        self.zero = self._register("zero") or held.get("zero", "")
        self.ones = held.get("ones", "")
        # A leaf that holds where a constant is a condition: (i64 imm), [{ return N->getZExtValue() == ISD::SETEQ; }]
        told = {f.name: re.findall(r"ISD::SET(\w+)", f.code) for f in d.fragments}
        self.codes = {name: found[0].lower() for name, found in told.items() if len(found) == 1}
        self.nodes = {n.name: n.opcode for n in d.nodes}

    def _gpr(self) -> str:
        pointers = set(self.by_role.get("sp", ()))
        held = [c for c in self.d.register_classes if self.type in c.value_types and c.allocatable]
        used = [o.type for i in self.d.instructions for o in (*i.outs, *i.ins)]
        return max(held, key=lambda c: (used.count(c.name), bool(pointers & set(c.members)), len(c.members))).name if held else ""

    def _register(self, role: str) -> str:
        """The register of a role that the class of addresses holds."""
        own = [n for n in self.by_role.get(role, ()) if n in self.members]
        return own[0] if own else ""

    # -- instructions by pattern

    def _operation(self, record: str, name: Callable[[Slot, int], str]) -> Operation | None:
        """The instruction with its slots named; None if one has no name. ``name``: of a slot, and how many registers were read before."""
        names: list[str] = []
        width: Range | None = None
        tied = False
        for slot in self.s.slots(record):
            given = name(slot, len(names))
            if not given or (given not in ("none",) and given in names):
                return None
            if given in ("imm", "target"):
                width = self.s.immediate(record, slot)
            names.append(given)
            tied |= given == "src" and bool(slot.tied)
        return Operation(record, tuple(names), width, tied)

    def _binary(self, root: str, second: str) -> Operation | None:
        """The instruction for (root a b): ``second`` is "reg" or "imm"."""
        found: list[tuple[tuple[int, ...], Operation]] = []
        for s in self.s.of(root):
            i = self.s.instructions[s.record]
            if len(s.dag.args) != 2 or len(i.outs) != 1 or i.flags & {"isPseudo", "mayLoad", "mayStore"} or not self._holds(i.outs[0].type):
                continue

            def name(slot: Slot, _: int, s: Selection = s) -> str:
                if slot.out:
                    return "dst"
                path = s.paths.get(slot.operand)
                if path is None:
                    return "none" if slot.kind == "imm" else ""
                if len(path) != 1 or (path[0] == 0) != (slot.kind == "reg" and path[0] == 0):
                    return ""
                if path[0] == 0:
                    return "src" if self._holds(slot.type) else ""
                if second == "imm":
                    return "imm" if slot.kind == "imm" and not self.s.is_upper(slot.type) else ""
                return "src2" if slot.kind == "reg" and self._holds(slot.type) else ""

            made = self._operation(s.record, name)
            wanted = {"dst", "src", "imm" if second == "imm" else "src2"}
            if made and wanted <= set(made.slots):
                bits = made.range.bits if made.range else 0
                signed = bool(made.range and made.range.signed)
                found.append(((int(signed and root == "add"), -len(i.defs), bits, -len(i.predicates)), made))
        return max(found, key=lambda pair: pair[0])[1] if found else self._named(_MNEMONICS[root], "imm") if (
            second == "imm" and root in _MNEMONICS) else None  # fmt: skip

    def _named(self, mnemonics: str, kind: str) -> Operation | None:
        """By name: an instruction with one result, one register read and an immediate."""
        for i in self.d.instructions:
            word = _mnemonic(i)
            if word and re.fullmatch(mnemonics, word) and not i.flags & {"isPseudo", "mayLoad", "mayStore", "isBranch"}:
                made = self._operation(i.name, lambda slot, n: "dst" if slot.out else "src" if slot.kind == "reg" else kind)
                if made and sorted(made.slots) == sorted(("dst", "src", kind)):
                    return made
        return None

    def _holds(self, type_name: str) -> bool:
        """Whether an operand type holds registers of the class of addresses."""
        known = self.s.operands.get(type_name)
        name = known.register_class if known and known.register_class else type_name
        if name == self.gpr:
            return True
        return any(c.name == name and self.type in c.value_types and set(c.members) & set(self.members) for c in self.d.register_classes)

    def _load_immediate(self) -> tuple[Operation | None, Operation | None]:
        """What sets a register to an immediate; what sets its upper bits."""
        simple: list[tuple[int, Operation]] = []
        upper: list[tuple[int, Operation]] = []
        shifted = {m for _, given in self.d.patterns for m in re.findall(r"\((\w+) \(\w*[Hh][Ii]\w* ", given)}
        plain = {s.record for ss in map(self.s.of, self.s.roots) for s in ss if not s.dag.args and s.record and not s.fixed}
        own = {s.record for opcode in self.nodes if node_meaning(self.nodes[opcode]) == "hi" for s in self.s.of(opcode)}
        for i in self.d.instructions:
            if len(i.outs) != 1 or not self._holds(i.outs[0].type) or i.flags & {"isPseudo", "mayLoad", "mayStore", "isCall", "isBranch"}:
                continue
            made = self._operation(i.name, lambda slot, n: "dst" if slot.out else "imm" if slot.kind == "imm" else "")
            if made is None or set(made.slots) != {"dst", "imm"} or made.range is None:
                continue
            word = _mnemonic(i)
            upper_part = any(self.s.is_upper(slot.type) for slot in self.s.slots(i.name))
            if i.name in shifted or i.name in own or upper_part or (_UPPER.fullmatch(word) and made.range.bits < self.native):
                upper.append((int(i.name in shifted or i.name in own or upper_part), made))
            elif i.name in plain or re.search(r"mov|li|ldi|set", word):
                simple.append((made.range.bits + 100 * (i.name in plain), made))
        best = (max(found, key=lambda pair: pair[0])[1] if found else None for found in (simple, upper))
        one, two = best
        return one, two

    def _load_symbol(self) -> Operation | None:
        """What sets a register to a symbol's address, whole."""
        for record in symbol_loads(self.s):
            i = self.s.instructions[record]
            made = self._operation(record, lambda slot, n: "dst" if slot.out else "imm" if slot.kind == "imm" else "")
            if made and set(made.slots) == {"dst", "imm"} and self._holds(i.outs[0].type) and made.range and made.range.bits >= self.native:
                return made
        return None

    def _memory(self, roots: Iterable[str], store: bool) -> Operation | None:
        """A load or store with a base register and an offset."""
        found: list[tuple[tuple[int, ...], Operation]] = []
        for root in roots:
            for s in self.s.of(root):
                i = self.s.instructions[s.record]
                if (store and len(s.dag.args) != 2) or "isPseudo" in i.flags or not _encoded(i) or bool(i.outs) == store:
                    continue
                address = 1 if store else 0

                def name(slot: Slot, _: int, s: Selection = s, address: int = address, store: bool = store) -> str:
                    if slot.out:
                        return "dst" if self._holds(slot.type) else ""
                    path = s.paths.get(slot.operand)
                    if path is None:
                        return "imm" if slot.kind == "imm" else ""
                    if path[0] == address:
                        if slot.kind == "reg":
                            return "base" if self._holds(slot.type) else ""
                        return "imm" if slot.part <= 1 else "none"
                    return "src" if store and path == (0,) and slot.kind == "reg" and self._holds(slot.type) else ""

                made = self._operation(s.record, name)
                if made and {"base", "imm"} <= set(made.slots) and ("src" if store else "dst") in made.slots:
                    bits = made.range.bits if made.range else 0
                    found.append(((-len(made.slots), "isCodeGenOnly" not in i.flags, bits), made))
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def _loads(self) -> dict[tuple[str, int], Operation]:
        found: dict[tuple[str, int], Operation] = {}
        for bits in (8, 16, 32, 64):
            for extension in ("sext", "zext"):
                kinds = (extension, "ext") if extension == "zext" else (extension,)
                roots = [f"{kind}loadi{wide}{bits}" for kind in kinds for wide in ("", f"{self.native}i")]
                made = self._memory(roots, store=False)
                if made and bits < self.native:
                    found[extension, bits] = made
        whole = self._memory(["load"], store=False)
        return found | ({("", self.native): whole} if whole else {})

    def _stores(self) -> dict[int, Operation]:
        found = {bits: made for bits in (8, 16, 32) if bits < self.native and (made := self._memory([f"truncstorei{bits}"], store=True))}
        whole = self._memory(["store"], store=True)
        return found | ({self.native: whole} if whole else {})

    def _branches(self) -> tuple[dict[str, Operation], Operation | None]:
        """Condition -> compare and branch; what branches where a register is not zero."""
        found: dict[str, Operation] = {}
        nonzero: Operation | None = None
        own = [n for n, opcode in self.nodes.items() if node_meaning(opcode) == "brcc"]
        for root in ("brcond", "br_cc", "brcc", *own):
            for s in self.s.of(root):
                first = s.dag.args[0][0] if s.dag.args else ""
                condition, at = _condition(s.dag, self.codes)
                if condition:
                    made = self._branch(s, at)
                    if made:
                        found.setdefault(condition, made)
                elif root == "brcond" and not isinstance(first, Dag):
                    made = self._branch(s, {(0,): "src", (1,): "target"})
                    nonzero = nonzero or made
        return found, nonzero

    def _branch(self, s: Selection, at: Mapping[tuple[int, ...], str]) -> Operation | None:
        def name(slot: Slot, _: int) -> str:
            if slot.out:
                return ""
            path = s.paths.get(slot.operand)
            if path is None:
                zero = slot.kind == "reg" and self.zero and s.fixed.get(slot.operand) == self.zero
                return "zero" if zero else ""
            given = at.get(path, "")
            return "" if given in ("src", "src2") and slot.kind != "reg" else given

        made = self._operation(s.record, name)
        return made if made and "src" in made.slots and "target" in made.slots else None

    # -- calls and frames

    def _calls(self) -> Calls:
        """The calls of a symbol and of a register, and the target's nodes for them."""
        own = [n for n in self.d.nodes if n.results == 0 and (node_meaning(n.opcode) == "call" or self._selects_call(n.name))]
        ranked = sorted(own, key=lambda n: node_meaning(n.opcode) != "call")
        nodes = {s.record: n.opcode for n in reversed(ranked) for s in self.s.of(n.name)}
        records = sorted(nodes, key=lambda r: ("isCodeGenOnly" in self.s.instructions[r].flags, nodes[r] != ranked[0].opcode))
        records += [i.name for i in self.d.instructions if "isCall" in i.flags]
        found: dict[str, Operation] = {}
        made: dict[str, Operation] = {}
        for record in dict.fromkeys(records):
            i = self.s.instructions[record]
            op = self._call(record) if "isCall" in i.flags and "isReturn" not in i.flags else None
            if op:
                into = found if _encoded(i) and "isPseudo" not in i.flags else made if record in nodes else {}
                into.setdefault("target" if "target" in op.slots else "src", op)
        if found:
            made = {}
        direct, indirect = found.get("target"), found.get("src")
        node = ranked[0].opcode if ranked else ""
        through = nodes.get(indirect.record, "") if indirect else ""
        return Calls(direct, indirect, node, through or node, tuple(made.values()))

    def _selects_call(self, node: str) -> bool:
        return any("isCall" in self.s.instructions[s.record].flags for s in self.s.of(node) if "isReturn" not in s.record)

    def _call(self, record: str) -> Operation | None:
        slots = self.s.slots(record)
        places = any(s.kind == "target" for s in slots)
        reads = any(s.kind == "reg" and not s.out for s in slots)
        if any(s.kind == "reg" and s.part >= 0 for s in slots):
            return None  # through memory
        kinds = {"reg": "src"} if reads and not places else {"target": "target", "imm": "target"}
        made = self._operation(record, lambda s, n: "link" if s.out else kinds.get(s.kind, "none" if s.kind != "reg" else ""))
        return made if made and ("target" in made.slots or "src" in made.slots) else None

    def _returns(self) -> tuple[Operation | None, str]:
        node = next((n for n in self.d.nodes if node_meaning(n.opcode) == "ret"), None)
        records = [s.record for s in (self.s.of(node.name) if node else ())]
        records += [i.name for i in self.d.instructions if "isReturn" in i.flags]
        for record in dict.fromkeys(records):
            i = self.s.instructions[record]
            if all(o.kind != "reg" for o in self.s.slots(record)) and _encoded(i):
                return Operation(record, ("none",) * len(self.s.slots(record))), node.opcode if node else ""
        # jump through the return address register: (jalr zero, ra, 0)
        register = self._jump_register()
        return register, node.opcode if node else ""

    def _jump_register(self) -> Operation | None:
        selected = [s.record for s in self.s.of("brind") if len(s.dag.args) == 1 and list(s.paths.values()) == [(0,)]]
        for record in dict.fromkeys([*selected, *(i.name for i in self.d.instructions if "isIndirectBranch" in i.flags)]):
            if _encoded(self.s.instructions[record]):
                made = self._operation(record, lambda slot, n: _whole(slot, "src"))
                if made and made.slots.count("src") == 1:
                    return made
        for i in self.d.instructions:  # a call that can leave the link in the zero register
            if "isCall" in i.flags and self.zero and len(i.outs) == 1 and _encoded(i):
                made = self._operation(i.name, lambda slot, n: "zero" if slot.out else "src" if slot.kind == "reg" else "none")
                if made and "src" in made.slots:
                    return made
        return None

    def _jump(self) -> Operation | None:
        for s in self.s.of("br"):
            made = self._operation(s.record, lambda slot, n: "" if slot.out or slot.kind == "reg" else "target" if (
                slot.kind == "target" or n == 0) else "none")  # fmt: skip
            if made and "target" in made.slots and "isPseudo" not in self.s.instructions[s.record].flags:
                return made
        for i in self.d.instructions:  # a call that can leave the link in the zero register
            if self.zero and "isCall" in i.flags and len(i.outs) == 1 and _encoded(i):
                made = self._operation(i.name, lambda slot, n: "zero" if slot.out else "" if slot.kind == "reg" else "target")
                if made and "target" in made.slots:
                    return made
        return None

    def _frame(self, opcode: str) -> str:
        return next((i.name for i in self.d.instructions if opcode in i.nodes), "")

    def _copies(self, add: Operation | None, add_imm: Operation | None, or_imm: Operation | None) -> dict[str, Operation]:
        """How registers of each class are copied: a move, else an identity with zero."""
        found: dict[str, Operation] = {}
        for i in self.d.instructions:
            slots = self.s.slots(i.name)
            moves = "isMoveReg" in i.flags or _MOVES.fullmatch(_mnemonic(i))
            two = len(slots) == 2 and slots[0].out and not slots[1].out and {(s.kind, s.part) for s in slots} == {("reg", -1)}
            if moves and two and slots[0].type == slots[1].type and not i.flags & {"isPseudo", "mayLoad", "mayStore"}:
                known = self.s.operands.get(slots[0].type)
                name = known.register_class if known and known.register_class else slots[0].type
                found.setdefault(name, Operation(i.name, ("dst", "src")))
        either = self._binary("or", "reg") or add
        if self.gpr not in found:
            if either and self.zero:
                found[self.gpr] = Operation(either.record, tuple("zero" if s == "src2" else s for s in either.slots))
            elif add_imm or or_imm:
                chosen = add_imm or or_imm
                assert chosen is not None
                found[self.gpr] = Operation(chosen.record, tuple("none" if s == "imm" else s for s in chosen.slots))
        return found

    def _convention(self, *, returns: bool) -> tuple[str, tuple[str, ...]]:
        kind = [c for c in self.d.calling_conventions if not c.callee_saved and c.name.lower().startswith("ret") == returns]
        plain = [c for c in kind if any(r in self.members for r in c.registers)]
        best = min(plain or kind, key=lambda c: (bool(re.search(r"fast|vararg|ghc|intr", c.name, re.I)), len(c.name)), default=None)
        return (best.name, tuple(r for r in best.registers if r in self.members)) if best else ("", ())

    def _saved(self) -> tuple[str, tuple[str, ...]]:
        lists = [c for c in self.d.calling_conventions if c.callee_saved and c.registers]
        special = re.compile(r"intr|fast|all|none|noreg", re.I)
        best = min(lists, key=lambda c: (bool(special.search(c.name)), len(c.name)), default=None)
        return (best.name, best.registers) if best else ("", ())

    def _sets(self) -> frozenset[str]:
        found = {_condition(s.dag, self.codes)[0] for root in ("setcc", *(f"set{c}" for c in CONDITIONS)) for s in self.s.of(root)}
        found |= {c for c in CONDITIONS if f"set{c}" in self.s.roots}
        return frozenset(found - {""})

    def machine(self) -> Machine:
        """Every role."""
        add, add_imm, or_imm = self._binary("add", "reg"), self._binary("add", "imm"), self._binary("or", "imm")
        load_imm, upper = self._load_immediate()
        (cc, arguments), (ret_cc, results) = self._convention(returns=False), self._convention(returns=True)
        csr, saved = self._saved()
        branches, nonzero = self._branches()
        calls = self._calls()
        returns, return_node = self._returns()
        sp, ra = self._register("sp"), self._register("ra")
        fp = self._register("fp") or next((r for r in reversed(saved) if r in self.members and r not in (sp, ra)), "")
        taken = {sp, fp, ra, self.zero, self.ones, *arguments, *results, *saved, *(r for r in self.members if self.roles.get(r))}
        free = [r for r in self.members if r not in taken]
        scratch = next(iter(free), "")
        fp = fp or next(iter(free[1:]), "")
        # The return address lies in its register from the entry on, though nothing in the function sets it.
        kept = ("sp", "zero", "pc", "flags", "gp", "tp")
        constant = (self.zero, self.ones)
        reserved = tuple(r for r in self.members if self.roles.get(r) in kept or r == ra or r in constant)
        low = ""
        if upper and upper.range:
            below = 32 - upper.range.bits
            if or_imm and or_imm.range and not or_imm.range.signed and or_imm.range.bits >= below:
                low = "or"
            elif add_imm and add_imm.range and add_imm.range.signed and add_imm.range.bits >= below:
                low = "add"
        whole = "imm" in self.s.roots
        copies = self._copies(add, add_imm, or_imm)
        second = narrow(self.d, self.s, self.native, self.gpr, copies)
        return Machine(
            self.d.name, self.d.namespace, self.native, self.gpr, self.type, sp, fp, ra, self.zero, scratch, cc, ret_cc, csr, arguments,
            results, saved, reserved, copies, add, self._binary("sub", "reg"), add_imm,
            self._binary("sub", "imm"), or_imm, self._binary("shl", "imm"), load_imm, self._load_symbol(), upper, low, whole,
            self._loads(), self._stores(),
            self._jump(), branches, nonzero, self._jump_register(), calls, return_node, returns,
            self._frame("ISD::CALLSEQ_START"),
            self._frame("ISD::CALLSEQ_END"), self._nop(), self._sets(), self._legal(), self._carries(), self.ones, second, self.roles,
        )  # fmt: skip

    def _legal(self) -> frozenset[str]:
        """Outermost operators that instructions with an encoding implement: what becomes of others only the backend knows."""
        real = {i.name for i in self.d.instructions if _encoded(i) and not i.flags & {"isPseudo", "usesCustomInserter"}}
        whole = [self.s.instructions[name] for name in real if self.s.instructions[name].pattern]
        outer = {next((n for n in i.nodes if n not in ("set", "implicit")), "") for i in whole}
        roots = {root for root, sets in self.s.given.items() if any(names <= real for names in sets)}
        return frozenset((outer | roots) - {""})

    def _carries(self) -> frozenset[str]:
        """Sums and differences that hand a carry on, in pairs."""
        pairs = (("addc", "adde"), ("subc", "sube"))
        return frozenset(n for pair in pairs if all(self._binary(root, "reg") for root in pair) for n in pair)

    def _nop(self) -> str:
        named = (i.name for i in self.d.instructions if _mnemonic(i) == "nop" and not i.outs and not i.ins and "isPseudo" not in i.flags)
        return next(named, "")


def _encoded(i: Instruction) -> bool:
    return any(bit in "01" for bit in i.encoding)


def _whole(slot: Slot, name: str) -> str:
    """What an operand that is read is called: a register that stands for itself ``name``, another no operand that can be given."""
    if slot.out or (slot.kind == "reg" and slot.part >= 0):
        return ""
    return name if slot.kind == "reg" else "none"


def _mnemonic(i: Instruction) -> str:
    found = re.match(r"[#\s]*([A-Za-z][\w.]*)", i.asm)
    return found[1].lower() if found else ""


def _condition(dag: Dag, codes: Mapping[str, str]) -> tuple[str, dict[tuple[int, ...], str]]:
    """The condition that a branch or comparison tests, and where its operands and its target stand; "" for none that is known.
    ``codes``: fragments that stand for a condition code."""
    word = dag.op.lower()
    if word.removeprefix("set") in CONDITIONS and word.startswith("set"):
        return word.removeprefix("set"), {(0,): "src", (1,): "src2"}
    leaves = [leaf_name(dag, (n,)) for n in range(len(dag.args))]
    named = [(n, codes.get(leaf, leaf.lower().removeprefix("set") if leaf.startswith("SET") else "")) for n, leaf in enumerate(leaves)]
    known = [(n, c) for n, c in named if c in CONDITIONS]
    if known:  # (brcc SETEQ, a, b, block), (setcc a, b, SETEQ)
        rest = [n for n in range(len(leaves)) if n != known[0][0]]
        return known[0][1], {(n,): slot for n, slot in zip(rest, ("src", "src2", "target"), strict=False)}
    inner = leaves[0].lower() if leaves else ""
    if inner.startswith("set") and inner.removeprefix("set") in CONDITIONS:
        return inner.removeprefix("set"), {(0, 0): "src", (0, 1): "src2", (1,): "target"}
    return "", {}
