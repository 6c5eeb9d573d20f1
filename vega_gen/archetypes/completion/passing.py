"""The calling convention of a .td that leaves it to C++: arguments and results in registers, more arguments on the stack."""

from __future__ import annotations

from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.facts.conventions import holds_words


def part(lacking: Lacking) -> str:
    """Returns the conventions for arguments and for results and the list of callee-saved registers that the .td does not have.

    A convention without places on the stack, for which C++ finds them, is handed to first; one whose places hold no register is not."""
    m, name = lacking.m, lacking.d.name
    if not m.native:
        return ""
    narrower = ", ".join(f"i{bits}" for bits in (1, 8, 16, 32) if bits < m.native)
    promoted = f"CCIfType<[{narrower}], CCPromoteToType<{m.type}>>"
    made: list[str] = []
    for there, record, registers, stack in (
        (m.cc, f"CC_{name}", m.arguments, f"CCIfType<[{m.type}], CCAssignToStack<{m.native // 8}, {m.native // 8}>>"),
        (m.ret_cc, f"RetCC_{name}", m.results, ""),
    ):
        told = next((c for c in lacking.d.calling_conventions if c.name == there), None)
        if told is None or (stack and not holds_words(told, m.native // 8)):
            assigned = f"CCIfType<[{m.type}], CCAssignToReg<[{', '.join(registers)}]>>" if registers else ""
            handed = f"CCDelegateTo<{there}>" if told and not told.stack else ""
            actions = ", ".join(action for action in (handed, promoted, assigned, stack) if action)
            made.append(f"def {lacking.name(record)} : CallingConv<[{actions}]>;")
    listed = next((c.registers for c in lacking.d.calling_conventions if c.name == m.csr), ())
    if m.saved and (not m.csr or {*listed} & {*m.results}):
        made.append(f"def {lacking.name(f'CSR_{name}')} : CalleeSavedRegs<(add {', '.join(m.saved)})>;")
    note = "// The .td says no calling convention that does: this one is made of facts, which a facts file may correct (registers ...)."
    return "\n".join([note, *made]) if made else ""
