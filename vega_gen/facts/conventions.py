"""Finds the calling conventions: registers of arguments and results, and those that a function preserves.

Where a .td leaves them to C++, registers that carry an ABI's names (a0, a1 ... beside s0 and t0) say it; else it is a guess that a person
can correct in a line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from vega_gen.facts.choosing import Choice
from vega_gen.facts.roles import RegisterRole, is_real
from vega_gen.facts.view import TargetView
from vega_gen.records import CallingConvention, Evidence

COMPLETED = "Completion.records"
"""Key of ``Description.data``: the records that a completion added, which prove nothing."""
_SPECIAL_CONVENTION = re.compile(r"fast|vararg|ghc|intr|helper", re.I)
_SPECIAL_LIST = re.compile(r"inte?r|fast|all|none|noreg", re.I)
_ABI_NAME = re.compile(r"([avst])(\d+)")
_MOST_ARGUMENTS = 8
_STACK_ALIGNMENT = 16
_RESULT_BITS = 64
"""Results of this width are returned in registers: the run-time library has functions for them."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The registers that a convention would use where no record is one. ``reason``: what says so."""

    registers: tuple[str, ...]
    evidence: Evidence
    reason: str


def convention(v: TargetView, constants: Collection[str] = (), *, results: bool) -> tuple[str, tuple[str, ...]]:
    """Returns the name of the usual calling convention for arguments (or for results) and its pointer-sized registers.

    Of several, it prefers those with pointer-sized registers, then those with places on the stack for more arguments, then those that put
    a word on the stack into a place of a word's size, as variable arguments are read one after the other, then those without a special
    purpose in their name (fast, vararg, ghc, intr), then the shortest name. ``constants``: registers that hold a constant, which a guess
    leaves out."""
    known = [c for c in v.d.calling_conventions if not c.callee_saved and c.name.lower().startswith("ret") == results]
    plain = [c for c in known if any(r in v.members for r in c.registers)]
    what = "conventions for return values" if results else "calling conventions"
    side = "results" if results else "arguments"
    usual = _named(plain or known, _SPECIAL_CONVENTION, f"{len(plain)} {what}", v.native // 8, stacked=not results)
    name = v.choose(f"convention.{side}", usual)
    chosen = [c for c in known if c.name == name]
    listed = [r for c in chosen for r in c.registers if r in v.members]
    listed = [r for r in listed if not any(r in c.marked for c in chosen)] or listed
    return name, _registers(v, name, side, listed, _guesses(v, constants)[1 if results else 0])


def holds_words(c: CallingConvention, word: int) -> bool:
    """Whether a convention has a place on the stack for a register of ``word`` bytes. One that has smaller places alone counts them in
    another unit than bytes: LLVM addresses bytes, and arguments would lie one over the other."""
    return any(size >= word for size, _ in c.stack)


def stack_alignment(v: TargetView) -> int:
    """Returns the alignment of the stack in bytes: two words, or the greatest that a convention asks of an argument, up to 16 (a vector
    that needs more has a frame of its own aligned)."""
    words = max(v.native // 4, 2)
    added = v.d.data.get(COMPLETED, "").split()
    asked = {align: c.name for c in v.d.calling_conventions if c.name not in added for _, align in c.stack if align <= _STACK_ALIGNMENT}
    default = Choice(str(words), Evidence.DEFAULT, "no .td says how the stack is aligned: two words are assumed")
    most = max(asked, default=0)
    wider = [Choice(str(most), Evidence.CONVENTION, f"{asked[most]} aligns an argument on the stack so")] if most > words else []
    return int(v.choose("stack.alignment", [*wider, default]))


def wide_alignment(v: TargetView, cc: str) -> int:
    """Returns the alignment in bytes of numbers that are wider than a word, in memory and as variable arguments: that of places of two
    words on the stack, or of registers for double precision where that is two words, else a word.

    ``cc``: the convention for arguments. Of several classes of such registers the one that is aligned the least counts: others serve
    vectors too."""
    word, added = v.native // 8, v.d.data.get(COMPLETED, "").split()
    placed = [c for c in v.d.calling_conventions if c.name == cc and cc not in added and (2 * word, 2 * word) in c.stack]
    held = [(c.alignment // 8, c.name) for c in v.d.register_classes if "f64" in c.value_types and word == 4]
    choices = [Choice(str(2 * word), Evidence.CONVENTION, f"{cc} aligns arguments of two words on the stack so")] if placed else []
    if held and (least := min(held))[0] > word:
        choices.append(Choice(str(least[0]), Evidence.OPERAND, f"registers of {least[1]} are stored so"))
    default = Choice(str(word), Evidence.DEFAULT, "no .td says how they are aligned: as a word is assumed")
    return int(v.choose("alignment.wide", [*choices, default]))


def callee_saved(v: TargetView, results: Collection[str], constants: Collection[str] = ()) -> tuple[str, tuple[str, ...]]:
    """Returns the name and the registers of the usual list of callee-saved registers.

    Of several, it prefers those without a register of ``results``, which interrupt handlers preserve but no function that returns one,
    then those without a special purpose in their name, then the shortest name. No function preserves the registers of its results, though
    a list has them. ``constants``: as of ``convention``."""
    given = [c for c in v.d.calling_conventions if c.callee_saved]
    every = [c for c in given if c.registers] or given  # an empty list says that a call keeps nothing
    lists = [c for c in every if any(r in v.members for r in c.registers)] or every  # those of the other width have wider registers
    what = f"{len(lists)} lists of callee-saved registers"
    name = v.choose("convention.callee_saved", _named(lists, _SPECIAL_LIST, what, unlikely=results))
    listed = [r for c in lists if c.name == name for r in c.registers if r not in results]
    return name, _registers(v, name, "callee_saved", listed, _guesses(v, constants)[2])


def _named(
    known: Sequence[CallingConvention], special: re.Pattern[str], several: str, word: int = 0, unlikely: Collection[str] = (),
    *, stacked: bool = False,
) -> Iterator[Choice[str]]:
    """Yields the names of conventions or lists, the usual one first; of several, only its name tells which that is. ``word``: bytes of a
    place on the stack, 0 for any. Those with a register of ``unlikely`` come last, and if ``stacked`` those without such a place."""

    def wide(c: CallingConvention) -> bool:
        return bool(word and c.stack) and all(max(place) > word for place in c.stack)

    def rank(c: CallingConvention) -> tuple[bool, bool, bool, bool, int]:
        full = stacked and not holds_words(c, word)
        return not set(unlikely).isdisjoint(c.registers), full, wide(c), bool(special.search(c.name)), len(c.name)

    for c in sorted(known, key=rank):
        reason = f"of {several}, {c.name} is taken as the usual one by its name alone"
        yield Choice(c.name, Evidence.NAME, reason) if len(known) > 1 else Choice(c.name, Evidence.CONVENTION, "it is the only one")


def _registers(v: TargetView, name: str, side: str, found: Sequence[str], guess: Guess) -> tuple[str, ...]:
    guessed = Choice(guess.registers, guess.evidence, guess.reason)
    listed = {c.registers for c in v.d.calling_conventions if c.name != name}
    if name in v.d.data.get(COMPLETED, "").split() and tuple(found) not in listed:  # what a person gave stands in it, else the guess
        choices = [Choice(tuple(found), guess.evidence, guess.reason)]
    elif found or name:
        choices = [Choice(tuple(found), Evidence.CONVENTION, f"{name} lists them")] if found else []
    else:
        choices = [guessed] if guess.registers else []
    return v.choose_list(f"registers.{side}", choices)


def _guesses(v: TargetView, constants: Collection[str]) -> tuple[Guess, Guess, Guess]:
    """Returns what arguments, results and callee-saved registers may be, for a .td that does not say."""
    special = frozenset(RegisterRole) - {RegisterRole.FRAME_POINTER}
    unreal = {r.name for r in v.d.registers if not is_real(r)}
    free = [r for r in v.members if r not in unreal and v.register_roles.get(r) not in special and r not in constants]
    wanted = max(_RESULT_BITS // v.native, 2)
    families = _families(v, free)
    if len(families.get("a", ())) > 1 and len(families) > 1:
        reason = "their names are those that ABIs give to such registers"
        arguments, saved = families["a"], families.get("s", ())
        results = families.get("v", arguments)[:wanted]
        return tuple(Guess(found, Evidence.NAME, reason) for found in (arguments, results, saved))  # type: ignore[return-value]
    third = len(free) // 3
    arguments = tuple(free[: min(max(third, 1), _MOST_ARGUMENTS)])
    last = Guess(tuple(free[len(free) - third :]), Evidence.DEFAULT, "no record lists them: the last in allocation order are assumed")
    return (
        Guess(arguments, Evidence.DEFAULT, "no record is a convention: the first in allocation order are assumed"),
        Guess(arguments[:wanted], Evidence.DEFAULT, "no record is a convention: the first registers of arguments are assumed"),
        _kept_by_calls(v, free) or last,
    )


def _kept_by_calls(v: TargetView, free: Sequence[str]) -> Guess | None:
    """Returns the registers that a call does not list as changed, None where none lists several: so .td files said it before LLVM had masks
    of what calls preserve."""
    changed = max((i for i in v.d.instructions if "isCall" in i.flags), key=lambda i: len(set(free).intersection(i.defs)), default=None)
    kept = tuple(r for r in free if changed and r not in changed.defs)
    if changed is None or len(free) - len(kept) < _MOST_ARGUMENTS // 2:
        return None
    return Guess(kept, Evidence.IMPLICIT, f"{changed.name} does not list them among what it changes")


def _families(v: TargetView, free: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Returns the letter of names such as a0, s0, t0 and v0 -> the registers with such names, by number from 0 on without a gap."""
    numbered: dict[str, dict[int, str]] = {}
    for r in v.d.registers:
        for name in (r.asm_name, r.name, *r.alternative) if r.name in free else ():
            if found := _ABI_NAME.fullmatch(name.lower()):
                numbered.setdefault(found[1], {}).setdefault(int(found[2]), r.name)
    whole = {letter: held for letter, held in numbered.items() if sorted(held) == list(range(len(held)))}
    return {letter: tuple(held[n] for n in sorted(held)) for letter, held in whole.items()}
