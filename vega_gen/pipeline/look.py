"""Look into single stages: what was mined, the features of a target, one function of a new target. Nothing is compiled or written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rapidfuzz import process

from llvm_integration import discover
from llvm_integration.process import Progress
from vega_gen import features, store
from vega_gen.corpus import no_gc, open_corpus
from vega_gen.errors import NotFoundError
from vega_gen.pipeline.confidence import known_calibration, with_calibration
from vega_gen.pipeline.generation import filler_of, new_target
from vega_gen.pipeline.inputs import find_tblgen
from vega_gen.pipeline.mining import Mined, mine
from vega_gen.pipeline.request import Prepared
from vega_gen.plan.planner import Planner
from vega_gen.records import GroupCount, MinedTarget, Mining, Mode, PlannedFunction

NEAR = 6
"""How many similar names an error offers."""


def open_mined(
    llvm: Path, held_out: Sequence[str], corpora: Sequence[Path], progress: Progress
) -> Mined:
    """Mine a checkout and further ones for ``mine`` and ``show``, without the ``held_out``. Raises ToolFailure, NotFoundError."""
    source = discover.open_source(llvm)
    known = open_corpus((source.root,), ())
    for name in held_out:
        known.target(name)  # raises if it is not there: a misspelt name would hold out nothing
    return mine((source.root, *corpora), tuple(held_out), Mode.DESC, find_tblgen(source, progress), progress)


def mining(mined: Mined) -> Mining:
    """Count what was mined. Cached, because grouping takes longer than checking that nothing has changed."""
    key = store.digest(store.code_version(__name__), mined.digest)
    found = store.cache_load(Mining, "mining", key)
    if found is None:
        found = _count(mined)
        store.cache_dump(found, "mining", key)
    return found


def _count(mined: Mined) -> Mining:
    corpus, groups = mined.corpus, mined.groups.by_name.values()
    counts = Counter(f.target for g in groups for f in g.members)
    free = [MinedTarget(t.label, t.folder, t.name, counts[t.label], len(t.files), False) for t in corpus.targets]
    held = [MinedTarget(t.label, t.folder, t.name, 0, len(t.files), True) for t in corpus.held]
    sizes = Counter((g.kind.value, len(g.targets)) for g in groups)
    return Mining(
        targets=tuple(sorted((*free, *held), key=lambda t: t.label)),
        groups=tuple(GroupCount(kind, targets, n) for (kind, targets), n in sorted(sizes.items())),
        grouped=sum(len(g.members) for g in groups if len(g.targets) > 1),
        unreadable=tuple(u for files in mined.files.values() for f in files for u in f.unreadable),
    )


def target_features(mined: Mined, name: str) -> tuple[features.Feature, ...] | None:
    """The features of a target of the corpus, None if there is no target of that name."""
    label = next((t.label for t in mined.corpus.targets if name in (t.label, t.folder, t.name)), None)
    return features.target_features(mined.descriptions[label]) if label is not None else None


def fill_one(prepared: Prepared, function: str, progress: Progress) -> tuple[PlannedFunction, ...]:
    """The new target's functions called ``function`` (a group's name, or "Class::name"), with all candidates; nothing is compiled.

    Raises NotFoundError, which offers similar names.
    """
    inputs = prepared.inputs
    mined = mine((inputs.source.root, *inputs.corpora), prepared.held_out, inputs.mode, inputs.tblgen, progress)
    with no_gc():
        new = new_target(mined, inputs)
        planner = Planner(mined.groups, mined.template, new, filler_of(inputs, mined), mined.maskers)
        masked = new.masker.mask(function)
        group = mined.groups.find(masked if masked in mined.groups.by_name else masked.replace("<T>", ""))
        planned = planner.plan(progress, lambda g: g is group)
    if not planned:
        wanted = sorted({w.group.name for w in planner.wanted()})
        near = [found[0] for found in process.extract(group.name, wanted, limit=NEAR)]
        what = f"{inputs.folder} gets no function {group.name}: too few donors have it, and no header or contract asks for it"
        raise NotFoundError(what, "", "similar names: " + ", ".join(near))
    return with_calibration(planned, known_calibration(inputs))
