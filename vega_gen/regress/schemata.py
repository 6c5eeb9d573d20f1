"""Mutant schemata: one source text that holds many generated functions, of which a number selects one at run time.

Each reference body begins with ``if (vega_mutant == N)`` and the generated body; N is read when the program starts, so that one build
serves every function of the target. ``why_alone`` says which functions cannot be put in this form; they get a build of their own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration.lit import MUTANT_VARIABLE
from vega_gen.cxx import render_signature, tokenize
from vega_gen.records import Function, Signature
from vega_gen.regress.swap import splice

_DECLARATION = 'extern "C" unsigned vega_mutant;\n'
# Weak, because every file of the target defines it. Constructors with the lowest priority number run first, so that static initialisers
# see the mutant's number.
_DEFINITION = f"""
#include <cstdlib>
extern "C" __attribute__((weak)) unsigned vega_mutant = 0;
__attribute__((constructor(101))) static void vega_read_mutant() {{
  if (const char *Number = ::getenv("{MUTANT_VARIABLE}"))
    vega_mutant = ::atoi(Number);
}}
"""
_FOLDER = "generated"
_OWN = re.compile(rf"\b{_FOLDER}/(\d+)/")
_PLACE = re.compile(rf"^(?:In file included from )?{_FOLDER}/(\d+)/", re.MULTILINE)
_ERROR_LINE = re.compile(r"^[^\n]+?:\d+:\d+: (?:fatal )?error: ", re.MULTILINE)
_NO_SWITCH = frozenset(("constexpr", "consteval"))
# They change no code; whether they are allowed is found out by compiling in place.
_OF_DECLARATION = frozenset(("virtual", "override", "final"))
_CLOSING = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A generated function.

    ``number``: selects it, from 1. ``function``: the reference. ``signature``: as swapped in (``signature_in_place``). ``body``: its
    statements, without braces around them.
    """

    number: int
    function: Function
    signature: Signature
    body: str


def why_alone(mutant: Mutant) -> str:
    """Why a function cannot share a build with others; "" if it can.

    It can if its body, put inside the reference's, does what it does in the reference's place. Whether it compiles in the reference's
    place is checked separately (``in_place``).
    """
    own, theirs = mutant.signature, mutant.function.signature
    words = tokenize(mutant.body)
    if _NO_SWITCH & {*own.prefix, *theirs.prefix}:
        return "constexpr"
    if _without_names(own) != _without_names(theirs):
        return "another signature"
    renamed = {o.name: t.name for o, t in zip(own.params, theirs.params, strict=True) if o.name != t.name}
    if [tuple(renamed.get(t, t) for t in initialiser) for initialiser in own.initialisers] != list(theirs.initialisers):
        return "other initialisers"
    if "auto" in theirs.result and "->" not in theirs.qualifiers:
        return "deduced return type"
    if "try" in (words[:1] + mutant.function.body[0].head[:1] if mutant.function.body else words[:1]):
        return "try block"
    if any(word.startswith("#") for word in words) or not _balanced(words):
        return "preprocessor lines"
    if "goto" in words or "asm" in words:
        return "labels"
    if any("..." in p.type for p in theirs.params):
        return "parameter pack"
    # The body would also see the reference's parameter name, or would not see its own.
    if any((name or own_name) in words for own_name, name in renamed.items()):
        return "parameter names"
    # Returning a parameter moves it; returning a reference to it copies it.
    if any(a == "return" and b in renamed and c == ";" for a, b, c in zip(words, words[1:], words[2:], strict=False)):
        return "returns a parameter"
    return ""


def _without_names(signature: Signature) -> tuple[object, ...]:
    params = tuple(replace(p, name="") for p in signature.params)
    prefix, qualifiers = (tuple(t for t in part if t not in _OF_DECLARATION) for part in (signature.prefix, signature.qualifiers))
    return signature.name, prefix, signature.result, params, qualifiers


def _balanced(words: Sequence[str]) -> bool:
    open_: list[str] = []
    for word in words:
        if word in ("(", "[", "{"):
            open_.append(word)
        elif word in _CLOSING and (not open_ or open_.pop() != _CLOSING[word]):
            return False
    return not open_


def behind_numbers(text: bytes, file: str, mutants: Sequence[Mutant]) -> str:
    """The file's text with each generated body behind its number; #line keeps names and line numbers of all other code."""
    for m in _from_the_end(mutants):
        start = m.function.body_start + 1
        line = text.count(b"\n", 0, start) + 1
        pairs = [(own.name, p.name) for own, p in zip(m.signature.params, m.function.signature.params, strict=True)]
        names = "".join(f" auto &{own} = {theirs};" for own, theirs in pairs if own != theirs and own and theirs)
        end = "return;" if m.signature.result in ((), ("void",)) else "__builtin_trap();"
        behind = f" if (vega_mutant == {m.number}u) {{{names}\n{_named(m, file)}{m.body}\n{end} }}\n{_resumed(line, file)}"
        text = splice(text, start, start, behind.encode())
    return text.decode()


def in_place(text: bytes, file: str, mutants: Sequence[Mutant], *, generated: bool) -> str:
    """The file's text with each function of ``mutants`` marked for ``same_code`` and kept from being inlined.

    ``generated``: put the generated functions in their places; else mark the reference's.
    """
    for m in _from_the_end(mutants):
        f = m.function
        mark = f' asm volatile("# vega {m.number} ");'
        line = text.count(b"\n", 0, f.body_start) + 1
        if generated:
            head = render_signature(m.signature, in_class=f.in_class, defaults=True)
            after = text.count(b"\n", 0, f.end) + 1
            new = f"\n{_named(m, file)}{_apart(head)}{head} {{{mark}\n{m.body}}}\n{_resumed(after, file)}"
            text = splice(text, f.start, f.end, new.encode())
        else:
            text = splice(text, f.body_start + 1, f.body_start + 1, f"{mark}\n{_resumed(line, file)}".encode())
            text = splice(text, f.start, f.start, _apart(text[f.start : f.body_start].decode()).encode())
    return text.decode()


def _apart(head: str) -> str:
    """The noinline attribute; "" before ``template`` and ``extern "C"``, where no attribute may stand."""
    return "" if head.lstrip().startswith(("template", "extern")) else "__attribute__((noinline)) "


def _from_the_end(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Mutants from the end of the file to its start, so that no edit moves the place of the next one."""
    return sorted(mutants, key=lambda m: m.function.start, reverse=True)


def _named(mutant: Mutant, file: str) -> str:
    return f'#line 1 "{_FOLDER}/{mutant.number}/{Path(file).name}"\n'


def _resumed(line: int, file: str) -> str:
    return f'#line {line} "{Path(file).name}"\n'


def source_text(text: str, file: str) -> str:
    """A source file's text with the definition and the initialisation of ``vega_mutant``."""
    return f'{_DECLARATION}#line 1 "{Path(file).name}"\n{text}\n{_DEFINITION}'


def blamed(said: str) -> Mapping[int, str]:
    """Mutant number -> the compiler's errors about it.

    An error belongs to the generated text that it is in; an error elsewhere belongs to the generated text that one of its notes names.
    """
    starts = [m.start() for m in _ERROR_LINE.finditer(said)]
    found: dict[int, str] = defaultdict(str)
    for start, end in zip(starts, [*starts[1:], len(said)], strict=False):
        chunk = said[start:end]
        place = _OWN.match(chunk) or _PLACE.search(chunk)
        if place:
            found[int(place[1])] += _OWN.sub(f"{_FOLDER}/", chunk)
    return dict(found)
