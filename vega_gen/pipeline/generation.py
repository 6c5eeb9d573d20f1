"""Make the plan of a backend: describe the new target, fill templates or take archetypes, lay out files, and choose candidates by
compiling.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import orjson

from llvm_integration import discover
from llvm_integration.process import Progress
from vega_gen import facts, features, store, tablegen
from vega_gen.cxx import parse_file
from vega_gen.cxx.masker import Masker
from vega_gen.errors import InputError, NotFoundError
from vega_gen.fill.archetype import ArchetypeFiller
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.context import Filler, NewTarget
from vega_gen.fill.edit import EditFiller
from vega_gen.fill.forkflow import ForkFlowFiller
from vega_gen.fill.prompting import TextFiller
from vega_gen.fill.weights import SHARPNESS
from vega_gen.groups import Groups
from vega_gen.pipeline.compiling import CandidateCompiler
from vega_gen.pipeline.confidence import asked_with, calibrated_plan
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.mining import Mined, masker_of, mine, silent
from vega_gen.pipeline.offers import archetype_plan, archetypes_of, fitted_functions
from vega_gen.plan.choose import choose
from vega_gen.plan.factories import factories, made_passes
from vega_gen.plan.layout import layout
from vega_gen.plan.mend import without
from vega_gen.plan.merge import offered
from vega_gen.plan.planner import Planner
from vega_gen.records import Class, FillerName, HoleKind, Module, Plan, PlannedFunction, Signature

_PASS = re.compile(r"create(\w+?)(?:Pass)?")
_PASS_RESULTS = (("FunctionPass", "*"), ("MachineFunctionPass", "*"))
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")


def new_target(mined: Mined, inputs: Inputs) -> NewTarget:
    """What a filler may know of the new target, including the nearness of each donor."""
    description = inputs.description
    masker = masker_of(inputs.folder, description, inputs.arch if inputs.overlay else "")
    parsed = [parse_file(text, inputs.folder, path) for path, text in sorted(inputs.headers.items()) if path.endswith(".h")]
    classes = tuple(c for f in parsed for c in f.classes)
    enums = tuple(e for f in parsed for e in f.enums)
    own = features.target_features(description)
    declared = features.declaration_features(classes, enums, masker)
    nearness: dict[str, float] = {}
    for label, donor in mined.descriptions.items():
        headers = [f for f in mined.files[label] if f.file.endswith(".h")]
        theirs = features.declaration_features(
            (c for f in headers for c in f.classes), (e for f in headers for e in f.enums), mined.maskers[label]
        )
        nearness[label] = features.nearness(own, features.target_features(donor), declared, theirs)

    def match(kind: HoleKind, name: str, donor: str) -> Sequence[tuple[str, float]]:
        return facts.match(kind, name, mined.descriptions[donor], description)

    prototypes = tuple(s for f in parsed for s in f.prototypes)
    made = made_passes(factories(prototypes, mined.groups, mined.template, masker, mined.maskers), mined.groups, nearness, masker)
    table = tablegen.symbols(description)
    symbols = {kind: table.of(kind) for kind in HoleKind}
    words = frozenset(w.decode() for text in inputs.headers.values() for w in _IDENTIFIER.findall(text))
    return NewTarget(
        inputs.folder, masker, inputs.mode, description, nearness, match, symbols, classes, enums, tuple(sorted(inputs.headers)), words,
        llvm_identifiers(mined.corpus.root / "include"), function_names(mined.groups, masker, classes, nearness),
        class_aliases(mined, classes, masker), pass_classes(prototypes, classes, made), prototypes,
    )


def pass_classes(prototypes: Iterable[Signature], classes: Iterable[Class], made: Mapping[str, str]) -> tuple[str, ...]:
    """The pass classes that headers name without declaring them.

    ``made``: function -> the pass that donors' functions of the same name create. Otherwise X for ``FunctionPass *create<X>Pass()``, by
        LLVM's convention.
    """
    named: set[str] = set()
    for s in prototypes:
        by_convention = _PASS.fullmatch(s.name) if not s.params and s.result[-2:] in _PASS_RESULTS else None
        name = made.get(s.name) or (by_convention[1] if by_convention else "")
        named |= {name} - {""}
    return tuple(sorted(named - {c.name for c in classes}))


def function_names(groups: Groups, masker: Masker, classes: Sequence[Class], nearness: Mapping[str, float]) -> dict[str, float]:
    """Names, in the new target's words, of all functions that the corpus could supply, each with the weighted share of donors that have it.

    Methods of classes that the new target declares are left out: such a class has only the methods that it declares.
    """
    declared = {masker.mask(c.name) for c in classes}
    weight = {target: math.exp(SHARPNESS * near) for target, near in nearness.items()}
    free, theirs, others = (defaultdict[str, set[str]](set) for _ in range(3))
    for name, g in groups.by_name.items():
        where = theirs if g.role in declared else others if g.role else free
        where[masker.unmask(name.rsplit("::", 1)[-1].split("/")[0])].update(g.targets)
    supplied = free | {name: targets for name, targets in others.items() if name not in theirs}
    total = math.fsum(weight.values())  # fsum is exact: the order of a set does not matter
    return {name: math.fsum(weight.get(t, 0.0) for t in targets) / total for name, targets in supplied.items()}


def class_aliases(mined: Mined, classes: Sequence[Class], masker: Masker) -> dict[str, str]:
    """Masked names of donors' classes -> the new target's name for the same class: its only class with the same LLVM base."""
    own: dict[str, list[str]] = {}
    for c in classes:
        for b in c.bases[:1]:
            own.setdefault(masker.mask(b.rsplit("::", 1)[-1]), []).append(c.name)
    present = {masker.mask(c.name) for c in classes}
    found: dict[str, str] = {}
    for label, files in mined.files.items():
        for c in (c for f in files for c in f.classes):
            masked = mined.maskers[label].mask(c.name)
            mine_too = own.get(mined.maskers[label].mask(c.bases[0].rsplit("::", 1)[-1]), []) if c.bases else []
            if "<" in masked and masked not in present and len(mine_too) == 1:
                found[masked] = mine_too[0]
    return found


def llvm_identifiers(include: Path) -> frozenset[str]:
    """Every identifier in LLVM's own headers. Cached by the headers' paths, sizes and modification times."""
    key = store.digest(store.code_version(__name__), headers_digest(include))
    kept = store.cache_get("identifiers", key)
    if kept is None:
        words: set[bytes] = set()
        for p in (p for p in (include / "llvm").rglob("*") if p.suffix in (".h", ".def")):
            words.update(_IDENTIFIER.findall(p.read_bytes()))
        kept = b"\n".join(sorted(words))
        store.cache_put("identifiers", key, kept)
    return frozenset(kept.decode().split("\n"))


def filler_of(inputs: Inputs, mined: Mined) -> Filler:
    """The filler that ``inputs`` names.

    Raises InputError if a model's checkpoint is missing or damaged, HoldOutError if it has learnt a held-out target.
    """
    held = {inputs.folder, *(t.folder for t in mined.corpus.held)}
    match inputs.filler:
        case FillerName.FORKFLOW:
            return ForkFlowFiller()
        case FillerName.CONSENSUS:
            return ConsensusFiller()
        case FillerName.ARCHETYPE:
            return ArchetypeFiller(archetypes_of(inputs)[1][2])
        case FillerName.EDIT:
            return EditFiller(inputs.model, held)
        case FillerName.UNIXCODER | FillerName.HF:
            if inputs.checkpoint is None:
                advice = f"train one with `vega-gen train --kind {inputs.filler} --llvm DIR --out DIR`, and give it with --checkpoint DIR"
                raise InputError(f"--filler {inputs.filler} needs a model", "", advice)
            return TextFiller(inputs.checkpoint, held, inputs.filler)


def generate(
    inputs: Inputs, *, work: Path, installation: discover.Installation | None, held_out: Sequence[str],
    asked: Callable[[PlannedFunction], bool] | None = None, jobs: int = 2, progress: Progress = silent, mined: Mined | None = None,
) -> Plan:
    """Make the plan of a backend, with calibrated confidence.

    ``installation``: None to compile nothing and take the best candidates.
    ``asked``: compile only these functions, with the same result as in a whole plan; of the others the best candidates are taken.
    ``work``: folder for tables and compiled headers. ``mined``: what was mined, if it is there already.
    A whole plan is cached, so that judging a backend after generating it does not make the plan again.
    """
    plan = _plan(inputs, work, installation, held_out, asked, jobs, progress, mined)
    return calibrated_plan(plan, inputs)


def _plan(
    inputs: Inputs, work: Path, installation: discover.Installation | None, held_out: Sequence[str],
    asked: Callable[[PlannedFunction], bool] | None, jobs: int, progress: Progress, mined: Mined | None,
) -> Plan:
    """The plan with the filler's own confidence, cached under the hash of its inputs."""
    if inputs.filler is FillerName.ARCHETYPE:
        return archetype_plan(inputs, held_out)
    mined = mined or mine((inputs.source.root, *inputs.corpora), held_out, inputs.mode, inputs.tblgen, progress)
    key = plan_key(inputs, mined, installation)
    kept = store.cache_load(Plan, "plan", key)
    if kept is not None:
        return kept
    progress(0, 0, "comparing the target with those of the corpus")
    new = new_target(mined, inputs)
    planner = Planner(mined.groups, mined.template, new, filler_of(inputs, mined), mined.maskers, inputs.budget)
    seconds: defaultdict[str, float] = defaultdict(float)

    def spent(module: Module, more: float) -> None:
        seconds[str(module)] += more

    planned = planner.plan(progress, spent=spent)
    if inputs.filler.composes:
        planned = offered(planned, fitted_functions(inputs, mined.groups), inputs.description.contracts, inputs.budget, mined.groups)
    if not planned:
        raise NotFoundError(f"no function could be planned for {inputs.folder}", str(inputs.td), "check the corpus with `vega-gen mine`")
    headers = llvm_header_paths(inputs.source.llvm / "include")
    files, classes = layout(mined.files, mined.maskers, new, planned, headers)
    plan = Plan(
        inputs.folder, inputs.mode, inputs.filler, inputs.source.version,
        tuple(sorted(t.folder for t in mined.corpus.held)), files, classes, tuple(planned),
        {
            "td": store.digest(inputs.td.read_bytes()),
            "headers": store.digest(*(part for item in sorted(inputs.headers.items()) for part in item)),
            "corpus": mined.corpus.digest,
        },
    )
    if installation is None:
        store.cache_dump(plan, "plan", key)
        return plan

    def those(function: PlannedFunction) -> bool:
        return asked is None or asked(function)

    compiler = CandidateCompiler(plan, inputs, installation, work, progress, those)
    chosen = tuple(map(out_of_header, choose(plan.functions, compiler, jobs, progress, spent, those)))
    compiler.close()
    files, classes = layout(mined.files, mined.maskers, new, chosen, headers)
    plan = without(replace(plan, files=files, classes=classes, functions=chosen), compiler.left_out)
    if asked is None:
        store.cache_put("plan", _times(key), orjson.dumps(seconds))
        store.cache_dump(plan, "plan", key)
    return plan


def generation_seconds(inputs: Inputs, mined: Mined, installation: discover.Installation) -> dict[str, float]:
    """Module -> seconds spent on its functions when the whole plan was made; {} if it was not."""
    times = store.cache_get("plan", _times(plan_key(inputs, mined, installation)))
    return orjson.loads(times) if times else {}


def _times(key: str) -> str:
    return f"{key}-seconds"


def out_of_header(function: PlannedFunction) -> PlannedFunction:
    """Move a function that does not compile from a header to the .cpp beside it, where it breaks one file instead of all."""
    if function.compiles is not False or not function.file.endswith(".h"):
        return function
    return replace(function, file=function.file.removesuffix(".h") + ".cpp", in_class=False)


def plan_key(inputs: Inputs, mined: Mined, installation: discover.Installation | None) -> str:
    """Hash of everything a plan depends on: the inputs, the corpus, LLVM's headers, the compiler, this program."""
    llvm = f"{inputs.source.version} {installation.prefix} {installation.version}" if installation else inputs.source.version
    headers = (part for item in sorted(inputs.headers.items()) for part in item)
    learnt = asked_with(inputs.model) if inputs.filler.learns else b""
    what = (inputs.folder, inputs.mode, inputs.filler, str(inputs.budget), learnt, llvm, store.manifest(inputs.description))
    llvm_headers = headers_digest(mined.corpus.root / "include")
    return store.digest(store.code_version(__name__), *what, mined.corpus.digest, *headers, llvm_headers)


def headers_digest(include: Path) -> str:
    """Hash of the paths, sizes and modification times of LLVM's own headers."""
    files = sorted(p for p in (include / "llvm").rglob("*") if p.suffix in (".h", ".def"))
    return store.digest("headers", *(f"{p}:{s.st_size}:{s.st_mtime_ns}" for p in files for s in [p.stat()]))


def llvm_header_paths(include: Path) -> frozenset[str]:
    """Paths of LLVM's headers as they are included, with the .td files that some are generated from."""
    return frozenset(p.relative_to(include).as_posix() for p in (include / "llvm").rglob("*") if p.suffix in (".h", ".def", ".td", ".inc"))
