"""Trace each error of the compiler or the linker to what caused it, and remove or lower that in the plan.

An error inside a function lowers that function (``steps``). An error inside a declaration or a text at file scope removes it (``mend``). An
error inside a TableGen table adds the name that the table uses (``demands``). Errors that nobody explains demote the whole file, then drop
it (``Blame.escalated``). ``pipeline.building`` compiles, links, and calls this once a round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from llvm_integration.check import Mistake
from llvm_integration.crash import Crash
from llvm_integration.linking import LinkError
from vega_gen import cxx
from vega_gen.plan import demands
from vega_gen.plan.mend import Unit, blamed, macros_named, units, without, without_include
from vega_gen.plan.steps import Steps, parsed
from vega_gen.plan.stubs import is_initialiser
from vega_gen.records import Function, Plan, Signature, Step

_QUOTED = re.compile(r"'([^']+)'")
_PURE = re.compile(r"unimplemented pure virtual method '[^']+' in '([^']+)'")
_UNKNOWN = re.compile(r"(?:undeclared identifier|no member named|unknown type name|call to undeclared function) '(\w+)'")
_LACKS = re.compile(r"no member named '\w+' in (?:namespace )?'(?:\(anonymous namespace\)::)?([\w:]+)'")
_TYPE = re.compile(r"(?:unknown type name|use of undeclared identifier) '([A-Z]\w+)'")
_AGAIN = re.compile(r"redefinition of|redeclar")
_UNDECLARED = re.compile(r"out-of-line definition of '(\w+)' does not match any declaration in '([^']+)'")
_CALLED = re.compile(r"(\w+)\s*(?:<[^<>()]*>)?\s*\(")
_NOT_FOUND = re.compile(r"'([^']+)' file not found")
_SECTION = re.compile(r"^#ifdef (GET_\w+)$(.*?)^#endif // \1$", re.MULTILINE | re.DOTALL)
_SCOPES = re.compile(r"\(anonymous namespace\)::|\bllvm::")
_TABLE_OF = re.compile(r"^(?:vtable|typeinfo|typeinfo name|VTT) for (.*)$")


@dataclass
class Blame:
    """One round of the build loop. ``plan`` starts as the plan that was built and becomes the plan to build next.

    ``texts``: path -> emitted text of the backend's files. ``tables``: file name -> text of TableGen's tables.
    """

    plan: Plan
    texts: Mapping[str, str]
    steps: Steps
    tables: Mapping[str, str]
    # What this round has acted on already: errors (file, message, line) and functions (file, name, index).
    _lowered: set[tuple[str, str, int]] = field(default_factory=set[tuple[str, str, int]])
    _functions: dict[str, tuple[Function, ...]] = field(default_factory=dict[str, tuple[Function, ...]])
    # What this round has added to a file: (file, name that a table uses, or part of a table).
    _made: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _listed: dict[str, list[str]] | None = None

    def __post_init__(self) -> None:
        self._built = self.plan

    def mistakes(self, said: Mapping[str, Sequence[Mistake]]) -> frozenset[str]:
        """Act on the compiler's errors, given by compiled .cpp. Return the files whose errors changed nothing in the plan.

        Errors in headers go first, because they cause errors in every file that includes them.
        """
        stuck: set[str] = set()
        for path, everything in said.items():
            of_path = [m for m in everything if m.file in self.texts and not m.file.endswith(".cpp")] or everything
            before = self.plan
            left = [m for m in of_path if not self._mistake(path, m)]
            for m in left if self.plan is before else ():
                self._table(path, m)
            if left and self.plan is before and not self._done_before(path, of_path):
                stuck.add(path)
        return frozenset(stuck)

    def supplied(self, said: Mapping[str, Sequence[Mistake]]) -> None:
        """As ``mistakes``, but only put in what is missing: no function is lowered, no declaration removed."""
        for path, everything in said.items():
            for m in everything:
                if (key := (m.file, m.message, m.line)) not in self._lowered:
                    _ = self._named(path, m) or self._abstract(m) or self._declared(m) or self._demanded(path, m)
                self._lowered.add(key)

    def links(self, errors: Iterable[LinkError]) -> bool:
        """Act on the linker's errors. Return whether that changed the plan."""
        before = self.plan
        for error in errors:
            (self._duplicate if error.duplicate else self._undefined)(error)
        return self.plan is not before

    def crashed(self, crash: Crash) -> bool:
        """Act on a crash of a tool: the innermost of the backend's functions on the stack goes to its default or its stub."""
        for frame in crash.frames:
            class_name, name = _name(frame)
            for i, f in enumerate(self.plan.functions):
                s = f.candidate.signature if f.chosen >= 0 else None
                own = class_name.rpartition("::")[2]
                if s is None or f.step in (Step.LEFT_OUT, Step.DEFAULT, Step.STUB) or s.name != name:
                    continue
                if s.class_name.rpartition("::")[2] == own or (not s.class_name and own == ""):
                    self.plan = self.steps.bottom(self.plan, i, f"llc {crash.message} in this function while it compiled an empty one")
                    return True
        return False

    def escalated(self, path: str, level: int, message: str) -> None:
        """Demote a whole file: at level 0 all its functions, at level 1 remove its declarations too, at level 2 drop the file."""
        if level == 0:
            for i, f in enumerate(self.plan.functions):
                if f.file == path:
                    self.plan = self.steps.bottom(self.plan, i, message)
        elif level == 1:
            self.plan = without(self.plan, frozenset(units(self.plan, path)))
        else:
            self.plan = without_file(self.plan, self.steps, path, message)

    # ---------------------------------------------------------------- the compiler

    def _home(self, path: str, m: Mistake) -> str:
        """The backend's file that a mistake is in: its own place, else the first note's, else the .cpp compiled."""
        return next((place.file for place in _places(m) if place.file in self.texts), path)

    def _done_before(self, path: str, mistakes: Sequence[Mistake]) -> bool:
        """Whether all errors of a file lie in other files, where this round has acted on them."""
        return all(self._home(path, m) != path for m in mistakes) and bool(self._lowered)

    def _mistake(self, path: str, m: Mistake) -> bool:
        """Acts on a mistake; whether that was of use, now or for another file in this round."""
        key = (m.file, m.message, m.line)
        if key in self._lowered and m.file != path:
            return True
        self._lowered.add(key)
        if (missing := _NOT_FOUND.search(m.message)) and m.file in self.texts:
            self.plan = without_include(self.plan, m.file, missing[1])
            return True
        if self._named(path, m) or self._abstract(m) or self._declared(m) or self._demanded(path, m):
            return True
        if any(place.file in self.texts and self._at(place, m) for place in _places(m)):
            return True
        named = macros_named(self.plan, path, [m]) if m.file != path else frozenset[Unit]()
        self.plan = without(self.plan, named)
        return bool(named)

    def _named(self, path: str, m: Mistake) -> bool:
        """Handle a type that LLVM or the backend has but the file does not see: add the header, or a forward declaration."""
        found = _TYPE.search(m.message)
        file = path if PurePosixPath(m.file).name in self.tables else m.file
        text = self.texts.get(file, "")
        if found is None or not text:
            return False
        before = self.plan
        self.plan = self.steps.seen(before, found[1], file, text)
        return self.plan is not before

    def _abstract(self, m: Mistake) -> bool:
        """Handle an abstract class: add stubs for the pure virtual methods that it lacks."""
        before = self.plan
        for note in m.notes:
            found = _PURE.search(note.message)
            declared = self.steps.bases.pure_at(note.file, note.line) if found else None
            if declared is not None:
                derived = _QUOTED.findall(m.message)
                for c in self.steps.bases.classes(before):
                    if any(_SCOPES.sub("", name).rpartition("::")[2] == c.name.rpartition("::")[2] for name in derived):
                        self.plan = self.steps.overridden(self.plan, c.name, declared)
        return self.plan is not before

    def _declared(self, m: Mistake) -> bool:
        """Handle a method that a table defines and its class declares otherwise: declare it as the table defines it."""
        found = _UNDECLARED.search(m.message)
        lines = self.tables.get(PurePosixPath(m.file).name, "").split("\n") if found and m.file not in self.texts else []
        if found is None or not 0 < m.line <= len(lines):
            return False
        first = m.line - 1 if "::" in lines[m.line - 1].partition("(")[0] else m.line - 2
        head = "\n".join(lines[first : first + 8]).partition("{")[0]
        class_name = _SCOPES.sub("", found[2]).rpartition("::")[2]
        before = self.plan
        self.plan = self.steps.declared(self.plan, class_name, cxx.parse_function(f"{head} {{}}").signature, m.message)
        return self.plan is not before

    def _demanded(self, path: str, m: Mistake) -> bool:
        """Handle a name that a table uses and nothing defines, or that is defined with another signature."""
        if m.file in self.texts:
            return False
        description = self.steps.description
        demanded = {c.name for c in description.contracts}
        lines = self.tables.get(PurePosixPath(m.file).name, "").split("\n")
        line = lines[m.line - 1] if 0 < m.line <= len(lines) else ""
        called = _CALLED.findall(line)
        owner = found[1].rpartition("::")[2] if (found := _LACKS.search(m.message)) else ""
        names = [*_UNKNOWN.findall(m.message), *(n for n in (*_QUOTED.findall(m.message), *called) if n in demanded)]
        for name in dict.fromkeys(names):
            current = self.plan
            listed = self._named_in_tables(name, line) | (self._named_in_tables(owner, line) if owner else {})
            self.plan = self.steps.tabled(current, name, path, self._with_opcodes(path), line, listed, owner)
            if self.plan is current and name not in listed.get(demands.FUSIONS, ()):
                self.plan = self.steps.demanded(current, name, path)
            if self.plan is not current:
                self._made.add((path, name))
        return not {made for _, made in self._made}.isdisjoint(names)  # a method is made once for all files

    def _named_in_tables(self, name: str, line: str) -> dict[str, list[str]]:
        """What the tables list; also what they name with the scope ``name``, or call of a state of that class, where the line does."""
        if self._listed is None:
            self._listed = demands.listed(self.tables)
        states = demands.states_of(name)
        if (f"{name}::" in line or f"const {name} *" in line or any(state in line for state in states)) and name not in self._listed:
            called = list(dict.fromkeys(method for state in states for method in demands.scoped(self.tables, state)))
            self._listed |= {name: demands.scoped(self.tables, f"{name}::"), states[0]: called}
        return self._listed

    def _with_opcodes(self, path: str) -> str:
        """The header through which a .cpp sees the target's opcodes, the .cpp itself if there is none."""
        return next((file for file in sorted(self._closure(path)) if "GET_INSTRINFO_ENUM" in self.texts[file]), path)

    def _at(self, place: Mistake, m: Mistake) -> bool:
        """Lower the function or remove the declaration at a place. Return whether there was one."""
        index = self._function(place)
        if index is not None:
            key = (place.file, self.plan.functions[index].qualified_name, index)
            if key in self._lowered:
                return True
            self._lowered.add(key)
            again = _AGAIN.search(m.message) and place is m
            go = self.steps.defined_twice if again else self.steps.lower
            self.plan = go(self.plan, index, m.message)
            return True
        found = blamed(self._built, self.texts, [place])
        if found:
            self.plan = self._without(found, m.message)
        return bool(found)

    def _without(self, found: frozenset[Unit], message: str) -> Plan:
        """The plan without these declarations, and with the functions that they declared one step lower."""
        plan = without(self.plan, found)
        for i, f in enumerate(plan.functions):
            if self.plan.functions[i].declared and not f.declared and f.step is not Step.LEFT_OUT:
                plan = self.steps.lower(plan, i, message)
        return plan

    def _table(self, path: str, m: Mistake) -> None:
        """Remove the include of a table with an error that nothing else explains."""
        name = PurePosixPath(m.file).name
        if name in self.tables:
            for file in (path, *sorted(self._closure(path))):
                if f'"{name}"' in self.texts[file]:
                    self.plan = without_table(self.plan, file, name)
                    return

    def _closure(self, path: str) -> set[str]:
        """The backend's own files that a file includes, directly or not."""
        found: set[str] = set()
        queue = [path]
        while queue:
            for name in re.findall(r'^\s*#\s*include "([^"]+)"', self.texts[queue.pop()], re.MULTILINE):
                for file in self.texts:
                    if (file == name or file.endswith(f"/{name}")) and file not in found:
                        found.add(file)
                        queue.append(file)
        return found

    def _function(self, place: Mistake) -> int | None:
        """Index of the planned function whose text contains a place."""
        if place.file not in self._functions:
            self._functions[place.file] = cxx.parse_file(self.texts[place.file].encode(), "", place.file).functions
        around = [f for f in self._functions[place.file] if f.line <= place.line <= f.end_line]
        inner = min(around, key=lambda f: f.end_line - f.line, default=None)
        return self._planned(inner.signature, place.file) if inner is not None else None

    def _planned(self, s: Signature, file: str) -> int | None:
        """Index of the planned function with a signature, in a file or (``file`` "") anywhere; of several, the one with the same types."""
        types = [p.type for p in s.params]
        found: list[tuple[bool, bool, int]] = []
        for i, f in enumerate(self.plan.functions):
            if f.chosen < 0 or (file and f.file != file) or f.step in (Step.LEFT_OUT, Step.DEFAULT):
                continue
            t = (f.instead or f.candidate).signature
            owner = t.class_name == s.class_name or t.class_name.endswith(f"::{s.class_name}")
            if owner and t.name == s.name and len(t.params) == len(s.params):
                found.append(([p.type for p in t.params] != types, f.compiles is False, i))
        return min(found)[2] if found else None

    # ------------------------------------------------------------------ the linker

    def _duplicate(self, error: LinkError) -> None:
        """Remove the second definition: a function, or the text that defines a variable."""
        name = _name(error.symbol)[1]
        for place in error.places[1:] or error.places:
            file = self._source(place.object)
            if file:
                for i, f in enumerate(self.plan.functions):
                    if f.file == file and f.chosen >= 0 and f.candidate.signature.name == name and f.step is not Step.LEFT_OUT:
                        self.plan = self.steps.defined_twice(self.plan, i, error.message)
                        return
                wrong = frozenset(u for u in units(self.plan, file) if not u.class_name and name in u.tokens)
                self.plan = without(self.plan, wrong)
                return

    def _undefined(self, error: LinkError) -> None:
        whole = _TABLE_OF.match(error.symbol)
        users = [file for file in (self._source(place.object) for place in error.places) if file]
        if whole is not None:
            class_name = _SCOPES.sub("", whole[1])
            if self._undefined_methods(class_name, "", users):
                return
        class_name, name = _name(error.symbol)
        if is_initialiser(name):
            self.plan = self.steps.initialised(self.plan, name)
        elif not (
            self._undefined_methods(class_name, name, users)
            or self._undefined_function(name, users)
            or self._in_a_table(error.symbol, users)
            or self._undefined_field(class_name, name, users)
        ):
            self._used(error, users)

    def _undefined_methods(self, class_name: str, name: str, users: Sequence[str]) -> bool:
        """Add stubs for the methods of this name (all for "") that a class declares and nothing defines."""
        before = self.plan
        for c in self.steps.bases.classes(before):
            if not class_name or c.name != class_name:
                continue
            for m in c.members:
                s = m.signature
                if s is None or m.pure or m.deleted or m.has_body or (name and s.name != name) or self._defined(c.name, s):
                    continue
                beside = c.file.rpartition(".")[0] + ".cpp"
                file = c.file if c.file.endswith(".cpp") else beside if beside in self.texts else next(iter(users), beside)
                self.plan = self.steps.defined(self.plan, replace(s, class_name=c.name), file)
        return self.plan is not before

    def _defined(self, class_name: str, s: Signature) -> bool:
        types = [p.type for p in s.params]
        for f in self.plan.functions:
            if f.chosen >= 0 and f.step not in (Step.LEFT_OUT, Step.DEFAULT):
                t = (f.instead or f.candidate).signature
                if (t.class_name, t.name) == (class_name, s.name) and [p.type for p in t.params] == types:
                    return True
        return False

    def _undefined_function(self, name: str, users: Sequence[str]) -> bool:
        """Add a stub for a free function that a header declares."""
        for path, text in self.texts.items():
            if path.endswith(".cpp") or not re.search(rf"\b{re.escape(name)}\s*\(", text):
                continue
            for s in parsed(text):
                if s.name != name or s.class_name or any(f.group == "" and f.candidates[0].signature == s for f in self.plan.functions):
                    continue
                beside = path.rpartition(".")[0] + ".cpp"
                place = beside if beside in self.texts else next(iter(users), beside)
                self.plan = self.steps.defined(self.plan, s, place, ("llvm",) if "namespace llvm" in text else ())
                return True
        return False

    def _in_a_table(self, symbol: str, users: Sequence[str]) -> bool:
        """If a part of a table defines the symbol, make a file that includes the table include that part too."""
        class_name, name = _name(symbol)
        wanted = re.compile(rf"\b{re.escape(class_name)}::\s*{re.escape(name)}\b" if class_name else rf"\b{re.escape(name)}\b\s*[(\[=]")
        for inc, text in sorted(self.tables.items()):
            for section in _SECTION.finditer(text) if name in text else ():
                if not wanted.search(section[2]):
                    continue
                sources = [f for f in self.plan.files if f.path.endswith(".cpp")]
                having = [f for f in sources if any(f'"{inc}"' in t for t in (*f.prologue, *f.epilogue))]
                having += [f for f in sources if f.path in users]
                added = (f"#define {section[1]}", f'#include "{inc}"')
                for f in having:
                    if (f.path, section[1]) in self._made:
                        return True
                    self._made.add((f.path, section[1]))
                    if added[0] not in f.prologue and added[0] not in f.epilogue:
                        made = replace(f, prologue=(*f.prologue, *added))
                        self.plan = replace(self.plan, files=tuple(made if g.path == f.path else g for g in self.plan.files))
                        return True
        return False

    def _undefined_field(self, class_name: str, name: str, users: Sequence[str]) -> bool:
        """Define a static data member that has no definition."""
        for c in self.plan.classes:
            for m in c.members if c.name == class_name else ():
                if m.name == name and m.tokens[:1] == ("static",) and "=" not in m.tokens:
                    at = m.tokens.index(name)
                    text = cxx.render((*m.tokens[1:at], f"{class_name}::{name}", *m.tokens[at + 1 :]))
                    place = c.file if c.file.endswith(".cpp") else next(iter(users), "")
                    for f in self.plan.files:
                        if f.path == place and text not in f.epilogue:
                            made = replace(f, epilogue=(*f.epilogue, text))
                            self.plan = replace(self.plan, files=tuple(made if g.path == place else g for g in self.plan.files))
                            return True
        return False

    def _used(self, error: LinkError, users: Sequence[str]) -> None:
        """Lower the functions that use an undeclared symbol; where they can't be told, demote or drop their file."""
        before = self.plan
        for place in error.places:
            file = self._source(place.object)
            class_name, name = _name(place.inside)
            wanted = (name, class_name.rpartition("::")[2])
            for i, f in enumerate(before.functions):
                s = f.candidate.signature if f.chosen >= 0 and f.file == file else None
                if s is not None and (s.name, s.class_name.rpartition("::")[2]) == wanted:
                    self.plan = self.steps.lower(self.plan, i, error.message)
        for file in dict.fromkeys(users) if self.plan is before else ():
            self.escalated(file, 0, error.message)
            if self.plan is before:
                self.escalated(file, 2, error.message)

    def _source(self, object_: str) -> str:
        """The .cpp of the backend that an object was made from, "" for a tool's or LLVM's own object."""
        stem = object_.replace("\\", "/").removesuffix(".o")
        found = [path for path in self.texts if path.endswith(".cpp") and f"/{stem}".endswith(f"/obj/{path.removesuffix('.cpp')}")]
        return max(found, key=len, default="")


def _name(symbol: str) -> tuple[str, str]:
    """(class, name) of a demangled function or variable: ``llvm::A::b(int) const`` gives ("A", "b")."""
    head = _SCOPES.sub("", symbol).partition("(")[0].removeprefix("non-virtual thunk to ").strip()
    depth, last = 0, 0
    for i, c in enumerate(head):
        depth += {"<": 1, ">": -1}.get(c, 0)
        if c == " " and depth == 0:
            last = i + 1
    head = re.sub(r"<.*>", "", head[last:])
    return head.rpartition("::")[0], head.rpartition("::")[2]


def _places(m: Mistake) -> tuple[Mistake, ...]:
    """Where a mistake may come from: where it is, and what its notes name. A forward declaration is right where its class is missing."""
    return (m, *(note for note in m.notes if not note.message.startswith("forward declaration of")))


def without_table(plan: Plan, path: str, name: str) -> Plan:
    """The plan without one file's include of a TableGen table."""
    return without_include(plan, path, name)


def without_file(plan: Plan, steps: Steps, path: str, message: str) -> Plan:
    """The plan without a file: its functions are left out, and its classes and the includes of it are removed."""
    gone = {c.name for c in plan.classes if c.file == path}
    for i, f in enumerate(plan.functions):
        if f.file == path or (f.chosen >= 0 and f.candidate.signature.class_name in gone):
            plan = steps.left_out(plan, i, message)
    functions = tuple(replace(f, chosen=-1) if f.file == path else f for f in plan.functions)
    names = {path, path.rpartition("/")[2]}
    files = tuple(f for f in plan.files if f.path != path)
    plan = replace(plan, functions=functions, files=files, classes=tuple(c for c in plan.classes if c.file != path))
    for f in plan.files:
        for x in f.includes:
            if x.strip('"') in names or x.strip('"').rpartition("/")[2] in names:
                plan = without_include(plan, f.path, x.strip('"'))
    return plan
