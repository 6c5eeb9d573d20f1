"""Write the examples that a model learns from. Each target in turn is held out from the others, and its own functions are the answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import orjson

from llvm_integration import discover
from llvm_integration.process import Progress
from vega_gen import cxx, store, tablegen
from vega_gen.corpus import held_out_folders, open_corpus
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.examples import examples, labelled, ranked_variants
from vega_gen.fill.weights import weights_of
from vega_gen.function_template import field_types, place
from vega_gen.pipeline.generation import new_target
from vega_gen.pipeline.inputs import find_tblgen, inputs_of
from vega_gen.pipeline.mining import mine, silent
from vega_gen.plan.planner import Planner, Wanted
from vega_gen.records import FillerName, Function, FunctionExample, Mode, SlotExample


@dataclass(frozen=True, slots=True)
class Shard:
    """The examples of one target, in two JSON-lines files, one example per line.

    ``target``: its label in the corpus. ``counts``: the number of functions and of slots.
    """

    target: str
    functions: Path
    slots: Path
    counts: tuple[int, int]


def example_shards(
    roots: Sequence[Path], targets: Sequence[str], held_out: Sequence[str], mode: Mode, out: Path, *, jobs: int = 2,
    progress: Progress = silent,
) -> tuple[Shard, ...]:
    """Write a shard for each of ``targets`` (folders) of each checkout, held out from the others. ``held_out`` is never read.

    Shards are named by the hash of their inputs, and reused. Raises HoldOutError if a target to learn is held out.
    """
    held = held_out_folders(held_out)
    corpus = open_corpus(roots, held_out, mode)
    corpus.mine(lambda done, total: progress(done, total, "parsing C++"))
    key = store.digest(store.code_version(__name__), corpus.digest, str(mode), *sorted(held))[:16]
    out.mkdir(parents=True, exist_ok=True)
    found: list[Shard] = []
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        futures: dict[Future[Shard], str] = {}
        for target in (t for t in corpus.targets if t.folder in targets):
            own_first = sorted(corpus.roots, key=lambda root, path=target.path: not path.is_relative_to(root))
            futures[pool.submit(_write, own_first, target.folder, target.label, tuple(sorted(held)), mode, out, key)] = target.label
        for done, future in enumerate(as_completed(futures), 1):
            found.append(future.result())
            progress(done, len(futures), f"examples of {futures[future]}")
    return tuple(sorted(found, key=lambda shard: shard.target))


def _write(roots: Sequence[Path], target: str, label: str, held: Sequence[str], mode: Mode, out: Path, key: str) -> Shard:
    functions, slots = out / f"{label}-{mode}-{key}-functions.jsonl", out / f"{label}-{mode}-{key}-slots.jsonl"
    if not (functions.is_file() and slots.is_file()):
        lines: tuple[list[bytes], list[bytes]] = ([], [])
        for function, of_function in examples_of(roots, target, held, mode):
            lines[0].append(orjson.dumps(function))
            lines[1].extend(map(orjson.dumps, of_function))
        store.write_atomic(slots, b"".join(line + b"\n" for line in lines[1]))
        store.write_atomic(functions, b"".join(line + b"\n" for line in lines[0]))
    counts = tuple(path.read_bytes().count(b"\n") for path in (functions, slots))
    return Shard(label, functions, slots, (counts[0], counts[1]))


def examples_of(
    roots: Sequence[Path], target: str, held: Sequence[str], mode: Mode
) -> Iterator[tuple[FunctionExample, tuple[SlotExample, ...]]]:
    """The examples of a target of the first of ``roots``: for each of its functions that generation would write, the slots of its template.

    Neither the target nor those ``held`` out have members in that template.
    """
    source = discover.open_source(roots[0])
    program = find_tblgen(source, silent)
    without = tuple(sorted({*held, *held_out_folders((target,))}))
    inputs = inputs_of(source, program, target, without, mode, FillerName.CONSENSUS)
    known = open_corpus(roots, held, mode, program)
    known.mine()
    mined = mine(roots, without, mode, program)
    new = new_target(mined, inputs)
    planner = Planner(mined.groups, mined.template, new, ConsensusFiller(), mined.maskers)
    wanted: dict[str, list[Wanted]] = defaultdict(list)
    for w in planner.wanted():
        wanted[w.group.name].append(w)
    sources = known.sources(known.target(target).label)
    classes = [c for source in sources for c in source.classes]
    grouping = mined.groups.with_target(inputs.folder, classes, new.masker, inputs.description.contracts)
    fields = {c.name: field_types(c, new.masker) for c in classes}
    kind_of = tablegen.symbols(inputs.description).kind_of

    def fields_of(function: Function) -> Mapping[str, str]:
        return fields.get(function.signature.class_name, {})

    def numbers_of(function: Function, record: str) -> Mapping[str, str]:
        del function
        return tablegen.record_numbers(inputs.description, record) if record else {}

    number = 0
    for function in (f for source in sources for f in source.functions):
        best = _wanted_for(function, wanted.get(grouping.name_of(function), ()))
        if best is None:
            continue
        request = planner.request(best)
        asked, slots = examples(request, number, function.file)
        placed = place(request.template, function, new.masker, kind_of, fields_of, numbers_of)
        weights = weights_of(request.template, new)
        shapes = {s.id: [lines[0].shape for lines in ranked_variants(s, weights)] for s in request.template.walk()}
        yield labelled(asked, slots, placed, shapes)
        number += 1


def _wanted_for(function: Function, offered: Sequence[Wanted]) -> Wanted | None:
    """What generation would write in a function's place: by class, then by parameter types, then by their number."""
    s = function.signature

    def fit(w: Wanted) -> tuple[bool, bool, bool]:
        same = w.declared is None or cxx.same_overload(w.declared, s)
        return w.class_name == s.class_name, same, w.declared is None or len(w.declared.params) == len(s.params)

    return max(offered, key=fit, default=None)
