"""The ForkFlow baseline: copy one backend's function and replace the target's names (CGO 2025, section 4.1.3). Records are not matched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from vega_gen import cxx, resources
from vega_gen.cxx.masker import Masker
from vega_gen.fill.context import FillRequest
from vega_gen.records import Candidate, Donor, FilledStatement, Function, Statement, StatementKind, statement_id


@lru_cache(maxsize=1)
def donor_target() -> str:
    """The folder of the backend that ForkFlow copies, from ``targets/settings/fillers.toml``."""
    return str(resources.settings("fillers")["forkflow"]["donor"])


class ForkFlowFiller:
    """Copies the donor's function. Confidence is always 0.5, because ForkFlow has no notion of it."""

    def fill(self, request: FillRequest) -> tuple[Candidate, ...]:
        """See ``Filler``."""
        donor = donor_target()
        own = [f for f in request.template.members if f.target == donor]
        if not own:
            return ()
        masker = request.maskers[donor]
        wanted = cxx.parameter_types(request.signature)

        def far(f: Function) -> tuple[int, bool, str, int]:
            types = tuple(request.new.masker.unmask_all(masker.mask_all(t)) for t in cxx.parameter_types(f.signature))
            return abs(len(types) - len(wanted)), types != wanted, f.file, f.start

        function = min(own, key=far)
        statements = tuple(_copy(function, function.body, masker, request, 0, ""))
        initialisers = tuple(
            request.new.masker.unmask_all(masker.mask_all(tokens)) for tokens in function.signature.initialisers
        )
        names = [p.name for p in function.signature.params]
        params = tuple(
            type(p)(p.type, names[i] if i < len(names) and names[i] else p.name, p.suffix, p.default)
            for i, p in enumerate(request.signature.params)
        )
        s = request.signature
        signature = type(s)(s.name, s.class_name, s.prefix, s.result, params, s.qualifiers, initialisers)
        return (Candidate(signature, statements, 0.5, f"{donor}/{function.file}:{function.line}"),)


def _copy(
    function: Function, body: Sequence[Statement], masker: Masker, request: FillRequest, depth: int, prefix: str
) -> Iterator[FilledStatement]:
    def rename(tokens: tuple[str, ...]) -> tuple[str, ...]:
        return request.new.masker.unmask_all(masker.mask_all(tokens))

    for i, s in enumerate(body):
        if s.kind is StatementKind.INITIALISER:
            continue
        where = Donor(function.target, function.file, s.line)
        identity = statement_id(request.template.group.name, f"{prefix}{i}")
        yield FilledStatement(identity, depth, s.kind, rename(s.head), s.braced, rename(s.tail), 0.5, (where,))
        yield from _copy(function, s.children, masker, request, depth + 1, f"{prefix}{i}.")
